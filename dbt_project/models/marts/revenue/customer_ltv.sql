-- Grain: one customer, as of the as-of date. The row 'unknown' holds revenue nobody could be named for.
with

customers as (
    select * from {{ ref('int_customers_classified') }}
),

revenue_events as (
    select * from {{ ref('fct_revenue_events') }}
    where is_counted
),

totals as (
    select
        customer_id,
        sum(amount_reporting) as historic_revenue,
        sum(case when amount_reporting > 0 then amount_reporting else 0 end) as gross_revenue,
        sum(case when amount_reporting < 0 then -amount_reporting else 0 end) as refunds,
        sum(margin_reporting) as historic_margin,
        count(*) filter (where amount > 0) as orders,
        min(case when amount > 0 then event_date end) as first_order_date,
        max(case when amount > 0 then event_date end) as last_order_date,
        bool_or(event_type <> 'won_deal') as has_billing
    from revenue_events
    group by 1
),

final as (
    select
        customers.customer_id,
        customers.customer_kind,
        cast(coalesce(totals.gross_revenue, 0) as decimal(18, 2)) as gross_revenue_reporting,
        cast(coalesce(totals.refunds, 0) as decimal(18, 2)) as refunds_reporting,
        cast(coalesce(totals.historic_revenue, 0) as decimal(18, 2)) as historic_revenue_reporting,
        cast(coalesce(totals.historic_margin, 0) as decimal(18, 2)) as historic_margin_reporting,
        cast(case when totals.orders > 0 then totals.gross_revenue / totals.orders end as decimal(18, 2))
            as average_order_reporting,
        cast(coalesce(totals.orders, 0) as bigint) as order_count,
        cast(date_diff('day', totals.first_order_date, {{ as_of_date() }}) as bigint) as tenure_days,
        case
            when totals.customer_id is null then 'no_revenue'
            when totals.has_billing then 'billing'
            else 'won_deals'
        end as ltv_method,
        'assumed' as margin_source,
        totals.first_order_date,
        totals.last_order_date,
        {{ as_of_date() }} as as_of_date
    from customers
    left join totals
        on customers.customer_id = totals.customer_id
)

select * from final
