-- Grain: one value that a property of a HubSpot contact had (API sources only).
{{ hubspot_property_history('contacts', 'contact_id') }}
