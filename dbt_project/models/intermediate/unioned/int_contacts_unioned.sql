-- Grain: one person-like source record. Written to stages/ for the hygiene package.
{{ config(materialized='stage_parquet') }}

with

salesforce_contacts as (
    select * from {{ ref('stg_salesforce__contacts') }}
),

salesforce_leads as (
    select * from {{ ref('stg_salesforce__leads') }}
),

salesforce_accounts as (
    select * from {{ ref('stg_salesforce__accounts') }}
),

salesforce_users as (
    select * from {{ ref('stg_salesforce__users') }}
),

hubspot_contacts as (
    select * from {{ ref('stg_hubspot__contacts') }}
),

hubspot_companies as (
    select * from {{ ref('stg_hubspot__companies') }}
),

spreadsheet_contacts as (
    select * from {{ ref('stg_spreadsheet__contacts') }}
),

spreadsheet_companies as (
    select * from {{ ref('stg_spreadsheet__companies') }}
),

buyers as (
    select * from {{ ref('int_buyers_aggregated') }}
),

buyer_companies as (
    select * from {{ ref('int_buyer_companies_aggregated') }}
),

-- Sheets name the company. A listed company is preferred to one only known from an order; a name
-- borne by several records of the source resolves to the first key.
spreadsheet_company_names as (
    select
        source_name,
        lower(trim(company_name)) as company_name_key,
        arg_min(source_record_key, {'rank': preference, 'key': source_record_key}) as source_record_key
    from (
        select source_name, company_name, source_record_key, 1 as preference from spreadsheet_companies
        union all
        select source_name, company_name, source_record_key, 2 as preference from buyer_companies
    ) as companies
    where nullif(trim(company_name), '') is not null
    group by 1, 2
),

contacts_from_salesforce as (
    select
        salesforce_contacts.source_record_key,
        salesforce_contacts.source_name,
        'salesforce' as source_type,
        'contact' as source_object,
        salesforce_contacts.source_record_id,
        {{ source_record_key('account', 'salesforce_contacts.account_id', 'salesforce_contacts.source_name') }}
            as account_source_record_key,
        salesforce_contacts.full_name,
        salesforce_contacts.salutation,
        salesforce_contacts.first_name,
        salesforce_contacts.middle_name,
        salesforce_contacts.last_name,
        salesforce_contacts.suffix,
        salesforce_contacts.email,
        cast(null as varchar) as additional_emails,
        salesforce_contacts.phone,
        salesforce_contacts.mobile_phone,
        salesforce_contacts.job_title,
        salesforce_accounts.account_name as company_name,
        salesforce_accounts.website,
        salesforce_contacts.mailing_street as street,
        salesforce_contacts.mailing_city as city,
        salesforce_contacts.mailing_state as state,
        salesforce_contacts.mailing_postal_code as postal_code,
        salesforce_contacts.mailing_country as country,
        salesforce_contacts.birth_date,
        salesforce_contacts.lead_source,
        cast(null as varchar) as lifecycle_stage,
        cast(null as varchar) as lead_status,
        salesforce_contacts.has_email_opt_out as email_opt_out,
        salesforce_contacts.has_do_not_call as do_not_call,
        salesforce_contacts.owner_user_id as owner_source_id,
        salesforce_users.user_name as owner_name,
        cast(null as boolean) as is_converted,
        salesforce_contacts.is_deleted,
        salesforce_contacts.delete_kind,
        coalesce(
            salesforce_contacts.merged_into_key,
            {{ source_record_key('contact', 'salesforce_contacts.master_contact_id', 'salesforce_contacts.source_name') }}
        ) as merged_into_key,
        salesforce_contacts.created_at,
        salesforce_contacts.modified_at,
        salesforce_contacts._load_id,
        salesforce_contacts._extracted_at,
        salesforce_contacts._row_hash,
        salesforce_contacts._source_file,
        salesforce_contacts._source_line
    from salesforce_contacts
    left join salesforce_accounts
        on salesforce_contacts.source_name = salesforce_accounts.source_name
        and salesforce_contacts.account_id = salesforce_accounts.source_record_id
    left join salesforce_users
        on salesforce_contacts.source_name = salesforce_users.source_name
        and salesforce_contacts.owner_user_id = salesforce_users.source_record_id
),

