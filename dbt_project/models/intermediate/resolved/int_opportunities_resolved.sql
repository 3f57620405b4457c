-- Grain: one deal record of one source, with the golden account and contact behind it.
with

opportunities as (
    select * from {{ ref('int_opportunities_unioned') }}
),

account_clusters as (
    select * from {{ ref('stg_hygiene__account_clusters') }}
),

contact_clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

standardised_contacts as (
    select * from {{ ref('stg_hygiene__standardised_contacts') }}
),

contact_accounts as (
    select * from {{ ref('int_contact_accounts_resolved') }}
),

golden_accounts as (
    select * from {{ ref('stg_hygiene__golden_accounts') }}
),

-- A sheet may name the buyer by email alone. An address that several people share names nobody.
contacts_by_email as (
    select
        standardised_contacts.email_std,
        min(contact_clusters.golden_contact_id) as golden_contact_id
    from standardised_contacts
    inner join contact_clusters
        on standardised_contacts.source_record_key = contact_clusters.source_record_key
    where standardised_contacts.email_std is not null
    group by 1
    having count(distinct contact_clusters.golden_contact_id) = 1
),

with_contact as (
    select
        opportunities.*,
        coalesce(contact_clusters.golden_contact_id, contacts_by_email.golden_contact_id) as golden_contact_id
    from opportunities
    left join contact_clusters
        on opportunities.contact_source_record_key = contact_clusters.source_record_key
    left join contacts_by_email
        on lower(trim(opportunities.contact_email)) = contacts_by_email.email_std
),

resolved as (
    select
        with_contact.*,
        coalesce(account_clusters.golden_account_id, contact_accounts.golden_account_id) as golden_account_id,
        -- The account decides; a person's own flag counts only where no account is known.
        coalesce(
            golden_accounts.is_test_record,
            contact_accounts.is_test_account,
            contact_accounts.is_test_contact,
            false
        ) as is_test_record
    from with_contact
    left join account_clusters
        on with_contact.account_source_record_key = account_clusters.source_record_key
    left join golden_accounts
        on account_clusters.golden_account_id = golden_accounts.golden_account_id
    left join contact_accounts
        on with_contact.golden_contact_id = contact_accounts.golden_contact_id
),

final as (
    select
        *,
        coalesce(golden_account_id, golden_contact_id, 'unknown') as customer_id
    from resolved
)

select * from final
