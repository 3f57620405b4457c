-- Grain: one age in months of one cohort of customers of one setting. A cohort is everyone who became
-- active in the same month.
with

customer_months as (
    select * from {{ ref('fct_customer_month_mrr') }}
),

cohorts as (
    select
        customer_id,
        min(month_date) as cohort_month_date
    from customer_months
    where is_active
    group by 1
),

-- With a contract money is the recurring amount, without one what was paid in the month.
aged as (
    select
        customer_months.setting,
        cohorts.cohort_month_date,
        date_diff('month', cohorts.cohort_month_date, customer_months.month_date) as age_months,
        bool_and(customer_months.is_complete) as is_complete,
        count(*) as cohort_size,
        count(*) filter (where customer_months.is_active) as active_customers,
        sum(case
            when customer_months.setting = 'contractual' then customer_months.mrr_end
            else customer_months.revenue_reporting
        end) as revenue
    from customer_months
    inner join cohorts
        on customer_months.customer_id = cohorts.customer_id
    where customer_months.month_date >= cohorts.cohort_month_date
    group by 1, 2, 3
),

with_start as (
    select
        *,
        first(revenue) over (partition by setting, cohort_month_date order by age_months) as revenue_at_start,
        first(is_complete) over (partition by setting, cohort_month_date order by age_months) as is_start_complete
    from aged
),

final as (
    select
        {{ surrogate_key('co', "setting || '|' || cast(cohort_month_date as varchar) || '|' || cast(age_months as varchar)") }}
            as cohort_retention_id,
        setting,
        cast(age_months as bigint) as age_months,
        cast(cohort_size as bigint) as cohort_size,
        -- A month that is not over says nothing yet: unknown, not zero.
        cast(case when is_complete then active_customers end as bigint) as active_customers,
        cast(case when is_complete then revenue end as decimal(18, 2)) as revenue_reporting,
        {{ rate('active_customers', 'cohort_size', 'is_complete') }} as logo_retention_rate,
        {{ rate('revenue', 'revenue_at_start', 'is_complete and is_start_complete', precision=18) }} as revenue_retention_rate,
        is_complete,
        cohort_month_date,
        cast(cohort_month_date + to_months(cast(age_months as integer)) as date) as month_date
    from with_start
)

select * from final
