-- Grain: one calendar month of one contract currency. Movements are in constant currency, at the latest
-- known rate; what the exchange rates did is one line of its own, so that it never looks like expansion.
with

customer_months as (
    select * from {{ ref('fct_customer_month_mrr') }}
    where setting = 'contractual'
),

terms as (
    select * from {{ ref('int_recurring_terms_selected') }}
),

fx_rates as (
    select * from {{ ref('stg_reference__fx_rates') }}
),

-- One currency for all months of a customer, or the bridge of a currency would not close.
currencies as (
    select
        customer_id,
        case when min(currency_code) = max(currency_code) then min(currency_code) else 'mixed' end as currency_code
    from terms
    group by 1
),

months as (
    select distinct month_date, measured_date from customer_months
),

-- The amounts that covered the day of measurement, per currency.
covered as (
    select
        months.month_date,
        months.measured_date,
        terms.customer_id,
        terms.currency_code,
        sum(terms.mrr) as mrr_amount,
        sum(terms.mrr_reporting) as mrr_constant
    from months
    inner join terms
        on terms.start_date <= months.measured_date
        and coalesce(terms.end_date, date '9999-12-31') >= months.measured_date
    group by 1, 2, 3, 4
),

-- Without a rate of that day the latest one stands in, which the column beside it counts.
translated as (
    select
        covered.month_date,
        currencies.currency_code,
        sum(coalesce({{ in_reporting_currency('covered.mrr_amount', 'covered.currency_code') }}, covered.mrr_constant))
            as mrr_at_month_rate,
        sum(case when {{ fx_rate('covered.currency_code') }} is null then covered.mrr_constant else 0 end)
            as mrr_without_month_rate
    from covered
    {{ fx_join('covered', 'currency_code', 'measured_date') }}
    inner join currencies
        on covered.customer_id = currencies.customer_id
    group by 1, 2
),

-- A year ago and now, of the same customers: never a product of monthly rates.
year_cohorts as (
    select
        this_month.month_date,
        currencies.currency_code,
        sum(year_ago.mrr_end) as mrr_year_ago,
        sum(this_month.mrr_end) as mrr_of_cohort,
        sum(least(this_month.mrr_end, year_ago.mrr_end)) as mrr_retained
    from customer_months as this_month
    inner join customer_months as year_ago
        on this_month.customer_id = year_ago.customer_id
        and this_month.month_date = cast(year_ago.month_date + to_months(12) as date)
    inner join currencies
        on this_month.customer_id = currencies.customer_id
    where year_ago.is_active
    group by 1, 2
),

monthly as (
    select
        customer_months.month_date,
        currencies.currency_code,
        bool_and(customer_months.is_complete) as is_complete,
        count(*) filter (where customer_months.was_active) as customers_start,
        count(*) filter (where customer_months.movement_type = 'new') as customers_new,
        count(*) filter (where customer_months.movement_type = 'reactivation') as customers_reactivated,
        count(*) filter (where customer_months.movement_type = 'churn') as customers_churned,
        count(*) filter (where customer_months.is_active) as customers_end,
        sum(customer_months.mrr_start) as mrr_start,
        sum(customer_months.mrr_new) as mrr_new,
        sum(customer_months.mrr_reactivation) as mrr_reactivation,
        sum(customer_months.mrr_expansion) as mrr_expansion,
        sum(customer_months.mrr_contraction) as mrr_contraction,
        sum(customer_months.mrr_churn) as mrr_churn,
        sum(customer_months.mrr_end) as mrr_end
    from customer_months
    inner join currencies
        on customer_months.customer_id = currencies.customer_id
    group by 1, 2
),

joined as (
    select
        monthly.*,
        coalesce(translated.mrr_at_month_rate, 0) as mrr_end_at_month_rate,
        coalesce(translated.mrr_without_month_rate, 0) as mrr_without_month_rate,
        lag(coalesce(translated.mrr_at_month_rate, 0), 1, 0) over (
            partition by monthly.currency_code order by monthly.month_date
        ) as mrr_start_at_month_rate
    from monthly
    left join translated
        on monthly.month_date = translated.month_date
        and monthly.currency_code = translated.currency_code
),

final as (
    select
        {{ surrogate_key('mm', "cast(joined.month_date as varchar) || '|' || joined.currency_code") }} as mrr_movement_id,
        joined.currency_code,
        cast(joined.customers_start as bigint) as customers_start,
        cast(joined.customers_new as bigint) as customers_new,
        cast(joined.customers_reactivated as bigint) as customers_reactivated,
        cast(joined.customers_churned as bigint) as customers_churned,
        cast(joined.customers_end as bigint) as customers_end,
        cast(joined.mrr_start_at_month_rate as decimal(18, 2)) as mrr_start,
        cast(joined.mrr_new as decimal(18, 2)) as mrr_new,
        cast(joined.mrr_reactivation as decimal(18, 2)) as mrr_reactivation,
        cast(joined.mrr_expansion as decimal(18, 2)) as mrr_expansion,
        cast(joined.mrr_contraction as decimal(18, 2)) as mrr_contraction,
        cast(joined.mrr_churn as decimal(18, 2)) as mrr_churn,
        -- All of the change that the movements do not explain is the exchange rates' doing.
        cast(
            (joined.mrr_end_at_month_rate - joined.mrr_start_at_month_rate) - (joined.mrr_end - joined.mrr_start)
            as decimal(18, 2)
        ) as mrr_fx,
        cast(joined.mrr_end_at_month_rate as decimal(18, 2)) as mrr_end,
        cast(joined.mrr_end as decimal(18, 2)) as mrr_end_constant_currency,
        cast(joined.mrr_without_month_rate as decimal(18, 2)) as mrr_without_month_rate,
        {{ rate('joined.customers_churned', 'joined.customers_start', 'joined.is_complete') }} as logo_churn_rate,
        {{ rate('joined.mrr_start - joined.mrr_churn - joined.mrr_contraction', 'joined.mrr_start', 'joined.is_complete') }}
            as grr_rate,
        {{ rate(
            'joined.mrr_start - joined.mrr_churn - joined.mrr_contraction + joined.mrr_expansion',
            'joined.mrr_start', 'joined.is_complete', precision=18
        ) }}
            as nrr_rate,
        {{ rate('year_cohorts.mrr_retained', 'year_cohorts.mrr_year_ago', 'joined.is_complete') }} as grr_12_months_rate,
        {{ rate('year_cohorts.mrr_of_cohort', 'year_cohorts.mrr_year_ago', 'joined.is_complete', precision=18) }} as nrr_12_months_rate,
        joined.is_complete,
        joined.month_date
    from joined
    left join year_cohorts
        on joined.month_date = year_cohorts.month_date
        and joined.currency_code = year_cohorts.currency_code
)

select * from final
