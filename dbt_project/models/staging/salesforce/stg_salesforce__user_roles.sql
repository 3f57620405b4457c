-- Grain: one Salesforce role, latest version. Deleted records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_salesforce__user_roles'), salesforce_id_18('_source_record_id')) }}
),

casted as (
    select
        {{ record_key_columns('userrole') }},
        latest.name as role_name,
        latest.developername as developer_name,
        {{ salesforce_id_18('latest.parentroleid') }} as parent_role_id,
        latest.rollupdescription as rollup_description,
        {{ cast_instant('latest.systemmodstamp') }} as modified_at,
        {{ load_metadata_columns('userrole', salesforce_id_18('latest._merged_into')) }},
        {{ cast_failures([('systemmodstamp', cast_instant('latest.systemmodstamp'))]) }} as _cast_failures
    from latest
)

select * from casted
