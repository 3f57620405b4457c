-- Grain: one landed version of one HubSpot `companies` record.
with

landing as (
    select * from {{ source('landing_hubspot', 'companies') }}
),

typed as (
    select
        cast(hs_object_id as varchar) as hs_object_id,
        cast(name as varchar) as name,
        cast(description as varchar) as description,
        cast(domain as varchar) as domain,
        cast(website as varchar) as website,
        cast(phone as varchar) as phone,
        cast(address as varchar) as address,
        cast(address2 as varchar) as address2,
        cast(city as varchar) as city,
        cast(state as varchar) as state,
        cast(zip as varchar) as zip,
        cast(country as varchar) as country,
        cast(industry as varchar) as industry,
        cast(numberofemployees as varchar) as numberofemployees,
        cast(annualrevenue as varchar) as annualrevenue,
        cast(type as varchar) as type,
        cast(hs_parent_company_id as varchar) as hs_parent_company_id,
        cast(hubspot_owner_id as varchar) as hubspot_owner_id,
        cast(lifecyclestage as varchar) as lifecyclestage,
        cast(createdate as varchar) as createdate,
        cast(hs_lastmodifieddate as varchar) as hs_lastmodifieddate,
        cast(hs_merged_object_ids as varchar) as hs_merged_object_ids,
        cast(hs_salesforceaccountid as varchar) as hs_salesforceaccountid,
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
