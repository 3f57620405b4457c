-- Grain: one person in one campaign of one source system.
with

campaign_members as (
    select * from {{ ref('stg_salesforce__campaign_members') }}
),

final as (
    select
        source_record_key,
        source_name,
        'salesforce' as source_type,
        'campaignmember' as source_object,
        source_record_id,
        {{ source_record_key('campaign', 'campaign_id', 'source_name') }} as campaign_source_record_key,
        coalesce(
            {{ source_record_key('contact', 'contact_id', 'source_name') }},
            {{ source_record_key('lead', 'lead_id', 'source_name') }}
        ) as contact_source_record_key,
        status as member_status,
        coalesce(has_responded, first_responded_date is not null) as has_responded,
        coalesce(first_responded_date, case when has_responded then {{ reporting_date('created_at') }} end) as responded_date,
        created_at,
        modified_at,
        is_deleted,
        delete_kind,
        merged_into_key,
        _load_id,
        _extracted_at
    from campaign_members
)

select * from final
