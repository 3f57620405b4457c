-- Grain: one value that the stage of one HubSpot deal had (API sources only).
with

history as (
    select latest.*
    from ({{ latest_version(ref('base_hubspot__property_history')) }}) as latest
    where
        latest.object_type = 'deals'
        and latest.property_name = 'dealstage'
        and not coalesce(latest._is_deleted, false)
),

-- Ids of stages are unique within a pipeline, and nearly always within a portal.
stages as (
    select
        source_name,
        stage_id,
        min(stage_name) as stage_name,
        min(display_order) as display_order,
        min(probability_pct) as probability_pct
    from {{ ref('stg_hubspot__pipeline_stages') }}
    where object_type = 'deals'
    group by source_name, stage_id
),

casted as (
    select
        {{ source_record_key('property_history', 'history._record_id', 'history._source_name') }} as source_record_key,
        history._source_name as source_name,
        history._record_id as source_record_id,
        history.object_id as deal_id,
        history.value as stage_id,
        coalesce(stages.stage_name, history.value) as stage_name,
        stages.display_order,
        history.source_type as change_source,
        stages.probability_pct,
        {{ cast_instant('history.changed_at') }} as changed_at,
        history._load_id,
        history._extracted_at
    from history
    left join stages
        on history._source_name = stages.source_name
        and history.value = stages.stage_id
),

-- The portal records a value again when a job writes it unchanged; that is no change.
ordered as (
    select
        *,
        lag(stage_name) over (partition by source_name, deal_id order by changed_at, source_record_id) as previous_stage_name
    from casted
)

select * from ordered
where stage_name is distinct from previous_stage_name
