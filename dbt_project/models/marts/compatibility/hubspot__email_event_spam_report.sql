-- Grain: one marketing mail that its recipient called spam in HubSpot.
{{ hubspot_email_event('SPAMREPORT') }}
