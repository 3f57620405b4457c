-- Grain: one Salesforce task record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_salesforce__tasks'), salesforce_id_18('_source_record_id')) }}
),

casted as (
    select
        {{ record_key_columns('task') }},
        {{ salesforce_id_18('latest.whoid') }} as who_id,
        {{ salesforce_id_18('latest.whatid') }} as what_id,
        {{ salesforce_id_18('latest.accountid') }} as account_id,
        latest.subject,
        latest.status,
        latest.priority,
        coalesce(latest.tasksubtype, latest.type) as task_type,
        latest.calltype as call_direction,
        {{ salesforce_id_18('latest.ownerid') }} as owner_user_id,
        {{ cast_boolean('latest.isclosed') }} as is_closed,
        {{ cast_date('latest.activitydate') }} as due_date,
        {{ cast_instant('latest.completeddatetime') }} as completed_at,
        {{ cast_instant('latest.createddate') }} as created_at,
        coalesce(
            {{ cast_instant('latest.lastmodifieddate') }},
            {{ cast_instant('latest.systemmodstamp') }}
        ) as modified_at,
        {{ load_metadata_columns('task', salesforce_id_18('latest._merged_into')) }},
        {{ cast_failures([
            ('isclosed', cast_boolean('latest.isclosed')),
            ('activitydate', cast_date('latest.activitydate')),
            ('completeddatetime', cast_instant('latest.completeddatetime')),
            ('createddate', cast_instant('latest.createddate')),
            ('lastmodifieddate', cast_instant('latest.lastmodifieddate')),
            ('systemmodstamp', cast_instant('latest.systemmodstamp'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
