-- Grain: one HubSpot task.
with

engagements as (
    select * from {{ ref('stg_hubspot__tasks') }}
),

final as (
    select
        {{ hubspot_engagement_facts('TASK') }},
        engagements.subject as task_subject,
        engagements.status as task_status,
        engagements.priority as task_priority,
        engagements.completed_at as task_completion_timestamp
    from engagements
)

select * from final
