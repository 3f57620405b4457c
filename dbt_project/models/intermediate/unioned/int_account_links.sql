-- Grain: one unordered pair of account records that a system of record says are the same organisation,
-- or suspects to be.
{{ config(materialized='stage_parquet') }}

with

accounts as (
    select * from {{ ref('int_accounts_unioned') }}
),

hubspot_companies as (
    select * from {{ ref('stg_hubspot__companies') }}
),

salesforce_account_records as (
    select source_record_key, source_record_id
    from accounts
    where source_type = 'salesforce'
),

-- The loser of a merge names the winner.
merges_named_by_loser as (
    select
        source_record_key as first_key,
        merged_into_key as second_key,
        'crm_merge' as evidence,
        modified_at as evidence_at
    from accounts
    where merged_into_key is not null
),

-- The winner of a HubSpot merge lists the losers.
merges_listed_by_winner as (
    select
        source_record_key as first_key,
        source_name || ':companies:' || unnest({{ split_ids('merged_company_ids') }}) as second_key,
        'crm_merge' as evidence,
        modified_at as evidence_at
    from hubspot_companies
    where merged_company_ids is not null
),

sync_ids as (
    select
        hubspot_companies.source_record_key as first_key,
        salesforce_account_records.source_record_key as second_key,
        'sync_id' as evidence,
        hubspot_companies.modified_at as evidence_at
    from hubspot_companies
    inner join salesforce_account_records
        on hubspot_companies.salesforce_account_id = salesforce_account_records.source_record_id
),

{{ suspected_duplicates('accounts') }},

{{ unordered_links(['merges_named_by_loser', 'merges_listed_by_winner', 'sync_ids', 'suspected_duplicates'], 'accounts') }}

select * from links
order by source_record_key_l, source_record_key_r