contacts_from_salesforce_leads as (
    select
        salesforce_leads.source_record_key,
        salesforce_leads.source_name,
        'salesforce' as source_type,
        'lead' as source_object,
        salesforce_leads.source_record_id,
        {{ source_record_key('account', 'salesforce_leads.converted_account_id', 'salesforce_leads.source_name') }}
            as account_source_record_key,
        salesforce_leads.full_name,
        salesforce_leads.salutation,
        salesforce_leads.first_name,
        salesforce_leads.middle_name,
        salesforce_leads.last_name,
        salesforce_leads.suffix,
        salesforce_leads.email,
        cast(null as varchar) as additional_emails,
        salesforce_leads.phone,
        salesforce_leads.mobile_phone,
        salesforce_leads.job_title,
        salesforce_leads.company_name,
        salesforce_leads.website,
        salesforce_leads.street,
        salesforce_leads.city,
        salesforce_leads.state,
        salesforce_leads.postal_code,
        salesforce_leads.country,
        cast(null as varchar) as birth_date,
        salesforce_leads.lead_source,
        cast(null as varchar) as lifecycle_stage,
        salesforce_leads.lead_status,
        salesforce_leads.has_email_opt_out as email_opt_out,
        salesforce_leads.has_do_not_call as do_not_call,
        salesforce_leads.owner_user_id as owner_source_id,
        salesforce_users.user_name as owner_name,
        salesforce_leads.is_converted,
        salesforce_leads.is_deleted,
        salesforce_leads.delete_kind,
        coalesce(
            salesforce_leads.merged_into_key,
            {{ source_record_key('lead', 'salesforce_leads.master_lead_id', 'salesforce_leads.source_name') }}
        ) as merged_into_key,
        salesforce_leads.created_at,
        salesforce_leads.modified_at,
        salesforce_leads._load_id,
        salesforce_leads._extracted_at,
        salesforce_leads._row_hash,
        salesforce_leads._source_file,
        salesforce_leads._source_line
    from salesforce_leads
    left join salesforce_users
        on salesforce_leads.source_name = salesforce_users.source_name
        and salesforce_leads.owner_user_id = salesforce_users.source_record_id
),

contacts_from_hubspot as (
    select
        hubspot_contacts.source_record_key,
        hubspot_contacts.source_name,
        'hubspot' as source_type,
        'contacts' as source_object,
        hubspot_contacts.source_record_id,
        {{ source_record_key('companies', 'hubspot_contacts.primary_company_id', 'hubspot_contacts.source_name') }}
            as account_source_record_key,
        cast(null as varchar) as full_name,
        cast(null as varchar) as salutation,
        hubspot_contacts.first_name,
        cast(null as varchar) as middle_name,
        hubspot_contacts.last_name,
        cast(null as varchar) as suffix,
        hubspot_contacts.email,
        hubspot_contacts.additional_emails,
        hubspot_contacts.phone,
        hubspot_contacts.mobile_phone,
        hubspot_contacts.job_title,
        coalesce(hubspot_contacts.company_name, hubspot_companies.company_name) as company_name,
        coalesce(hubspot_contacts.website, hubspot_companies.domain, hubspot_companies.website) as website,
        hubspot_contacts.street,
        hubspot_contacts.city,
        hubspot_contacts.state,
        hubspot_contacts.postal_code,
        hubspot_contacts.country,
        hubspot_contacts.birth_date,
        hubspot_contacts.lead_source,
        hubspot_contacts.lifecycle_stage,
        hubspot_contacts.lead_status,
        hubspot_contacts.has_email_opt_out as email_opt_out,
        cast(null as boolean) as do_not_call,
        hubspot_contacts.owner_id as owner_source_id,
        hubspot_contacts.owner_name,
        cast(null as boolean) as is_converted,
        hubspot_contacts.is_deleted,
        hubspot_contacts.delete_kind,
        hubspot_contacts.merged_into_key,
        hubspot_contacts.created_at,
        hubspot_contacts.modified_at,
        hubspot_contacts._load_id,
        hubspot_contacts._extracted_at,
        hubspot_contacts._row_hash,
        hubspot_contacts._source_file,
        hubspot_contacts._source_line
    from hubspot_contacts
    left join hubspot_companies
        on hubspot_contacts.source_name = hubspot_companies.source_name
        and hubspot_contacts.primary_company_id = hubspot_companies.source_record_id
),

