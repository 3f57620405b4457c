-- Grain: one marketing mail that was sent in HubSpot.
{{ hubspot_email_event('SENT', [
    ('bcc_emails', 'events.bcc_emails'),
    ('cc_emails', 'events.cc_emails'),
    ('from_email', 'events.from_email'),
    ('reply_to_email', 'events.reply_to_emails'),
    ('email_subject', 'events.subject'),
]) }}
