-- Grain: one record in one Salesforce duplicate record set, latest version. Deleted items are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_salesforce__duplicate_record_items'), salesforce_id_18('_source_record_id')) }}
),

casted as (
    select
        {{ record_key_columns('duplicaterecorditem') }},
        {{ salesforce_id_18('latest.duplicaterecordsetid') }} as duplicate_record_set_id,
        {{ salesforce_id_18('latest.recordid') }} as record_id,
        {{ cast_instant('latest.createddate') }} as created_at,
        coalesce(
            {{ cast_instant('latest.lastmodifieddate') }},
            {{ cast_instant('latest.systemmodstamp') }}
        ) as modified_at,
        {{ load_metadata_columns('duplicaterecorditem', salesforce_id_18('latest._merged_into')) }},
        {{ cast_failures([
            ('createddate', cast_instant('latest.createddate')),
            ('lastmodifieddate', cast_instant('latest.lastmodifieddate')),
            ('systemmodstamp', cast_instant('latest.systemmodstamp'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
