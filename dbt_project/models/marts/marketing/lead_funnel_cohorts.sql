-- Grain: one month in which leads came in and one lead source, or all of them.
with

leads as (
    select * from {{ ref('lead_funnel') }}
    where lead_date is not null
),

cycle as (
    select quantile_cont(days_lead_to_opportunity, 0.9) as days_p90 from leads
),

split as (
    select
        *,
        cast(date_trunc('month', lead_date) as date) as cohort_month_date,
        unnest([{'type': 'all', 'value': 'all'}, {'type': 'lead_source', 'value': lead_source}]) as segment
    from leads
),

cohorts as (
    select
        segment,
        cohort_month_date,
        count(*) as lead_count,
        count(*) filter (where is_mql) as mql_count,
        count(*) filter (where is_sql) as sql_count,
        count(*) filter (where is_opportunity) as opportunity_count,
        count(*) filter (where is_won) as won_count,
        count(*) filter (where is_disqualified) as disqualified_count,
        sum(won_amount_reporting) as won_amount,
        median(days_lead_to_mql) as days_lead_to_mql,
        median(days_lead_to_opportunity) as days_lead_to_opportunity,
        median(days_lead_to_won) as days_lead_to_won
    from split
    group by 1, 2
),

final as (
    select
        cohorts.segment.type as segment_type,
        cohorts.segment.value as segment,
        cast(cohorts.lead_count as bigint) as lead_count,
        cast(cohorts.mql_count as bigint) as mql_count,
        cast(cohorts.sql_count as bigint) as sql_count,
        cast(cohorts.opportunity_count as bigint) as opportunity_count,
        cast(cohorts.won_count as bigint) as won_count,
        cast(cohorts.disqualified_count as bigint) as disqualified_count,
        cast(cohorts.won_amount as decimal(18, 2)) as won_amount_reporting,
        {{ rate('cohorts.mql_count', 'cohorts.lead_count') }} as lead_to_mql_rate,
        {{ rate('cohorts.sql_count', 'cohorts.mql_count') }} as mql_to_sql_rate,
        {{ rate('cohorts.opportunity_count', 'cohorts.sql_count') }} as sql_to_opportunity_rate,
        {{ rate('cohorts.won_count', 'cohorts.opportunity_count') }} as opportunity_to_won_rate,
        {{ rate('cohorts.won_count', 'cohorts.lead_count') }} as lead_to_won_rate,
        cast(cohorts.days_lead_to_mql as decimal(18, 1)) as days_lead_to_mql_median,
        cast(cohorts.days_lead_to_opportunity as decimal(18, 1)) as days_lead_to_opportunity_median,
        cast(cohorts.days_lead_to_won as decimal(18, 1)) as days_lead_to_won_median,
        coalesce(
            last_day(cohorts.cohort_month_date) + cast(ceil(cycle.days_p90) as integer) <= {{ as_of_date() }}, false
        ) as is_mature,
        cohorts.cohort_month_date
    from cohorts
    cross join cycle
)

select * from final
