-- Grain: one Salesforce account field history record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_salesforce__account_field_changes'), salesforce_id_18('_source_record_id')) }}
),

casted as (
    select
        {{ record_key_columns('accounthistory') }},
        {{ salesforce_id_18('latest.accountid') }} as account_source_id,
        latest.field as field_name,
        latest.oldvalue as old_value,
        latest.newvalue as new_value,
        {{ salesforce_id_18('latest.createdbyid') }} as changed_by_user_id,
        {{ cast_instant('latest.createddate') }} as changed_at,
        {{ load_metadata_columns('accounthistory', salesforce_id_18('latest._merged_into')) }},
        {{ cast_failures([
            ('createddate', cast_instant('latest.createddate'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
