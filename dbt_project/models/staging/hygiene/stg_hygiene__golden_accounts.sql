-- Grain: one golden account: the best known version of an organisation.
with

golden_accounts as (
    select * from {{ source('hygiene', 'golden_accounts') }}
),

typed as (
    select
        cast(golden_account_id as varchar) as golden_account_id,
        cast(account_name as varchar) as account_name,
        cast(legal_form as varchar) as legal_form,
        cast(domain as varchar) as domain,
        cast(website as varchar) as website,
        cast(phone as varchar) as phone,
        cast(street as varchar) as street,
        cast(city as varchar) as city,
        cast(state as varchar) as state,
        cast(postal_code as varchar) as postal_code,
        cast(country_code as varchar) as country_code,
        cast(industry as varchar) as industry,
        cast(account_type as varchar) as account_type,
        cast(parent_source_record_key as varchar) as parent_source_record_key,
        cast(owner_name as varchar) as owner_name,
        cast(employee_count as bigint) as employee_count,
        cast(annual_revenue as decimal(18, 2)) as annual_revenue,
        cast(is_deleted as boolean) as is_deleted,
        {{ is_test_record('account') }} as is_test_record,
        cast(source_record_count as bigint) as source_record_count,
        cast(source_system_count as bigint) as source_system_count,
        cast(first_created_at as timestamp) as first_created_at,
        cast(last_modified_at as timestamp) as last_modified_at
    from golden_accounts
)

select * from typed
