-- Grain: one customer with a purchase, as of the as-of date.
with

-- Today and a quarter earlier are scored by the same text, each among the customers of its day.
days as (
    select {{ as_of_date() }} as scored_date, true as is_current
    union all
    select cast({{ as_of_date() }} - 90 as date) as scored_date, false as is_current
),

purchases as (
    select
        customer_id,
        event_date,
        amount,
        amount_reporting
    from {{ ref('fct_revenue_events') }}
    where is_counted and customer_id <> 'unknown'
),

measured as (
    select
        days.scored_date,
        days.is_current,
        purchases.customer_id,
        date_diff('day', max(case when purchases.amount > 0 then purchases.event_date end), days.scored_date)
            as days_since_purchase,
        count(distinct case
            when purchases.amount > 0 and purchases.event_date > days.scored_date - {{ var('rfm_window_days') }}
                then purchases.event_date
        end) as purchases,
        sum(case
            when purchases.event_date > days.scored_date - {{ var('rfm_window_days') }} then purchases.amount_reporting else 0
        end) as revenue
    from days
    inner join purchases
        on purchases.event_date <= days.scored_date
    group by 1, 2, 3
    having count(*) filter (where purchases.amount > 0) > 0
),

scored as (
    select
        *,
        {{ rank_score('-days_since_purchase', 'scored_date') }} as recency_score,
        {{ rank_score('purchases', 'scored_date') }} as frequency_score,
        {{ rank_score('revenue', 'scored_date') }} as monetary_score
    from measured
),

named as (
    select
        *,
        {{ rfm_segment('recency_score', '((frequency_score + monetary_score) / 2)') }} as segment
    from scored
),

final as (
    select
        today.customer_id,
        today.segment,
        earlier.segment as segment_90_days_ago,
        cast(today.days_since_purchase as bigint) as days_since_last_purchase,
        cast(today.purchases as bigint) as purchases_in_window_count,
        cast(today.revenue as decimal(18, 2)) as revenue_in_window_reporting,
        today.recency_score,
        today.frequency_score,
        today.monetary_score,
        {{ as_of_date() }} as as_of_date
    from named as today
    left join named as earlier
        on today.customer_id = earlier.customer_id
        and not earlier.is_current
    where today.is_current
)

select * from final
