-- Grain: one customer at risk who is not lost yet: a worklist, the most valuable first.
with

churn as (
    select * from {{ ref('customer_churn') }}
    where is_at_risk and not is_churned
),

customers as (
    select * from {{ ref('int_customers_classified') }}
    where not (is_test_record and {{ var('exclude_test_records') }})
),

engagement as (
    select * from {{ ref('customer_engagement') }}
),

health as (
    select * from {{ ref('customer_health') }}
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

contacts as (
    select * from {{ ref('dim_contacts') }}
),

-- Whom to call: the person of the organisation with the latest activity, if nobody opted out.
activities as (
    select
        customer_id,
        golden_contact_id,
        max(activity_date) as last_activity_date
    from {{ ref('bridge_activity_contacts') }}
    where
        not is_deleted
        and is_completed
        and activity_type <> 'note'
        and activity_date <= {{ as_of_date() }}
    group by 1, 2
),

people as (
    select
        contacts.golden_account_id,
        contacts.golden_contact_id,
        contacts.full_name,
        contacts.email,
        contacts.phone
    from contacts
    left join activities
        on contacts.golden_contact_id = activities.golden_contact_id
        and contacts.golden_account_id = activities.customer_id
    where
        contacts.golden_account_id is not null
        and not contacts.is_deleted
        and not coalesce(contacts.has_do_not_call, false)
    qualify row_number() over (
        partition by contacts.golden_account_id
        order by activities.last_activity_date desc nulls last, contacts.golden_contact_id
    ) = 1
),

final as (
    select
        churn.customer_id,
        coalesce(customers.golden_contact_id, people.golden_contact_id) as golden_contact_id,
        cast(row_number() over (order by churn.value_at_risk_reporting desc, churn.customer_id) as bigint) as priority_rank,
        customers.customer_name,
        coalesce(accounts.owner_name, persons.owner_name) as owner_name,
        coalesce(persons.full_name, people.full_name) as contact_name,
        coalesce(persons.email, people.email) as email,
        coalesce(persons.phone, people.phone) as phone,
        churn.setting,
        churn.churn_status,
        churn.risk_reasons,
        case
            when churn.churn_status = 'in_grace' then 'Win the renewal: it is late.'
            when churn.is_renewal_due then 'Prepare the renewal.'
            when engagement.open_ticket_count >= 3 then 'Settle the open tickets first.'
            when churn.setting = 'contractual' then 'Review use and value with the customer.'
            else 'Make an offer that fits the last purchase.'
        end as suggested_action,
        churn.churn_probability,
        churn.risk_decile,
        churn.value_at_risk_reporting,
        churn.mrr_reporting,
        health.health_score,
        engagement.days_since_last_activity,
        churn.covered_to_date,
        churn.last_purchase_date,
        churn.as_of_date
    from churn
    inner join customers
        on churn.customer_id = customers.customer_id
    left join engagement
        on churn.customer_id = engagement.customer_id
    left join health
        on churn.customer_id = health.customer_id
    left join accounts
        on customers.golden_account_id = accounts.golden_account_id
    left join contacts as persons
        on customers.golden_contact_id = persons.golden_contact_id
    left join people
        on customers.golden_account_id = people.golden_account_id
)

select * from final
