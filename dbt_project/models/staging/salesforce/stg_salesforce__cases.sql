-- Grain: one Salesforce case record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_salesforce__cases'), salesforce_id_18('_source_record_id')) }}
),

casted as (
    select
        {{ record_key_columns('case') }},
        {{ salesforce_id_18('latest.contactid') }} as contact_id,
        {{ salesforce_id_18('latest.accountid') }} as account_id,
        latest.casenumber as case_number,
        latest.subject,
        latest.status,
        latest.priority,
        latest.origin,
        latest.type as case_type,
        latest.reason,
        {{ salesforce_id_18('latest.ownerid') }} as owner_user_id,
        {{ cast_boolean('latest.isclosed') }} as is_closed,
        {{ cast_instant('latest.closeddate') }} as closed_at,
        {{ cast_instant('latest.createddate') }} as created_at,
        coalesce(
            {{ cast_instant('latest.lastmodifieddate') }},
            {{ cast_instant('latest.systemmodstamp') }}
        ) as modified_at,
        {{ load_metadata_columns('case', salesforce_id_18('latest._merged_into')) }},
        {{ cast_failures([
            ('isclosed', cast_boolean('latest.isclosed')),
            ('closeddate', cast_instant('latest.closeddate')),
            ('createddate', cast_instant('latest.createddate')),
            ('lastmodifieddate', cast_instant('latest.lastmodifieddate')),
            ('systemmodstamp', cast_instant('latest.systemmodstamp'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
