-- Grain: one HubSpot company that was not merged into another.
with

companies as (
    select * from {{ ref('int_accounts_unioned') }}
    where source_type = 'hubspot' and source_object = 'companies' and delete_kind is distinct from 'merged'
),

details as (
    select * from {{ ref('stg_hubspot__companies') }}
),

account_clusters as (
    select * from {{ ref('stg_hygiene__account_clusters') }}
),

final as (
    select
        companies.source_record_id as company_id,
        companies.account_name as company_name,
        details.description,
        companies.industry,
        companies.street as street_address,
        details.street_2 as street_address_2,
        companies.city,
        companies.state,
        companies.country,
        companies.annual_revenue as company_annual_revenue,
        companies.is_deleted as is_company_deleted,
        {{- hubspot_engagement_columns(['notes', 'tasks', 'calls', 'meetings', 'emails', 'incoming_emails', 'forwarded_emails']) }}
        companies.created_at as created_date,
        account_clusters.golden_account_id,
        companies.source_record_key,
        companies.source_name as source_relation
    from companies
    left join details
        on companies.source_record_key = details.source_record_key
    left join account_clusters
        on companies.source_record_key = account_clusters.source_record_key
    {{ join_hubspot_engagement_counts('companies') }}
)

select * from final
