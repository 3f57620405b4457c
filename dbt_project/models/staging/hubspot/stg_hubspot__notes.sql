-- Grain: one HubSpot note, latest version. Deleted ones are kept and flagged. Its text stays in landing.
{{ stage_hubspot_engagement('notes', {
    'started_at': cast_instant('latest.hs_timestamp'),
    'is_completed': 'true',
}) }}
