-- Grain: one landed version of one HubSpot `deals` record.
with

landing as (
    select * from {{ source('landing_hubspot', 'deals') }}
),

typed as (
    select
        cast(hs_object_id as varchar) as hs_object_id,
        cast(dealname as varchar) as dealname,
        cast(description as varchar) as description,
        cast(pipeline as varchar) as pipeline,
        cast(dealstage as varchar) as dealstage,
        cast(amount as varchar) as amount,
        cast(deal_currency_code as varchar) as deal_currency_code,
        cast(amount_in_home_currency as varchar) as amount_in_home_currency,
        cast(hs_deal_stage_probability as varchar) as hs_deal_stage_probability,
        cast(closedate as varchar) as closedate,
        cast(createdate as varchar) as createdate,
        cast(dealtype as varchar) as dealtype,
        cast(hubspot_owner_id as varchar) as hubspot_owner_id,
        cast(hs_is_closed as varchar) as hs_is_closed,
        cast(hs_is_closed_won as varchar) as hs_is_closed_won,
        cast(hs_lastmodifieddate as varchar) as hs_lastmodifieddate,
        cast(hs_merged_object_ids as varchar) as hs_merged_object_ids,
        cast(associated_company_ids as varchar) as associated_company_ids,
        cast(associated_company_ids_primary as varchar) as associated_company_ids_primary,
        cast(associated_contact_ids as varchar) as associated_contact_ids,
        cast(hs_salesforceopportunityid as varchar) as hs_salesforceopportunityid,
        cast(recurring_revenue_amount as varchar) as recurring_revenue_amount,
        cast(recurring_revenue_deal_type as varchar) as recurring_revenue_deal_type,
        cast(recurring_revenue_inactive_date as varchar) as recurring_revenue_inactive_date,
        cast(recurring_revenue_inactive_reason as varchar) as recurring_revenue_inactive_reason,
        cast(hs_arr as varchar) as hs_arr,
        cast(hs_mrr as varchar) as hs_mrr,
        cast(hs_tcv as varchar) as hs_tcv,
        cast(contract_start_date as varchar) as contract_start_date,
        cast(contract_end_date as varchar) as contract_end_date,
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
