-- Grain: one delivery of a marketing mail in HubSpot.
{{ hubspot_email_event('DELIVERED', [
    ('returned_response', 'events.response'),
    ('smtp_id', 'events.smtp_id'),
]) }}
