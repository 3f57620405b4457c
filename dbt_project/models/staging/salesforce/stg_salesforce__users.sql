-- Grain: one Salesforce user record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_salesforce__users'), salesforce_id_18('_source_record_id')) }}
),

casted as (
    select
        {{ record_key_columns('user') }},
        coalesce(latest.name, nullif(trim(concat_ws(' ', latest.firstname, latest.lastname)), '')) as user_name,
        latest.email,
        latest.username as login_name,
        latest.department,
        latest.title as job_title,
        latest.city,
        latest.state,
        {{ salesforce_id_18('latest.userroleid') }} as role_id,
        {{ salesforce_id_18('latest.managerid') }} as manager_user_id,
        {{ salesforce_id_18('latest.contactid') }} as contact_id,
        {{ cast_boolean('latest.isactive') }} as is_active,
        {{ cast_instant('latest.createddate') }} as created_at,
        {{ cast_instant('latest.systemmodstamp') }} as modified_at,
        {{ load_metadata_columns('user', salesforce_id_18('latest._merged_into')) }},
        {{ cast_failures([
            ('isactive', cast_boolean('latest.isactive')),
            ('createddate', cast_instant('latest.createddate')),
            ('systemmodstamp', cast_instant('latest.systemmodstamp'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
