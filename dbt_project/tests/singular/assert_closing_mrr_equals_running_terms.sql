-- The spine arrives at its last MRR month by month; the sum of the terms that cover the as-of date
-- must be the same money, computed without any spine.
{{ config(meta={'dagster': {'ref': {'name': 'fct_customer_month_mrr', 'package_name': 'tidycrm'}}}) }}

with

closing as (
    select coalesce(sum(mrr_end), 0) as mrr
    from {{ ref('fct_customer_month_mrr') }}
    where month_date = date_trunc('month', {{ as_of_date() }})
),

running as (
    select coalesce(sum(mrr_reporting), 0) as mrr
    from {{ ref('int_recurring_terms_selected') }}
    where start_date <= {{ as_of_date() }} and coalesce(end_date, date '9999-12-31') >= {{ as_of_date() }}
)

select
    closing.mrr as closing_mrr,
    running.mrr as running_mrr
from closing
cross join running
where closing.mrr <> running.mrr
