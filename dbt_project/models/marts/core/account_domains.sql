-- Grain: one registrable domain of one golden account, with the number of accounts that share it.
-- Free mail, throw-away addresses and pages on shared hosts are no domains of an account: standardising took them away.
with

golden_accounts as (
    select * from {{ ref('stg_hygiene__golden_accounts') }}
    where not is_deleted and not is_test_record
),

of_records as (
    select
        account_clusters.golden_account_id,
        accounts.domain_std as domain,
        count(*) as account_record_count,
        0 as contact_count
    from {{ ref('stg_hygiene__standardised_accounts') }} as accounts
    inner join {{ ref('stg_hygiene__account_clusters') }} as account_clusters
        on accounts.source_record_key = account_clusters.source_record_key
    where not coalesce(accounts.is_free_domain, false) and nullif(accounts.domain_std, '') is not null
    group by 1, 2
),

of_people as (
    select
        contact_accounts.golden_account_id,
        golden_contacts.email_domain as domain,
        0 as account_record_count,
        count(*) as contact_count
    from {{ ref('stg_hygiene__golden_contacts') }} as golden_contacts
    inner join {{ ref('int_contact_accounts_resolved') }} as contact_accounts
        on golden_contacts.golden_contact_id = contact_accounts.golden_contact_id
    where
        not golden_contacts.is_free_email
        and not golden_contacts.is_deleted
        and not golden_contacts.is_test_record
        and nullif(golden_contacts.email_domain, '') is not null
    group by 1, 2
),

evidence as (
    select
        golden_account_id,
        domain,
        sum(account_record_count) as account_record_count,
        sum(contact_count) as contact_count
    from (
        select * from of_records
        union all
        select * from of_people
    ) as both_kinds
    where golden_account_id in (select golden_account_id from golden_accounts)
    group by 1, 2
),

final as (
    select
        {{ surrogate_key('ad', "golden_account_id || '|' || domain") }} as account_domain_id,
        golden_account_id,
        domain,
        cast(account_record_count as bigint) as account_record_count,
        cast(contact_count as bigint) as contact_count,
        count(*) over (partition by domain) as account_count,
        count(*) over (partition by domain) > 1 as is_ambiguous,
        row_number() over (
            partition by golden_account_id order by account_record_count desc, contact_count desc, domain
        ) = 1 as is_main
    from evidence
)

select * from final
