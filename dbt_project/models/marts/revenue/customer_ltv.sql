-- Grain: one customer, as of the as-of date. The row 'unknown' holds revenue nobody could be named for.
with

customers as (
    select * from {{ ref('int_customers_classified') }}
),

terms as (
    select * from {{ ref('int_recurring_terms_selected') }}
),

predictions as (
    select * from {{ ref('int_customers_predicted') }}
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
    from {{ ref('fct_revenue_events') }}
    where is_counted
    group by 1
),

-- All terms of a customer rest on the same evidence: the best there is.
evidence as (
    select
        customer_id,
        any_value(evidence) as evidence
    from terms
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
        -- The ladder for CRMs without billing: the best evidence that the customer has.
        case
            when totals.has_billing or evidence.evidence in ('subscription', 'invoice_period') then 'billing'
            when evidence.evidence = 'contract_term' then 'contract_term'
            when evidence.evidence = 'assumed_term' then 'assumed_term'
            when totals.orders > 1 then 'repeat_deals'
            when totals.orders = 1 then 'insufficient_data'
            else 'no_revenue'
        end as ltv_method,
        'assumed' as margin_source,
        -- What nobody could be named for, and who has not bought anything, has no future to predict.
        coalesce(predictions.method, 'not_predicted') as prediction_method,
        predictions.model_run_id,
        predictions.predicted_revenue_12m as predicted_revenue_12_months_reporting,
        predictions.predicted_revenue_36m as predicted_revenue_36_months_reporting,
        predictions.predicted_margin_12m as predicted_margin_12_months_reporting,
        predictions.predicted_margin_36m as predicted_margin_36_months_reporting,
        cast(
            coalesce(totals.historic_revenue, 0) + coalesce(predictions.predicted_revenue_36m, 0) as decimal(18, 2)
        ) as lifetime_revenue_reporting,
        cast(
            coalesce(totals.historic_margin, 0) + coalesce(predictions.predicted_margin_36m, 0) as decimal(18, 2)
        ) as lifetime_margin_reporting,
        cast(predictions.expected_purchases_12m as decimal(18, 6)) as expected_purchases_12_months,
        cast(predictions.probability_no_purchase_90 as decimal(9, 6)) as no_purchase_90_days_probability,
        cast(predictions.probability_no_purchase_180 as decimal(9, 6)) as no_purchase_180_days_probability,
        cast(predictions.probability_no_purchase_365 as decimal(9, 6)) as no_purchase_365_days_probability,
        coalesce(predictions.evidence_count, 0) as evidence_count,
        totals.first_order_date,
        totals.last_order_date,
        {{ as_of_date() }} as as_of_date
    from customers
    left join totals
        on customers.customer_id = totals.customer_id
    left join evidence
        on customers.customer_id = evidence.customer_id
    left join predictions
        on customers.customer_id = predictions.customer_key
)

select * from final
