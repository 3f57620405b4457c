-- Grain: one HubSpot meeting.
with

engagements as (
    select * from {{ ref('stg_hubspot__meetings') }}
),

final as (
    select
        {{ hubspot_engagement_facts('MEETING') }},
        engagements.subject as meeting_title,
        engagements.status as meeting_outcome,
        engagements.started_at as meeting_start_time,
        engagements.ended_at as meeting_end_time
    from engagements
)

select * from final
