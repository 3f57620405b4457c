-- Grain: one landed version of one HubSpot `email_campaigns` record.
with

landing as (
    select * from {{ source('landing_hubspot', 'email_campaigns') }}
),

typed as (
    select
        cast(email_campaign_id as varchar) as email_campaign_id,
        cast(app_id as varchar) as app_id,
        cast(app_name as varchar) as app_name,
        cast(content_id as varchar) as content_id,
        cast(name as varchar) as name,
        cast(subject as varchar) as subject,
        cast(type as varchar) as type,
        cast(sub_type as varchar) as sub_type,
        cast(num_included as varchar) as num_included,
        cast(num_queued as varchar) as num_queued,
        cast(last_updated_at as varchar) as last_updated_at,
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
