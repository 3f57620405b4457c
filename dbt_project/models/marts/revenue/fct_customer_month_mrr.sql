-- Grain: one customer in one calendar month, without gaps from the customer's first month to the
-- month of the as-of date.
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

-- Every month is measured at its end; the month of the as-of date, if it is not over, at that day.
months as (
    select
        cast(month_start as date) as month_date,
        least(cast(last_day(month_start) as date), {{ as_of_date() }}) as measured_date,
        cast(last_day(month_start) as date) <= {{ as_of_date() }} as is_complete
    from (
        select unnest(generate_series(
            (
                select date_trunc('month', least(min(first_date), {{ as_of_date() }}))
                from (
                    select min(start_date) as first_date from terms
                    union all
                    select min(event_date) as first_date from revenue_events
                ) as first_dates
            ),
            cast(date_trunc('month', {{ as_of_date() }}) as timestamp),
            interval 1 month
        )) as month_start
    ) as series
),

first_months as (
    select
        customer_id,
        cast(date_trunc('month', min(first_date)) as date) as first_month_date
    from (
        select customer_id, min(start_date) as first_date from terms group by 1
        union all
        select customer_id, min(event_date) as first_date from revenue_events group by 1
    ) as first_dates
    group by 1
),

spine as (
    select
        customers.customer_id,
        customers.setting,
        months.month_date,
        months.measured_date,
        months.is_complete
    from customers
    inner join first_months
        on customers.customer_id = first_months.customer_id
    inner join months
        on first_months.first_month_date <= months.month_date
),

-- A term counts in a month when it covers the day of measurement, its last day included.
term_months as (
    select
        terms.customer_id,
        months.month_date,
        cast(sum(terms.mrr_reporting) as decimal(18, 2)) as mrr,
        min(terms.start_date) as covered_from_date,
        max(coalesce(terms.end_date, date '9999-12-31')) as covered_to_date,
        arg_max(
            terms.end_reason,
            {'day': coalesce(terms.end_date, date '9999-12-31'), 'key': terms.source_record_key}
        ) as end_reason
    from terms
    inner join months
        on terms.start_date <= months.measured_date
        and coalesce(terms.end_date, date '9999-12-31') >= months.measured_date
    group by 1, 2
),

revenue_months as (
    select
        customer_id,
        cast(date_trunc('month', event_date) as date) as month_date,
        cast(sum(amount_reporting) as decimal(18, 2)) as revenue_reporting,
        max(case when amount > 0 then event_date end) as last_purchase_date
    from revenue_events
    group by 1, 2
),

states as (
    select
        spine.customer_id,
        spine.setting,
        spine.month_date,
        spine.measured_date,
        spine.is_complete,
        cast(coalesce(term_months.mrr, 0) as decimal(18, 2)) as mrr_end,
        cast(coalesce(revenue_months.revenue_reporting, 0) as decimal(18, 2)) as revenue_reporting,
        term_months.covered_from_date,
        term_months.end_reason,
        case when term_months.mrr > 0 then term_months.covered_to_date end as covered_to_date,
        case
            when spine.setting = 'contractual' then coalesce(term_months.mrr, 0) > 0
            -- Without a contract a customer is active until the purchase is too long ago.
            else coalesce(
                date_diff(
                    'day',
                    max(revenue_months.last_purchase_date) over (
                        partition by spine.customer_id order by spine.month_date
                    ),
                    spine.measured_date
                ) <= {{ var('churn_inactive_days') }},
                false
            )
        end as is_active
    from spine
    left join term_months
        on spine.customer_id = term_months.customer_id
        and spine.month_date = term_months.month_date
    left join revenue_months
        on spine.customer_id = revenue_months.customer_id
        and spine.month_date = revenue_months.month_date
),

with_previous as (
    select
        *,
        cast(lag(mrr_end, 1, 0) over by_month as decimal(18, 2)) as mrr_start,
        lag(is_active, 1, false) over by_month as was_active,
        lag(end_reason) over by_month as previous_end_reason,
        coalesce(bool_or(is_active) over before_this_month, false) as was_ever_active,
        max(covered_to_date) over before_this_month as previous_covered_to_date
    from states
    window
        by_month as (partition by customer_id order by month_date),
        before_this_month as (
            partition by customer_id order by month_date rows between unbounded preceding and 1 preceding
        )
),

classified as (
    select
        *,
        case
            when is_active and not was_active and not was_ever_active then 'new'
            when is_active and not was_active then 'reactivation'
            when was_active and not is_active then 'churn'
            when mrr_end > mrr_start then 'expansion'
            when mrr_end < mrr_start then 'contraction'
            else 'none'
        end as movement_type
    from with_previous
),

final as (
    select
        {{ surrogate_key('cm', "customer_id || '|' || cast(month_date as varchar)") }} as customer_month_id,
        customer_id,
        setting,
        movement_type,
        case
            when movement_type <> 'churn' then null
            when setting = 'contractual' then {{ churn_reason_type('previous_end_reason') }}
            else 'silent'
        end as churn_reason_type,
        mrr_start,
        cast(case when movement_type = 'new' then mrr_end else 0 end as decimal(18, 2)) as mrr_new,
        cast(case when movement_type = 'reactivation' then mrr_end else 0 end as decimal(18, 2)) as mrr_reactivation,
        cast(case when movement_type = 'expansion' then mrr_end - mrr_start else 0 end as decimal(18, 2)) as mrr_expansion,
        cast(case when movement_type = 'contraction' then mrr_start - mrr_end else 0 end as decimal(18, 2)) as mrr_contraction,
        cast(case when movement_type = 'churn' then mrr_start else 0 end as decimal(18, 2)) as mrr_churn,
        mrr_end,
        revenue_reporting,
        was_active,
        is_active,
        coalesce(
            movement_type = 'reactivation'
            and setting = 'contractual'
            and date_diff('day', previous_covered_to_date, covered_from_date) <= {{ var('churn_grace_days') }} + 1,
            false
        ) as is_late_renewal,
        is_complete,
        month_date,
        measured_date
    from classified
)

select * from final
