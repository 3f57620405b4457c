-- Within a month the movements close by a test of their own; this one closes the chain. A quarter may
-- leave no row for a month in which it had no deals, so a gap must lie between zeros.
{{ config(meta={'dagster': {'ref': {'name': 'pipeline_waterfall', 'package_name': 'tidycrm'}}}) }}

with

chained as (
    select
        close_quarter_name,
        month_date,
        start_amount_reporting,
        start_count,
        lag(end_amount_reporting, 1, 0) over by_month as previous_end_amount,
        lag(end_count, 1, 0) over by_month as previous_end_count
    from {{ ref('pipeline_waterfall') }}
    window by_month as (partition by close_quarter_name order by month_date)
)

select *
from chained
where start_amount_reporting <> previous_end_amount or start_count <> previous_end_count
