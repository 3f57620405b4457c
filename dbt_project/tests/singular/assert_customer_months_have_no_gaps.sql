-- A month without a row would hide a churn: an inner join of purchases to months skips exactly the
-- months in which nothing happened. Every customer must have each month from the first to that of
-- the as-of date, once.
{{ config(meta={'dagster': {'ref': {'name': 'fct_customer_month_mrr', 'package_name': 'tidycrm'}}}) }}

select
    customer_id,
    count(*) as months,
    count(distinct month_date) as distinct_months,
    date_diff('month', min(month_date), date_trunc('month', {{ as_of_date() }})) + 1 as expected_months
from {{ ref('fct_customer_month_mrr') }}
group by customer_id
having count(*) <> date_diff('month', min(month_date), date_trunc('month', {{ as_of_date() }})) + 1
    or count(distinct month_date) <> count(*)
