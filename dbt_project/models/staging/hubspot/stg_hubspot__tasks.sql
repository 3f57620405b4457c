-- Grain: one HubSpot task, latest version. Deleted ones are kept and flagged.
-- While a task is open, HubSpot may keep its due date where the completion will stand.
{{ stage_hubspot_engagement('tasks', {
    'subject': 'latest.hs_task_subject',
    'status': 'latest.hs_task_status',
    'priority': 'latest.hs_task_priority',
    'due_date': cast_date('latest.hs_timestamp'),
    'completed_at': "case when upper(latest.hs_task_status) = 'COMPLETED' then " ~ cast_instant('latest.hs_task_completion_date') ~ ' end',
    'is_completed': "coalesce(upper(latest.hs_task_status) = 'COMPLETED', false)",
}, ['hs_task_completion_date']) }}
