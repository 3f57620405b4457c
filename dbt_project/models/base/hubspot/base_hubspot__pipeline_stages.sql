-- Grain: one landed version of one HubSpot `pipeline_stages` record.
with

landing as (
    select * from {{ source('landing_hubspot', 'pipeline_stages') }}
),

typed as (
    select
        cast(object_type as varchar) as object_type,
        cast(pipeline_id as varchar) as pipeline_id,
        cast(stage_id as varchar) as stage_id,
        cast(label as varchar) as label,
        cast(display_order as varchar) as display_order,
        cast(probability as varchar) as probability,
        cast(is_closed as varchar) as is_closed,
        cast(ticket_state as varchar) as ticket_state,
        cast(_source_name as varchar) as _source_name,
        cast(_source_record_id as varchar) as _source_record_id,
        cast(_load_id as varchar) as _load_id,
        cast(_extracted_at as timestamp) as _extracted_at,
        cast(_row_hash as varchar) as _row_hash,
        cast(_is_deleted as boolean) as _is_deleted,
        cast(_delete_kind as varchar) as _delete_kind,
        cast(_merged_into as varchar) as _merged_into,
        cast(_source_file as varchar) as _source_file,
        cast(_source_line as bigint) as _source_line,
        cast(_load_seq as bigint) as _load_seq
    from landing
)

select * from typed
