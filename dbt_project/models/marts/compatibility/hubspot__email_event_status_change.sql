-- Grain: one change of a subscription to marketing mail in HubSpot.
{{ hubspot_email_event('STATUSCHANGE', [
    ('is_bounced', 'events.is_bounced'),
    ('change_source', 'events.change_source'),
    ('requested_by_email', 'events.requested_by_email'),
    ('subscription_status', 'events.subscription_status'),
    ('subscriptions', 'events.subscriptions'),
]) }}
