-- Grain: one Salesforce opportunity on one day of the last weeks, open or closed within them.
with

opportunities as (
    select
        opportunity_id,
        source_record_id,
        source_record_key,
        source_name
    from {{ ref('int_opportunities_deduplicated') }}
    where is_primary and source_type = 'salesforce'
),

versions as (
    select * from {{ ref('int_opportunity_versions_rebuilt') }}
    where source_type = 'salesforce' and (valid_to_date is null or valid_to_date > valid_from_date)
),

days as (
    select date_day from {{ ref('dim_dates') }}
    where date_day between {{ as_of_date() }} - {{ var('pipeline_daily_days') }} + 1 and {{ as_of_date() }}
),

final as (
    select
        opportunities.source_record_key || ':' || days.date_day as opportunity_day_id,
        days.date_day,
        opportunities.source_record_id as opportunity_id,
        versions.stage_name,
        versions.amount,
        versions.probability_pct as probability,
        versions.close_date,
        versions.status <> 'open' as is_closed,
        versions.status = 'won' as is_won,
        substr(versions.owner_source_record_key, length(opportunities.source_name) + length(':user:') + 1) as owner_id,
        opportunities.source_name as source_relation
    from versions
    inner join opportunities
        on versions.opportunity_id = opportunities.opportunity_id
    inner join days
        on versions.valid_from_date <= days.date_day
        and coalesce(versions.valid_to_date, date '9999-12-31') > days.date_day
    -- A deal closed before the window no longer changes: the table would repeat it every day.
    where versions.status = 'open' or versions.valid_from_date > {{ as_of_date() }} - {{ var('pipeline_daily_days') }}
)

select * from final
