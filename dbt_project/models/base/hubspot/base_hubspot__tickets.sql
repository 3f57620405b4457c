-- Grain: one landed version of one HubSpot `tickets` record.
with

landing as (
    select * from {{ source('landing_hubspot', 'tickets') }}
),

typed as (
    select
        cast(hs_object_id as varchar) as hs_object_id,
        cast(subject as varchar) as subject,
        cast(content as varchar) as content,
        cast(hs_pipeline as varchar) as hs_pipeline,
        cast(hs_pipeline_stage as varchar) as hs_pipeline_stage,
        cast(hs_ticket_priority as varchar) as hs_ticket_priority,
        cast(hs_ticket_category as varchar) as hs_ticket_category,
        cast(createdate as varchar) as createdate,
        cast(closed_date as varchar) as closed_date,
        cast(hs_lastmodifieddate as varchar) as hs_lastmodifieddate,
        cast(hubspot_owner_id as varchar) as hubspot_owner_id,
        cast(associated_company_ids as varchar) as associated_company_ids,
        cast(associated_contact_ids as varchar) as associated_contact_ids,
        cast(associated_deal_ids as varchar) as associated_deal_ids,
        cast(hs_merged_object_ids as varchar) as hs_merged_object_ids,
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
