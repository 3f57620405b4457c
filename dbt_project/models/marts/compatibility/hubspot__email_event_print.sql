-- Grain: one printing of a marketing mail in HubSpot.
{{ hubspot_email_event('PRINT', [
    ('browser', 'events.browser'),
    ('device_type', 'events.device_type'),
]) }}
