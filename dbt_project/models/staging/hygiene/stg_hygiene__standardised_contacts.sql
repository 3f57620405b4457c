-- Grain: one contact-like source record after standardising, identity and flags only; raw and canonical values stay in the stage file.
with

standardised_contacts as (
    select * from {{ source('hygiene', 'standardised_contacts') }}
),

typed as (
    select
        cast(source_record_key as varchar) as source_record_key,
        cast(source_name as varchar) as source_name,
        cast(source_type as varchar) as source_type,
        cast(source_object as varchar) as source_object,
        cast(source_record_id as varchar) as source_record_id,
        cast(account_source_record_key as varchar) as account_source_record_key,
        cast(merged_into_key as varchar) as merged_into_key,
        cast(delete_kind as varchar) as delete_kind,
        cast(email_std as varchar) as email_std,
        cast(email_status as varchar) as email_status,
        cast(additional_emails as varchar) as additional_emails,
        cast(phone_e164 as varchar) as phone_e164,
        cast(mobile_phone_e164 as varchar) as mobile_phone_e164,
        cast(full_name_std as varchar) as full_name_std,
        cast(email_domain as varchar) as email_domain,
        cast(domain_std as varchar) as domain_std,
        cast(company_name_match as varchar) as company_name_match,
        cast(country_code as varchar) as country_code,
        cast(is_free_email as boolean) as is_free_email,
        cast(is_disposable_email as boolean) as is_disposable_email,
        cast(email_opt_out as boolean) as has_email_opt_out,
        cast(is_deleted as boolean) as is_deleted,
        {{ is_test_record('contact') }} as is_test_record,
        cast(created_at as timestamp) as created_at,
        cast(modified_at as timestamp) as modified_at,
        cast(_extracted_at as timestamp) as _extracted_at
    from standardised_contacts
)

select * from typed
