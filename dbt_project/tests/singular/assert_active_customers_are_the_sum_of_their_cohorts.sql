-- Every active customer belongs to exactly one cohort: the cells of a month must add up to the
-- customers who are active in it, or somebody is in two cohorts or in none.
{{ config(meta={'dagster': {'ref': {'name': 'cohort_retention', 'package_name': 'tidycrm'}}}) }}

with

cells as (
    select
        setting,
        month_date,
        sum(active_customers) as active_in_cohorts
    from {{ ref('cohort_retention') }}
    where is_complete
    group by 1, 2
),

months as (
    select
        setting,
        month_date,
        customers_end
    from {{ ref('churn_monthly') }}
    where is_complete
)

select
    months.setting,
    months.month_date,
    months.customers_end,
    cells.active_in_cohorts
from months
full outer join cells
    on months.setting = cells.setting
    and months.month_date = cells.month_date
where coalesce(months.customers_end, 0) <> coalesce(cells.active_in_cohorts, 0)
