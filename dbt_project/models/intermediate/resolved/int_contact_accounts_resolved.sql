-- Grain: one golden contact, with the golden account it works for.
with

golden_contacts as (
    select * from {{ ref('stg_hygiene__golden_contacts') }}
),

account_clusters as (
    select * from {{ ref('stg_hygiene__account_clusters') }}
),

golden_accounts as (
    select * from {{ ref('stg_hygiene__golden_accounts') }}
),

resolved as (
    select
        golden_contacts.golden_contact_id,
        account_clusters.golden_account_id,
        golden_contacts.is_test_record as is_test_contact,
        golden_accounts.is_test_record as is_test_account
    from golden_contacts
    left join account_clusters
        on golden_contacts.account_source_record_key = account_clusters.source_record_key
    left join golden_accounts
        on account_clusters.golden_account_id = golden_accounts.golden_account_id
)

select * from resolved
