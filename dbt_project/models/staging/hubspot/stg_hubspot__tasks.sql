-- Grain: one HubSpot task, latest version. Deleted ones are kept and flagged.
{{ stage_hubspot_engagement('tasks', {
    'subject': 'latest.hs_task_subject',
    'status': 'latest.hs_task_status',
    'priority': 'latest.hs_task_priority',
    'due_date': cast_date('latest.hs_timestamp'),
    'completed_at': cast_instant('latest.hs_task_completion_date'),
    'is_completed': "coalesce(upper(latest.hs_task_status) = 'COMPLETED', false)",
}, ['hs_task_completion_date']) }}
