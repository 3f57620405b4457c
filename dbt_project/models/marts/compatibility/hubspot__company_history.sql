-- Grain: one value that a property of a HubSpot company had (API sources only).
{{ hubspot_property_history('companies', 'company_id') }}
