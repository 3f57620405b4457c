-- Grain: one HubSpot note.
with

engagements as (
    select * from {{ ref('stg_hubspot__notes') }}
),

final as (
    select
        {{ hubspot_engagement_facts('NOTE') }}
    from engagements
)

select * from final
