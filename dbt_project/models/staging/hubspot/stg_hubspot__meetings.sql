-- Grain: one HubSpot meeting, latest version. Deleted ones are kept and flagged.
-- Without an outcome it is for whoever knows today to say whether it took place.
{{ stage_hubspot_engagement('meetings', {
    'subject': 'latest.hs_meeting_title',
    'status': 'latest.hs_meeting_outcome',
    'started_at': 'coalesce(' ~ cast_instant('latest.hs_meeting_start_time') ~ ', ' ~ cast_instant('latest.hs_timestamp') ~ ')',
    'ended_at': cast_instant('latest.hs_meeting_end_time'),
    'is_completed': "case
            when upper(latest.hs_meeting_outcome) = 'COMPLETED' then true
            when upper(latest.hs_meeting_outcome) in ('NO_SHOW', 'CANCELED', 'RESCHEDULED') then false
        end",
}, ['hs_meeting_start_time', 'hs_meeting_end_time']) }}
