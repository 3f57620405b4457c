-- Grain: one campaign of one source system.
with

campaigns as (
    select * from {{ ref('stg_salesforce__campaigns') }}
),

final as (
    select
        source_record_key,
        source_name,
        'salesforce' as source_type,
        'campaign' as source_object,
        source_record_id,
        campaign_name,
        campaign_type,
        status as campaign_status,
        {{ source_record_key('user', 'owner_user_id', 'source_name') }} as owner_source_record_key,
        budgeted_cost_amount,
        actual_cost_amount,
        start_date,
        end_date,
        created_at,
        modified_at,
        is_deleted,
        delete_kind,
        merged_into_key,
        _load_id,
        _extracted_at
    from campaigns
)

select * from final
