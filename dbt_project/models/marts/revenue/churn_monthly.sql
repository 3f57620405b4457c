-- Grain: one calendar month of one setting (contractual, non_contractual).
with

customer_months as (
    select * from {{ ref('fct_customer_month_mrr') }}
),

monthly as (
    select
        month_date,
        setting,
        bool_and(is_complete) as is_complete,
        count(*) filter (where was_active) as customers_start,
        count(*) filter (where movement_type = 'new') as customers_new,
        count(*) filter (where movement_type = 'reactivation') as customers_reactivated,
        count(*) filter (where movement_type = 'churn') as customers_churned,
        count(*) filter (where churn_reason_type = 'voluntary') as customers_churned_voluntarily,
        count(*) filter (where churn_reason_type = 'involuntary') as customers_churned_involuntarily,
        count(*) filter (where is_active) as customers_end,
        count(*) filter (where is_late_renewal) as late_renewals,
        sum(mrr_start) as mrr_start,
        sum(mrr_new) as mrr_new,
        sum(mrr_reactivation) as mrr_reactivation,
        sum(mrr_expansion) as mrr_expansion,
        sum(mrr_contraction) as mrr_contraction,
        sum(mrr_churn) as mrr_churn,
        sum(mrr_end) as mrr_end
    from customer_months
    group by 1, 2
),

-- Twelve-month retention follows the customers of a year ago: it is not a product of monthly rates.
year_cohorts as (
    select
        this_month.month_date,
        this_month.setting,
        count(*) as customers_year_ago,
        count(*) filter (where this_month.is_active) as customers_retained,
        sum(year_ago.mrr_end) as mrr_year_ago,
        sum(this_month.mrr_end) as mrr_of_cohort,
        sum(least(this_month.mrr_end, year_ago.mrr_end)) as mrr_retained
    from customer_months as this_month
    inner join customer_months as year_ago
        on this_month.customer_id = year_ago.customer_id
        and this_month.month_date = cast(year_ago.month_date + to_months(12) as date)
    where year_ago.is_active
    group by 1, 2
),

final as (
    select
        {{ surrogate_key('ch', "cast(monthly.month_date as varchar) || '|' || monthly.setting") }} as churn_month_id,
        monthly.setting,
        cast(monthly.customers_start as bigint) as customers_start,
        cast(monthly.customers_new as bigint) as customers_new,
        cast(monthly.customers_reactivated as bigint) as customers_reactivated,
        cast(monthly.customers_churned as bigint) as customers_churned,
        cast(monthly.customers_churned_voluntarily as bigint) as customers_churned_voluntarily,
        cast(monthly.customers_churned_involuntarily as bigint) as customers_churned_involuntarily,
        cast(monthly.customers_end as bigint) as customers_end,
        cast(monthly.late_renewals as bigint) as late_renewals,
        cast(monthly.mrr_start as decimal(18, 2)) as mrr_start,
        cast(monthly.mrr_new as decimal(18, 2)) as mrr_new,
        cast(monthly.mrr_reactivation as decimal(18, 2)) as mrr_reactivation,
        cast(monthly.mrr_expansion as decimal(18, 2)) as mrr_expansion,
        cast(monthly.mrr_contraction as decimal(18, 2)) as mrr_contraction,
        cast(monthly.mrr_churn as decimal(18, 2)) as mrr_churn,
        cast(monthly.mrr_end as decimal(18, 2)) as mrr_end,
        -- Rates of a month that is not over, or that began with nothing, are unknown and not zero.
        {{ rate('monthly.customers_churned', 'monthly.customers_start', 'monthly.is_complete') }} as logo_churn_rate,
        {{ rate('monthly.mrr_churn + monthly.mrr_contraction', 'monthly.mrr_start', 'monthly.is_complete') }}
            as gross_revenue_churn_rate,
        {{ rate('monthly.mrr_churn + monthly.mrr_contraction - monthly.mrr_expansion', 'monthly.mrr_start', 'monthly.is_complete', precision=18) }}
            as net_revenue_churn_rate,
        {{ rate('monthly.mrr_start - monthly.mrr_churn - monthly.mrr_contraction', 'monthly.mrr_start', 'monthly.is_complete') }}
            as grr_rate,
        {{ rate(
            'monthly.mrr_start - monthly.mrr_churn - monthly.mrr_contraction + monthly.mrr_expansion',
            'monthly.mrr_start', 'monthly.is_complete', precision=18
        ) }}
            as nrr_rate,
        {{ rate('year_cohorts.customers_retained', 'year_cohorts.customers_year_ago', 'monthly.is_complete') }}
            as logo_retention_12_months_rate,
        {{ rate('year_cohorts.mrr_retained', 'year_cohorts.mrr_year_ago', 'monthly.is_complete') }} as grr_12_months_rate,
        {{ rate('year_cohorts.mrr_of_cohort', 'year_cohorts.mrr_year_ago', 'monthly.is_complete', precision=18) }} as nrr_12_months_rate,
        monthly.is_complete,
        monthly.month_date
    from monthly
    left join year_cohorts
        on monthly.month_date = year_cohorts.month_date
        and monthly.setting = year_cohorts.setting
)

select * from final
