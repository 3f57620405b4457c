-- Grain: one landed version of one Salesforce `task` record.
with

landing as (
    select * from {{ source('landing_salesforce', 'task') }}
),

typed as (
    select
        cast(id as varchar) as id,
        cast(isdeleted as varchar) as isdeleted,
        cast(whoid as varchar) as whoid,
        cast(whatid as varchar) as whatid,
        cast(accountid as varchar) as accountid,
        cast(subject as varchar) as subject,
        cast(activitydate as varchar) as activitydate,
        cast(status as varchar) as status,
        cast(priority as varchar) as priority,
        cast(tasksubtype as varchar) as tasksubtype,
        cast(type as varchar) as type,
        cast(calltype as varchar) as calltype,
        cast(isclosed as varchar) as isclosed,
        cast(ownerid as varchar) as ownerid,
        cast(createddate as varchar) as createddate,
        cast(completeddatetime as varchar) as completeddatetime,
        cast(lastmodifieddate as varchar) as lastmodifieddate,
        cast(systemmodstamp as varchar) as systemmodstamp,
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
