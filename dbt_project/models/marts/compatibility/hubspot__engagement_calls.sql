-- Grain: one HubSpot call.
with

engagements as (
    select * from {{ ref('stg_hubspot__calls') }}
),

final as (
    select
        {{ hubspot_engagement_facts('CALL') }},
        engagements.subject as call_title,
        engagements.direction as call_direction,
        engagements.status as call_status
    from engagements
)

select * from final
