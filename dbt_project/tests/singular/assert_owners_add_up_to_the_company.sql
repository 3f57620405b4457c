-- Every deal has one owner, one manager and one team at a time, and one person once: each level of a
-- period adds up to the company.
{{ config(meta={'dagster': {'ref': {'name': 'sales_performance', 'package_name': 'tidycrm'}}}) }}

with

levels as (
    select
        period_type,
        period_start_date,
        level_type,
        sum(created_count) as created_count,
        sum(won_count) as won_count,
        sum(lost_count) as lost_count,
        sum(coalesce(open_count, 0)) as open_count,
        sum(won_amount_reporting) as won_amount,
        sum(coalesce(open_amount_reporting, 0)) as open_amount
    from {{ ref('sales_performance') }}
    group by 1, 2, 3
)

select levels.*
from levels
inner join levels as company
    on levels.period_type = company.period_type
    and levels.period_start_date = company.period_start_date
    and company.level_type = 'company'
where
    levels.created_count <> company.created_count
    or levels.won_count <> company.won_count
    or levels.lost_count <> company.lost_count
    or levels.open_count <> company.open_count
    or levels.won_amount <> company.won_amount
    or levels.open_amount <> company.open_amount
