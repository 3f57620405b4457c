-- Grain: one stage of one HubSpot pipeline, latest version, with the pipeline's name.
with

latest as (
    {{ latest_version(ref('base_hubspot__pipeline_stages')) }}
),

pipelines as (
    {{ latest_version(ref('base_hubspot__pipelines')) }}
),

casted as (
    select
        {{ record_key_columns('pipeline_stages') }},
        latest.object_type,
        latest.pipeline_id,
        latest.stage_id,
        coalesce(pipelines.label, latest.pipeline_id) as pipeline_name,
        coalesce(latest.label, latest.stage_id) as stage_name,
        {{ cast_integer('latest.display_order') }} as display_order,
        {{ cast_probability_pct('latest.probability') }} as probability_pct,
        coalesce({{ cast_boolean('latest.is_closed') }}, upper(trim(latest.ticket_state)) = 'CLOSED') as is_closed,
        {{ load_metadata_columns('pipeline_stages') }},
        {{ cast_failures([
            ('display_order', cast_integer('latest.display_order')),
            ('probability', cast_amount('latest.probability', scale=4)),
            ('is_closed', cast_boolean('latest.is_closed'))
        ]) }} as _cast_failures
    from latest
    left join pipelines
        on latest._source_name = pipelines._source_name
        and latest.object_type = pipelines.object_type
        and latest.pipeline_id = pipelines.pipeline_id
)

select * from casted
