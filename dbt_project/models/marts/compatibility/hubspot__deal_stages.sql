-- Grain: one stage that one HubSpot deal entered (API sources only).
with

changes as (
    select * from {{ ref('int_opportunity_stage_changes_unioned') }}
    where source_type = 'hubspot' and changed_at is not null
),

details as (
    select * from {{ ref('stg_hubspot__deal_stage_changes') }}
),

deals as (
    select * from {{ ref('hubspot__deals') }}
),

final as (
    select
        changes.source_record_key as deal_stage_id,
        deals.deal_id,
        deals.deal_name,
        details.stage_id as pipeline_stage_id,
        changes.stage_name as pipeline_stage_label,
        deals.pipeline_label,
        changes.probability_pct as pipeline_stage_probability,
        details.display_order as pipeline_stage_display_order,
        changes.probability_pct in (0, 100) as is_pipeline_stage_closed,
        lead(changes.changed_at) over by_deal is null as is_stage_active,
        details.change_source as source,
        cast(null as varchar) as source_id,
        changes.changed_at as date_stage_entered,
        lead(changes.changed_at) over by_deal as date_stage_exited,
        changes.source_name as source_relation
    from changes
    inner join deals
        on changes.opportunity_source_record_key = deals.source_record_key
    left join details
        on changes.source_record_key = details.source_record_key
    window by_deal as (partition by changes.opportunity_source_record_key order by changes.changed_at, changes.source_record_key)
)

select * from final
