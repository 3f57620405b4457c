-- Grain: one HubSpot e-mail.
with

engagements as (
    select * from {{ ref('stg_hubspot__emails') }}
),

final as (
    select
        {{ hubspot_engagement_facts('EMAIL') }},
        engagements.subject as email_subject,
        engagements.direction as email_direction,
        engagements.status as email_status
    from engagements
)

select * from final
