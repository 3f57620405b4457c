-- Grain: one value that a property of a HubSpot deal had (API sources only).
{{ hubspot_property_history('deals', 'deal_id') }}
