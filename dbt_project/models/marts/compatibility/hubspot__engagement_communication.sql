-- Grain: one message outside e-mail (SMS, WhatsApp, LinkedIn) that HubSpot logged.
with

engagements as (
    select * from {{ ref('stg_hubspot__communications') }}
),

final as (
    select
        {{ hubspot_engagement_facts('COMMUNICATION') }},
        engagements.subject as communication_channel_type
    from engagements
)

select * from final
