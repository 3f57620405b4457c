-- Grain: one bounce of a marketing mail in HubSpot.
{{ hubspot_email_event('BOUNCE', [
    ('bounce_category', 'events.category'),
    ('returned_response', 'events.response'),
    ('returned_status', 'events.status'),
]) }}
