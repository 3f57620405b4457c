-- Grain: one organisation-like source record. Written to stages/ for the hygiene package.
{{ config(materialized='stage_parquet') }}

with

salesforce_accounts as (
    select * from {{ ref('stg_salesforce__accounts') }}
),

salesforce_users as (
    select * from {{ ref('stg_salesforce__users') }}
),

hubspot_companies as (
    select * from {{ ref('stg_hubspot__companies') }}
),

spreadsheet_companies as (
    select * from {{ ref('stg_spreadsheet__companies') }}
),

buyer_companies as (
    select * from {{ ref('int_buyer_companies_aggregated') }}
),

-- Sheets name the parent; a name that several companies of the source bear resolves to the first key.
spreadsheet_company_names as (
    select
        source_name,
        lower(trim(company_name)) as company_name_key,
        min(source_record_key) as source_record_key
    from spreadsheet_companies
    where nullif(trim(company_name), '') is not null
    group by 1, 2
),

accounts_from_salesforce as (
    select
        salesforce_accounts.source_record_key,
        salesforce_accounts.source_name,
        'salesforce' as source_type,
        'account' as source_object,
        salesforce_accounts.source_record_id,
        {{ source_record_key('account', 'salesforce_accounts.parent_account_id', 'salesforce_accounts.source_name') }}
            as parent_source_record_key,
        salesforce_accounts.account_name,
        cast(null as varchar) as domain,
        salesforce_accounts.website,
        salesforce_accounts.phone,
        salesforce_accounts.billing_street as street,
        salesforce_accounts.billing_city as city,
        salesforce_accounts.billing_state as state,
        salesforce_accounts.billing_postal_code as postal_code,
        salesforce_accounts.billing_country as country,
        salesforce_accounts.industry,
        salesforce_accounts.employee_count,
        salesforce_accounts.annual_revenue,
        salesforce_accounts.account_type,
        salesforce_accounts.owner_user_id as owner_source_id,
        salesforce_users.user_name as owner_name,
        salesforce_accounts.is_deleted,
        salesforce_accounts.delete_kind,
        coalesce(
            salesforce_accounts.merged_into_key,
            {{ source_record_key('account', 'salesforce_accounts.master_account_id', 'salesforce_accounts.source_name') }}
        ) as merged_into_key,
        salesforce_accounts.created_at,
        salesforce_accounts.modified_at,
        salesforce_accounts._load_id,
        salesforce_accounts._extracted_at,
        salesforce_accounts._row_hash,
        salesforce_accounts._source_file,
        salesforce_accounts._source_line
    from salesforce_accounts
    left join salesforce_users
        on salesforce_accounts.source_name = salesforce_users.source_name
        and salesforce_accounts.owner_user_id = salesforce_users.source_record_id
),

accounts_from_hubspot as (
    select
        source_record_key,
        source_name,
        'hubspot' as source_type,
        'companies' as source_object,
        source_record_id,
        {{ source_record_key('companies', 'parent_company_id', 'source_name') }} as parent_source_record_key,
        company_name as account_name,
        domain,
        website,
        phone,
        street,
        city,
        state,
        postal_code,
        country,
        industry,
        employee_count,
        annual_revenue,
        company_type as account_type,
        owner_id as owner_source_id,
        owner_name,
        is_deleted,
        delete_kind,
        merged_into_key,
        created_at,
        modified_at,
        _load_id,
        _extracted_at,
        _row_hash,
        _source_file,
        _source_line
    from hubspot_companies
),

accounts_from_spreadsheets as (
    select
        spreadsheet_companies.source_record_key,
        spreadsheet_companies.source_name,
        'spreadsheet' as source_type,
        'companies' as source_object,
        spreadsheet_companies.source_record_id,
        spreadsheet_company_names.source_record_key as parent_source_record_key,
        spreadsheet_companies.company_name as account_name,
        spreadsheet_companies.domain,
        spreadsheet_companies.website,
        spreadsheet_companies.phone,
        spreadsheet_companies.street,
        spreadsheet_companies.city,
        spreadsheet_companies.state,
        spreadsheet_companies.postal_code,
        spreadsheet_companies.country,
        spreadsheet_companies.industry,
        spreadsheet_companies.employee_count,
        spreadsheet_companies.annual_revenue,
        cast(null as varchar) as account_type,
        cast(null as varchar) as owner_source_id,
        spreadsheet_companies.owner_name,
        spreadsheet_companies.is_deleted,
        spreadsheet_companies.delete_kind,
        spreadsheet_companies.merged_into_key,
        spreadsheet_companies.created_at,
        spreadsheet_companies.modified_at,
        spreadsheet_companies._load_id,
        spreadsheet_companies._extracted_at,
        spreadsheet_companies._row_hash,
        spreadsheet_companies._source_file,
        spreadsheet_companies._source_line
    from spreadsheet_companies
    left join spreadsheet_company_names
        on spreadsheet_companies.source_name = spreadsheet_company_names.source_name
        and lower(trim(spreadsheet_companies.parent_company_name)) = spreadsheet_company_names.company_name_key
        and spreadsheet_companies.source_record_key <> spreadsheet_company_names.source_record_key
),

accounts_from_buyers as (
    select
        source_record_key,
        source_name,
        'spreadsheet' as source_type,
        'buyer_companies' as source_object,
        source_record_id,
        cast(null as varchar) as parent_source_record_key,
        company_name as account_name,
        domain,
        cast(null as varchar) as website,
        cast(null as varchar) as phone,
        cast(null as varchar) as street,
        cast(null as varchar) as city,
        cast(null as varchar) as state,
        cast(null as varchar) as postal_code,
        country,
        cast(null as varchar) as industry,
        cast(null as bigint) as employee_count,
        cast(null as decimal(18, 2)) as annual_revenue,
        cast(null as varchar) as account_type,
        cast(null as varchar) as owner_source_id,
        cast(null as varchar) as owner_name,
        is_deleted,
        case when is_deleted then 'absent' end as delete_kind,
        cast(null as varchar) as merged_into_key,
        created_at,
        modified_at,
        _load_id,
        _extracted_at,
        _row_hash,
        _source_file,
        _source_line
    from buyer_companies
),

accounts_unioned as (
    select * from accounts_from_salesforce
    union all
    select * from accounts_from_hubspot
    union all
    select * from accounts_from_spreadsheets
    union all
    select * from accounts_from_buyers
)

select * from accounts_unioned
order by source_record_key
