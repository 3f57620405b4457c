-- Grain: one message outside e-mail (SMS, WhatsApp, LinkedIn) that HubSpot logged, latest version. Deleted ones are kept and
-- flagged. Its text stays in landing.
{{ stage_hubspot_engagement('communications', {
    'subject': 'latest.hs_communication_channel_type',
    'started_at': cast_instant('latest.hs_timestamp'),
    'is_completed': 'true',
}) }}
