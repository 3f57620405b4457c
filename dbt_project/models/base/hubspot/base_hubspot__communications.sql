-- Grain: one landed version of one HubSpot `communications` record.
with

landing as (
    select * from {{ source('landing_hubspot', 'communications') }}
),

typed as (
    select
        cast(hs_object_id as varchar) as hs_object_id,
        cast(hs_timestamp as varchar) as hs_timestamp,
        cast(hs_communication_channel_type as varchar) as hs_communication_channel_type,
        cast(hubspot_owner_id as varchar) as hubspot_owner_id,
        cast(hs_createdate as varchar) as hs_createdate,
        cast(hs_lastmodifieddate as varchar) as hs_lastmodifieddate,
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
