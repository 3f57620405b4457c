-- Grain: one recorded change of the stage of one deal record.
with

field_changes as (
    select * from {{ ref('stg_salesforce__opportunity_field_changes') }}
),

stage_changes as (
    select * from {{ ref('stg_salesforce__opportunity_stage_changes') }}
),

hubspot_stage_changes as (
    select * from {{ ref('stg_hubspot__deal_stage_changes') }}
),

field_changes_conformed as (
    select
        source_record_key,
        source_name,
        'salesforce' as source_type,
        'opportunityfieldhistory' as source_object,
        source_record_id,
        {{ source_record_key('opportunity', 'opportunity_source_id', 'source_name') }} as opportunity_source_record_key,
        {{ source_record_key('user', 'changed_by_user_id', 'source_name') }} as changed_by_source_record_key,
        new_value as stage_name,
        old_value as previous_stage_name,
        cast(null as decimal(18, 2)) as amount,
        cast(null as decimal(18, 4)) as probability_pct,
        cast(null as date) as close_date,
        changed_at,
        is_deleted,
        delete_kind,
        merged_into_key,
        _load_id,
        _extracted_at
    from field_changes
    where lower(field_name) = 'stagename'
),

stage_changes_conformed as (
    select
        source_record_key,
        source_name,
        'salesforce' as source_type,
        'opportunityhistory' as source_object,
        source_record_id,
        {{ source_record_key('opportunity', 'opportunity_source_id', 'source_name') }} as opportunity_source_record_key,
        {{ source_record_key('user', 'changed_by_user_id', 'source_name') }} as changed_by_source_record_key,
        stage_name,
        cast(null as varchar) as previous_stage_name,
        amount,
        probability_pct,
        close_date,
        changed_at,
        is_deleted,
        delete_kind,
        merged_into_key,
        _load_id,
        _extracted_at
    from stage_changes
),

hubspot_stage_changes_conformed as (
    select
        source_record_key,
        source_name,
        'hubspot' as source_type,
        'property_history' as source_object,
        source_record_id,
        {{ source_record_key('deals', 'deal_id', 'source_name') }} as opportunity_source_record_key,
        cast(null as varchar) as changed_by_source_record_key,
        stage_name,
        previous_stage_name,
        cast(null as decimal(18, 2)) as amount,
        probability_pct,
        cast(null as date) as close_date,
        changed_at,
        false as is_deleted,
        cast(null as varchar) as delete_kind,
        cast(null as varchar) as merged_into_key,
        _load_id,
        _extracted_at
    from hubspot_stage_changes
),

opportunity_stage_changes_unioned as (
    select * from field_changes_conformed
    union all
    select * from stage_changes_conformed
    union all
    select * from hubspot_stage_changes_conformed
)

select * from opportunity_stage_changes_unioned
