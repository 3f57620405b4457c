-- The waterfall adds up changes, the daily pipeline looks at each day: two ways to the same number, to
-- the cent and to the deal, for every end of a month and the as-of date.
{{ config(meta={'dagster': {'ref': {'name': 'pipeline_waterfall', 'package_name': 'tidycrm'}}}) }}

with

by_changes as (
    select
        month_date,
        close_quarter_name,
        end_amount_reporting,
        end_count
    from {{ ref('pipeline_waterfall') }}
),

by_days as (
    select
        cast(date_trunc('month', snapshot_date) as date) as month_date,
        coalesce({{ fiscal_quarter_name(fiscal_quarter_start('close_date')) }}, 'none') as close_quarter_name,
        coalesce(sum(amount_reporting), 0) as end_amount_reporting,
        count(*) as end_count
    from {{ ref('pipeline_daily') }}
    where is_month_end or snapshot_date = {{ as_of_date() }}
    group by 1, 2
)

select
    by_changes.month_date as waterfall_month_date,
    by_days.month_date as snapshot_month_date,
    by_changes.end_amount_reporting as waterfall_amount,
    by_days.end_amount_reporting as snapshot_amount
from by_changes
full outer join by_days
    on by_changes.month_date = by_days.month_date
    and by_changes.close_quarter_name = by_days.close_quarter_name
where
    coalesce(by_changes.month_date, by_days.month_date)
        >= date_trunc('month', {{ as_of_date() }} - to_months({{ var('pipeline_history_months') }}))
    and (
        coalesce(by_changes.end_amount_reporting, 0) <> coalesce(by_days.end_amount_reporting, 0)
        or coalesce(by_changes.end_count, 0) <> coalesce(by_days.end_count, 0)
    )
