-- Grain: one HubSpot call, latest version. Deleted ones are kept and flagged.
{{ stage_hubspot_engagement('calls', {
    'subject': 'latest.hs_call_title',
    'direction': 'latest.hs_call_direction',
    'status': 'latest.hs_call_status',
    'started_at': cast_instant('latest.hs_timestamp'),
    'ended_at': cast_instant('latest.hs_timestamp') ~ ' + to_milliseconds(try_cast(latest.hs_call_duration as bigint))',
    'is_completed': "coalesce(upper(latest.hs_call_status) = 'COMPLETED', true)",
}) }}
