-- Grain: one forwarding of a marketing mail in HubSpot.
{{ hubspot_email_event('FORWARD', [
    ('browser', 'events.browser'),
    ('device_type', 'events.device_type'),
]) }}
