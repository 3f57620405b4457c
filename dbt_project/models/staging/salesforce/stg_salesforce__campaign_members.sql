-- Grain: one Salesforce campaign member record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_salesforce__campaign_members'), salesforce_id_18('_source_record_id')) }}
),

casted as (
    select
        {{ record_key_columns('campaignmember') }},
        {{ salesforce_id_18('latest.campaignid') }} as campaign_id,
        {{ salesforce_id_18('latest.leadid') }} as lead_id,
        {{ salesforce_id_18('latest.contactid') }} as contact_id,
        latest.status,
        {{ cast_boolean('latest.hasresponded') }} as has_responded,
        {{ cast_date('latest.firstrespondeddate') }} as first_responded_date,
        {{ cast_instant('latest.createddate') }} as created_at,
        coalesce(
            {{ cast_instant('latest.lastmodifieddate') }},
            {{ cast_instant('latest.systemmodstamp') }}
        ) as modified_at,
        {{ load_metadata_columns('campaignmember', salesforce_id_18('latest._merged_into')) }},
        {{ cast_failures([
            ('hasresponded', cast_boolean('latest.hasresponded')),
            ('firstrespondeddate', cast_date('latest.firstrespondeddate')),
            ('createddate', cast_instant('latest.createddate')),
            ('lastmodifieddate', cast_instant('latest.lastmodifieddate')),
            ('systemmodstamp', cast_instant('latest.systemmodstamp'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
