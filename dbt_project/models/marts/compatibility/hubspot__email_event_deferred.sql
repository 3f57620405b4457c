-- Grain: one delivery of a marketing mail that was put off in HubSpot.
{{ hubspot_email_event('DEFERRED', [
    ('attempt_number', 'events.attempt_number'),
    ('returned_response', 'events.response'),
]) }}
