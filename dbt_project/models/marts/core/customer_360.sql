-- Grain: one customer, everything about them in one wide row. The row 'unknown' is not here.
with

customers as (
    select * from {{ ref('dim_customers') }}
    where customer_id <> 'unknown'
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

contacts as (
    select * from {{ ref('dim_contacts') }}
),

ltv as (
    select * from {{ ref('customer_ltv') }}
),

churn as (
    select * from {{ ref('customer_churn') }}
),

health as (
    select * from {{ ref('customer_health') }}
),

rfm as (
    select * from {{ ref('customer_rfm') }}
),

engagement as (
    select * from {{ ref('customer_engagement') }}
),

-- A person without a company has no account: the deal's contact is the customer.
opportunities as (
    select
        coalesce(golden_account_id, golden_contact_id) as customer_id,
        count(*) filter (where status = 'open') as open_count,
        sum(amount_reporting) filter (where status = 'open') as open_amount,
        sum(weighted_amount_reporting) filter (where status = 'open') as open_weighted,
        min(close_date) filter (where status = 'open' and close_date >= {{ as_of_date() }}) as next_close_date,
        count(*) filter (where status = 'won') as won_count,
        max(close_date) filter (where status = 'won') as last_won_date
    from {{ ref('fct_opportunities') }}
    where is_counted
    group by 1
),

-- Whom one may write to. Unknown consent is not consent: it counts as neither.
people as (
    select
        golden_account_id,
        count(*) as contacts,
        count(*) filter (where email is not null and not coalesce(has_email_opt_out, false)) as mailable_contacts,
        count(*) filter (where has_email_opt_out) as opted_out_contacts
    from contacts
    where not is_deleted and not is_test_record and golden_account_id is not null
    group by 1
),

best_candidates as (
    select
        customer_id,
        product_name
    from {{ ref('customer_whitespace') }}
    qualify row_number() over (
        partition by customer_id order by expected_revenue_reporting desc nulls last, candidate_type, product_name
    ) = 1
),

final as (
    select
        customers.customer_id,
        customers.golden_account_id,
        customers.golden_contact_id,
        accounts.parent_golden_account_id,
        customers.customer_kind,
        customers.setting,
        customers.customer_name,
        coalesce(accounts.domain, persons.email_domain) as domain,
        coalesce(accounts.phone, persons.phone) as phone,
        persons.email,
        coalesce(accounts.city, persons.city) as city,
        customers.country_code,
        customers.industry,
        coalesce(accounts.owner_name, persons.owner_name) as owner_name,
        coalesce(churn.churn_status, 'never_active') as customer_stage,
        rfm.segment as rfm_segment,
        health.health_band,
        health.health_trend,
        churn.risk_reasons,
        ltv.ltv_method,
        ltv.prediction_method,
        best_candidates.product_name as next_best_product_name,
        accounts.employee_count,
        ltv.order_count,
        ltv.historic_revenue_reporting,
        ltv.historic_margin_reporting,
        ltv.predicted_revenue_12_months_reporting,
        ltv.predicted_revenue_36_months_reporting,
        ltv.lifetime_revenue_reporting,
        coalesce(churn.mrr_reporting, 0) as mrr_reporting,
        churn.churn_probability,
        churn.risk_decile,
        coalesce(churn.value_at_risk_reporting, 0) as value_at_risk_reporting,
        health.health_score,
        coalesce(opportunities.open_count, 0) as open_opportunity_count,
        cast(coalesce(opportunities.open_amount, 0) as decimal(18, 2)) as open_pipeline_reporting,
        cast(coalesce(opportunities.open_weighted, 0) as decimal(18, 2)) as open_pipeline_weighted_reporting,
        coalesce(opportunities.won_count, 0) as won_opportunity_count,
        engagement.open_ticket_count,
        engagement.activities_90_days_count,
        engagement.days_since_last_activity,
        case when customers.customer_kind = 'person' then 1 else coalesce(people.contacts, 0) end as contact_count,
        case
            when customers.customer_kind = 'person'
                then cast(persons.email is not null and not coalesce(persons.has_email_opt_out, false) as bigint)
            else coalesce(people.mailable_contacts, 0)
        end as mailable_contact_count,
        case
            when customers.customer_kind = 'person' then cast(coalesce(persons.has_email_opt_out, false) as bigint)
            else coalesce(people.opted_out_contacts, 0)
        end as opted_out_contact_count,
        coalesce(accounts.source_record_count, persons.source_record_count) as source_record_count,
        coalesce(accounts.source_system_count, persons.source_system_count) as source_system_count,
        customers.is_customer,
        customers.is_active,
        coalesce(churn.is_at_risk, false) as is_at_risk,
        coalesce(churn.is_renewal_due, false) as is_renewal_due,
        customers.is_test_record,
        customers.customer_since_date,
        ltv.last_order_date,
        churn.covered_to_date,
        churn.churn_date,
        engagement.last_activity_date,
        engagement.last_inbound_date,
        engagement.last_outbound_date,
        engagement.next_activity_date,
        opportunities.next_close_date,
        opportunities.last_won_date,
        {{ as_of_date() }} as as_of_date
    from customers
    left join accounts
        on customers.golden_account_id = accounts.golden_account_id
    left join contacts as persons
        on customers.golden_contact_id = persons.golden_contact_id
    left join ltv
        on customers.customer_id = ltv.customer_id
    left join churn
        on customers.customer_id = churn.customer_id
    left join health
        on customers.customer_id = health.customer_id
    left join rfm
        on customers.customer_id = rfm.customer_id
    left join engagement
        on customers.customer_id = engagement.customer_id
    left join opportunities
        on customers.customer_id = opportunities.customer_id
    left join people
        on customers.golden_account_id = people.golden_account_id
    left join best_candidates
        on customers.customer_id = best_candidates.customer_id
)

select * from final
