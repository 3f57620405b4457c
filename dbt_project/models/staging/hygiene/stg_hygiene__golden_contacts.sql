-- Grain: one golden contact: the best known version of a person.
with

golden_contacts as (
    select * from {{ source('hygiene', 'golden_contacts') }}
),

typed as (
    select
        cast(golden_contact_id as varchar) as golden_contact_id,
        cast(full_name as varchar) as full_name,
        cast(salutation as varchar) as salutation,
        cast(given_name as varchar) as given_name,
        cast(middle_name as varchar) as middle_name,
        cast(family_name as varchar) as family_name,
        cast(suffix as varchar) as suffix,
        cast(email as varchar) as email,
        cast(email_domain as varchar) as email_domain,
        cast(phone as varchar) as phone,
        cast(mobile_phone as varchar) as mobile_phone,
        cast(job_title as varchar) as job_title,
        cast(company_name as varchar) as company_name,
        cast(street as varchar) as street,
        cast(city as varchar) as city,
        cast(state as varchar) as state,
        cast(postal_code as varchar) as postal_code,
        cast(country_code as varchar) as country_code,
        cast(lead_source as varchar) as lead_source,
        cast(lifecycle_stage as varchar) as lifecycle_stage,
        cast(owner_name as varchar) as owner_name,
        cast(account_source_record_key as varchar) as account_source_record_key,
        cast(is_role_email as boolean) as is_role_email,
        cast(is_free_email as boolean) as is_free_email,
        cast(email_opt_out as boolean) as email_opt_out,
        cast(do_not_call as boolean) as do_not_call,
        cast(is_deleted as boolean) as is_deleted,
        {{ is_test_record('contact') }} as is_test_record,
        cast(source_record_count as bigint) as source_record_count,
        cast(source_system_count as bigint) as source_system_count,
        cast(birth_date as date) as birth_date,
        cast(first_created_at as timestamp) as first_created_at,
        cast(last_modified_at as timestamp) as last_modified_at
    from golden_contacts
)

select * from typed