contacts_from_spreadsheets as (
    select
        spreadsheet_contacts.source_record_key,
        spreadsheet_contacts.source_name,
        'spreadsheet' as source_type,
        'contacts' as source_object,
        spreadsheet_contacts.source_record_id,
        spreadsheet_company_names.source_record_key as account_source_record_key,
        spreadsheet_contacts.full_name,
        cast(null as varchar) as salutation,
        spreadsheet_contacts.first_name,
        cast(null as varchar) as middle_name,
        spreadsheet_contacts.last_name,
        cast(null as varchar) as suffix,
        spreadsheet_contacts.email,
        cast(null as varchar) as additional_emails,
        spreadsheet_contacts.phone,
        spreadsheet_contacts.mobile_phone,
        spreadsheet_contacts.job_title,
        spreadsheet_contacts.company_name,
        spreadsheet_contacts.website,
        spreadsheet_contacts.street,
        spreadsheet_contacts.city,
        spreadsheet_contacts.state,
        spreadsheet_contacts.postal_code,
        spreadsheet_contacts.country,
        cast(null as varchar) as birth_date,
        spreadsheet_contacts.lead_source,
        spreadsheet_contacts.lifecycle_stage,
        cast(null as varchar) as lead_status,
        spreadsheet_contacts.has_email_opt_out as email_opt_out,
        cast(null as boolean) as do_not_call,
        cast(null as varchar) as owner_source_id,
        spreadsheet_contacts.owner_name,
        cast(null as boolean) as is_converted,
        spreadsheet_contacts.is_deleted,
        spreadsheet_contacts.delete_kind,
        spreadsheet_contacts.merged_into_key,
        spreadsheet_contacts.created_at,
        spreadsheet_contacts.modified_at,
        spreadsheet_contacts._load_id,
        spreadsheet_contacts._extracted_at,
        spreadsheet_contacts._row_hash,
        spreadsheet_contacts._source_file,
        spreadsheet_contacts._source_line
    from spreadsheet_contacts
    left join spreadsheet_company_names
        on spreadsheet_contacts.source_name = spreadsheet_company_names.source_name
        and lower(trim(spreadsheet_contacts.company_name)) = spreadsheet_company_names.company_name_key
),

contacts_from_buyers as (
    select
        source_record_key,
        source_name,
        'spreadsheet' as source_type,
        'buyers' as source_object,
        source_record_id,
        account_source_record_key,
        full_name,
        cast(null as varchar) as salutation,
        cast(null as varchar) as first_name,
        cast(null as varchar) as middle_name,
        cast(null as varchar) as last_name,
        cast(null as varchar) as suffix,
        email,
        cast(null as varchar) as additional_emails,
        phone,
        cast(null as varchar) as mobile_phone,
        cast(null as varchar) as job_title,
        company_name,
        domain as website,
        cast(null as varchar) as street,
        cast(null as varchar) as city,
        cast(null as varchar) as state,
        cast(null as varchar) as postal_code,
        country,
        cast(null as varchar) as birth_date,
        cast(null as varchar) as lead_source,
        cast(null as varchar) as lifecycle_stage,
        cast(null as varchar) as lead_status,
        cast(null as boolean) as email_opt_out,
        cast(null as boolean) as do_not_call,
        cast(null as varchar) as owner_source_id,
        cast(null as varchar) as owner_name,
        cast(null as boolean) as is_converted,
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
    from buyers
),

contacts_unioned as (
    select * from contacts_from_salesforce
    union all
    select * from contacts_from_salesforce_leads
    union all
    select * from contacts_from_hubspot
    union all
    select * from contacts_from_spreadsheets
    union all
    select * from contacts_from_buyers
)

select * from contacts_unioned
order by source_record_key
