-- Grain: one customer who has ever been active, as of the as-of date.
with

customers as (
    select * from {{ ref('int_customers_classified') }}
    where customer_id <> 'unknown'
),

terms as (
    select * from {{ ref('int_recurring_terms_selected') }}
),

revenue_events as (
    select * from {{ ref('fct_revenue_events') }}
    where is_counted
),

-- An open-ended term covers every later day.
coverage as (
    select
        customer_id,
        max(coalesce(end_date, date '9999-12-31')) as covered_to_date,
        arg_max(
            end_reason,
            {'day': coalesce(end_date, date '9999-12-31'), 'key': source_record_key}
        ) as end_reason,
        sum(case
            when coalesce(end_date, date '9999-12-31') >= {{ as_of_date() }} then mrr_reporting
            else 0
        end) as mrr,
        any_value(evidence) as evidence
    from terms
    group by 1
),

last_term_mrr as (
    select
        terms.customer_id,
        sum(terms.mrr_reporting) as mrr_before_end
    from terms
    inner join coverage
        on terms.customer_id = coverage.customer_id
        and coalesce(terms.end_date, date '9999-12-31') = coverage.covered_to_date
    group by 1
),

purchases as (
    select
        customer_id,
        min(event_date) as first_purchase_date,
        max(event_date) as last_purchase_date,
        count(*) as purchase_count
    from revenue_events
    where amount > 0
    group by 1
),

revenue as (
    select
        customer_id,
        sum(amount_reporting) as historic_revenue_reporting
    from revenue_events
    group by 1
),

measured as (
    select
        customers.customer_id,
        customers.customer_kind,
        customers.setting,
        coalesce(coverage.evidence, 'purchases') as evidence,
        coverage.covered_to_date,
        coverage.end_reason,
        coalesce(coverage.mrr, 0) as mrr,
        coalesce(last_term_mrr.mrr_before_end, 0) as mrr_before_end,
        coalesce(revenue.historic_revenue_reporting, 0) as historic_revenue_reporting,
        purchases.first_purchase_date,
        purchases.last_purchase_date,
        coalesce(purchases.purchase_count, 0) as purchase_count,
        date_diff('day', purchases.last_purchase_date, {{ as_of_date() }}) as days_since_last_purchase,
        case
            when coverage.covered_to_date < {{ as_of_date() }}
                then date_diff('day', coverage.covered_to_date, {{ as_of_date() }})
        end as days_since_cover_ended
    from customers
    left join coverage
        on customers.customer_id = coverage.customer_id
    left join last_term_mrr
        on customers.customer_id = last_term_mrr.customer_id
    left join purchases
        on customers.customer_id = purchases.customer_id
    left join revenue
        on customers.customer_id = revenue.customer_id
    where coverage.customer_id is not null or purchases.customer_id is not null
),

judged as (
    select
        *,
        case
            when setting = 'contractual' and days_since_cover_ended is null then 'active'
            when setting = 'contractual' and days_since_cover_ended <= {{ var('churn_grace_days') }} then 'in_grace'
            when setting = 'contractual' then 'churned'
            when days_since_last_purchase <= {{ var('churn_inactive_days') }} then 'active'
            else 'churned'
        end as churn_status
    from measured
),

final as (
    select
        customer_id,
        customer_kind,
        setting,
        evidence,
        churn_status,
        case
            when churn_status <> 'churned' then null
            when setting = 'contractual' then coalesce(end_reason, 'term ended without renewal')
            else 'no purchase for more than {{ var("churn_inactive_days") }} days'
        end as churn_reason,
        cast(mrr as decimal(18, 2)) as mrr_reporting,
        cast(case when churn_status = 'churned' then mrr_before_end else 0 end as decimal(18, 2)) as mrr_lost_reporting,
        cast(historic_revenue_reporting as decimal(18, 2)) as historic_revenue_reporting,
        cast(purchase_count as bigint) as purchase_count,
        cast(days_since_last_purchase as bigint) as days_since_last_purchase,
        churn_status = 'churned' as is_churned,
        first_purchase_date,
        last_purchase_date,
        case when covered_to_date < date '9999-12-31' then covered_to_date end as covered_to_date,
        cast(case
            when churn_status <> 'churned' then null
            when setting = 'contractual' then covered_to_date + 1
            else last_purchase_date + {{ var('churn_inactive_days') }} + 1
        end as date) as churn_date,
        {{ as_of_date() }} as as_of_date
    from judged
)

select * from final
