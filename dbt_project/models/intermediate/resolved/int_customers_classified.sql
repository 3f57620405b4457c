-- Grain: one customer: whoever a revenue event or recurring term belongs to, and 'unknown'.
with

events as (
    select * from {{ ref('int_revenue_events_unioned') }}
),

terms as (
    select * from {{ ref('int_recurring_terms_selected') }}
),

golden_accounts as (
    select * from {{ ref('stg_hygiene__golden_accounts') }}
),

golden_contacts as (
    select * from {{ ref('stg_hygiene__golden_contacts') }}
),

customer_ids as (
    select customer_id from events
    union
    select customer_id from terms
    union
    select 'unknown' as customer_id
),

contractual as (
    select distinct customer_id from terms
),

classified as (
    select
        customer_ids.customer_id,
        golden_accounts.golden_account_id,
        golden_contacts.golden_contact_id,
        case
            when golden_accounts.golden_account_id is not null then 'account'
            when golden_contacts.golden_contact_id is not null then 'person'
            else 'unknown'
        end as customer_kind,
        case when contractual.customer_id is not null then 'contractual' else 'non_contractual' end as setting,
        coalesce(golden_accounts.account_name, golden_contacts.full_name) as customer_name,
        coalesce(golden_accounts.country_code, golden_contacts.country_code) as country_code,
        golden_accounts.industry,
        coalesce(golden_accounts.is_test_record, golden_contacts.is_test_record, false) as is_test_record
    from customer_ids
    left join golden_accounts
        on customer_ids.customer_id = golden_accounts.golden_account_id
    left join golden_contacts
        on customer_ids.customer_id = golden_contacts.golden_contact_id
    left join contractual
        on customer_ids.customer_id = contractual.customer_id
)

select * from classified
