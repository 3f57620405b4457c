-- Grain: one landed version of one HubSpot `owners` record.
with

landing as (
    select * from {{ source('landing_hubspot', 'owners') }}
),

typed as (
    select
        cast(id as varchar) as id,
        cast(email as varchar) as email,
        cast(firstname as varchar) as firstname,
        cast(lastname as varchar) as lastname,
        cast(teams as varchar) as teams,
        cast(archived as varchar) as archived,
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
