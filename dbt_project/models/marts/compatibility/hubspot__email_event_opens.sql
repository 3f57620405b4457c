-- Grain: one opening of a marketing mail in HubSpot.
{{ hubspot_email_event('OPEN', [
    ('browser', 'events.browser'),
    ('device_type', 'events.device_type'),
    ('duration_open', 'events.duration_ms'),
]) }}
