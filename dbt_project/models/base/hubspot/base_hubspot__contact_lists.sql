-- Grain: one landed version of one HubSpot `contact_lists` record.
with

landing as (
    select * from {{ source('landing_hubspot', 'contact_lists') }}
),

typed as (
    select
        cast(list_id as varchar) as list_id,
        cast(name as varchar) as name,
        cast(object_type_id as varchar) as object_type_id,
        cast(processing_type as varchar) as processing_type,
        cast(processing_status as varchar) as processing_status,
        cast(list_version as varchar) as list_version,
        cast(created_at as varchar) as created_at,
        cast(created_by_id as varchar) as created_by_id,
        cast(updated_at as varchar) as updated_at,
        cast(filters_updated_at as varchar) as filters_updated_at,
        cast(deleted_at as varchar) as deleted_at,
        cast(size as varchar) as size,
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
