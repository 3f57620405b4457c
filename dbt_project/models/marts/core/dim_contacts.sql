-- Grain: one golden contact (person).
with

golden_contacts as (
    select * from {{ ref('stg_hygiene__golden_contacts') }}
),

contact_accounts as (
    select * from {{ ref('int_contact_accounts_resolved') }}
),

final as (
    select
        golden_contacts.golden_contact_id,
        contact_accounts.golden_account_id,
        golden_contacts.full_name,
        golden_contacts.salutation,
        golden_contacts.given_name,
        golden_contacts.middle_name,
        golden_contacts.family_name,
        golden_contacts.suffix,
        golden_contacts.email,
        golden_contacts.email_domain,
        golden_contacts.phone,
        golden_contacts.mobile_phone,
        golden_contacts.job_title,
        golden_contacts.company_name,
        golden_contacts.street,
        golden_contacts.city,
        golden_contacts.state,
        golden_contacts.postal_code,
        golden_contacts.country_code,
        golden_contacts.lead_source,
        golden_contacts.lifecycle_stage,
        golden_contacts.owner_name,
        golden_contacts.source_record_count,
        golden_contacts.source_system_count,
        golden_contacts.is_role_email,
        golden_contacts.is_free_email,
        golden_contacts.email_opt_out as has_email_opt_out,
        golden_contacts.do_not_call as has_do_not_call,
        golden_contacts.is_deleted,
        golden_contacts.is_test_record,
        golden_contacts.birth_date,
        golden_contacts.first_created_at,
        golden_contacts.last_modified_at
    from golden_contacts
    left join contact_accounts
        on golden_contacts.golden_contact_id = contact_accounts.golden_contact_id
)

select * from final
