-- Grain: one marketing mail that HubSpot did not send in HubSpot.
{{ hubspot_email_event('DROPPED', [
    ('bcc_emails', 'events.bcc_emails'),
    ('cc_emails', 'events.cc_emails'),
    ('from_email', 'events.from_email'),
    ('reply_to_email', 'events.reply_to_emails'),
    ('email_subject', 'events.subject'),
    ('drop_message', 'events.drop_message'),
    ('drop_reason', 'events.drop_reason'),
]) }}
