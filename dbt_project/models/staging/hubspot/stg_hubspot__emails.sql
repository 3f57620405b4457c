-- Grain: one HubSpot e-mail, sent or received, latest version. Deleted ones are kept and flagged.
{{ stage_hubspot_engagement('emails', {
    'subject': 'latest.hs_email_subject',
    'direction': 'latest.hs_email_direction',
    'status': 'latest.hs_email_status',
    'started_at': cast_instant('latest.hs_timestamp'),
    'is_completed': "coalesce(upper(latest.hs_email_status) = 'SENT' or upper(latest.hs_email_direction) = 'INCOMING_EMAIL', true)",
}) }}
