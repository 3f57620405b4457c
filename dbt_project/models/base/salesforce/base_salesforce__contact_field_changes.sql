-- Grain: one landed version of one Salesforce `contacthistory` record.
with

landing as (
    select * from {{ source('landing_salesforce', 'contacthistory') }}
),

typed as (
    select
        cast(id as varchar) as id,
        cast(contactid as varchar) as contactid,
        cast(field as varchar) as field,
        cast(oldvalue as varchar) as oldvalue,
        cast(newvalue as varchar) as newvalue,
        cast(createdbyid as varchar) as createdbyid,
        cast(createddate as varchar) as createddate,
        cast(isdeleted as varchar) as isdeleted,
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
