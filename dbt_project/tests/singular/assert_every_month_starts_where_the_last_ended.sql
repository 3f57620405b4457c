-- Within a month the movements close by a test of their own; this one closes the chain, so that no
-- money appears or vanishes between two months.
{{ config(meta={'dagster': {'ref': {'name': 'fct_customer_month_mrr', 'package_name': 'tidycrm'}}}) }}

with

chained as (
    select
        customer_id,
        month_date,
        mrr_start,
        lag(mrr_end, 1, 0) over (partition by customer_id order by month_date) as previous_mrr_end
    from {{ ref('fct_customer_month_mrr') }}
)

select *
from chained
where mrr_start <> previous_mrr_end
