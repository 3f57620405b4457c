-- Grain: one click on a link in a marketing mail in HubSpot.
{{ hubspot_email_event('CLICK', [
    ('browser', 'events.browser'),
    ('device_type', 'events.device_type'),
    ('referer_url', 'events.referer'),
    ('click_url', 'events.url'),
]) }}
