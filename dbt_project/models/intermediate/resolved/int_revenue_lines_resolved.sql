-- Grain: one row of a sheet of orders, invoices or subscriptions, with the customer behind it.
with

revenue_lines as (
    select * from {{ ref('int_revenue_lines_unioned') }}
),

account_clusters as (
    select * from {{ ref('stg_hygiene__account_clusters') }}
),

contact_clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

contact_accounts as (
    select * from {{ ref('int_contact_accounts_resolved') }}
),

golden_accounts as (
    select * from {{ ref('stg_hygiene__golden_accounts') }}
),

resolved as (
    select
        revenue_lines.*,
        contact_clusters.golden_contact_id,
        coalesce(account_clusters.golden_account_id, contact_accounts.golden_account_id) as golden_account_id,
        coalesce(
            golden_accounts.is_test_record,
            contact_accounts.is_test_account,
            contact_accounts.is_test_contact,
            false
        )
        -- A test buyer named on a real company's order is still a test.
        or coalesce(contact_accounts.is_test_contact, false) as is_test_record
    from revenue_lines
    left join account_clusters
        on revenue_lines.account_source_record_key = account_clusters.source_record_key
    left join golden_accounts
        on account_clusters.golden_account_id = golden_accounts.golden_account_id
    left join contact_clusters
        on revenue_lines.contact_source_record_key = contact_clusters.source_record_key
    left join contact_accounts
        on contact_clusters.golden_contact_id = contact_accounts.golden_contact_id
),

final as (
    select
        *,
        coalesce(golden_account_id, golden_contact_id, 'unknown') as customer_id
    from resolved
)

select * from final
