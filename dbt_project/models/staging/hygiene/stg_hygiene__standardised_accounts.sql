-- Grain: one account-like source record after standardising, identity and flags only; raw and canonical values stay in the stage file.
with

standardised_accounts as (
    select * from {{ source('hygiene', 'standardised_accounts') }}
),

typed as (
    select
        cast(source_record_key as varchar) as source_record_key,
        cast(source_name as varchar) as source_name,
        cast(source_type as varchar) as source_type,
        cast(source_object as varchar) as source_object,
        cast(source_record_id as varchar) as source_record_id,
        cast(parent_source_record_key as varchar) as parent_source_record_key,
        cast(merged_into_key as varchar) as merged_into_key,
        cast(delete_kind as varchar) as delete_kind,
        cast(account_name_std as varchar) as account_name_std,
        cast(domain_std as varchar) as domain_std,
        cast(phone_e164 as varchar) as phone_e164,
        cast(account_name_match as varchar) as account_name_match,
        cast(country_code as varchar) as country_code,
        cast(is_free_domain as boolean) as is_free_domain,
        cast(is_deleted as boolean) as is_deleted,
        {{ is_test_record('account') }} as is_test_record,
        cast(created_at as timestamp) as created_at,
        cast(modified_at as timestamp) as modified_at,
        cast(_extracted_at as timestamp) as _extracted_at
    from standardised_accounts
)

select * from typed
