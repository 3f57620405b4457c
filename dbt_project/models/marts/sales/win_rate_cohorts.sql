-- Grain: one month of creation and one segment of deals.
with

outcomes as (
    select * from {{ ref('int_opportunity_outcomes_resolved') }}
),

-- A cohort is mature once nine of ten deals that were ever decided would have been decided by now.
cycle as (
    select quantile_cont(days_to_close, 0.9) as days_to_close_p90 from outcomes where status <> 'open'
),

segmented as (
    select
        outcomes.*,
        cast(date_trunc('month', outcomes.started_date) as date) as cohort_month_date,
        unnest([
            {'segment_type': 'all', 'segment': 'all'},
            {'segment_type': 'source_name', 'segment': outcomes.source_name},
            {'segment_type': 'lead_source', 'segment': coalesce(outcomes.lead_source, '(unknown)')},
            {'segment_type': 'opportunity_type', 'segment': coalesce(outcomes.opportunity_type, '(unknown)')}
        ]) as split
    from outcomes
    where outcomes.has_created_at
),

cohorts as (
    select
        split.segment_type,
        split.segment,
        cohort_month_date,
        count(*) as created_count,
        count(*) filter (where status = 'won') as won_count,
        count(*) filter (where status = 'lost') as lost_count,
        count(*) filter (where status = 'open') as open_count,
        coalesce(sum(amount_reporting), 0) as amount_reporting,
        coalesce(sum(amount_reporting) filter (where status = 'won'), 0) as won_amount_reporting,
        coalesce(sum(amount_reporting) filter (where status = 'lost'), 0) as lost_amount_reporting,
        -- A negative amount is no deal to win; it stays in the totals and out of the rate.
        coalesce(sum(amount_reporting) filter (where status = 'won' and amount_reporting > 0), 0) as won_positive_amount,
        coalesce(sum(amount_reporting) filter (where status <> 'open' and amount_reporting > 0), 0) as decided_positive_amount,
        median(days_to_close) filter (where status = 'won') as days_to_close_median,
        quantile_cont(days_to_close, 0.75) filter (where status = 'won') as days_to_close_p75
    from segmented
    group by 1, 2, 3
),

final as (
    select
        cohorts.segment_type,
        cohorts.segment,
        cast(cohorts.created_count as bigint) as created_count,
        cast(cohorts.won_count as bigint) as won_count,
        cast(cohorts.lost_count as bigint) as lost_count,
        cast(cohorts.open_count as bigint) as open_count,
        cast(cohorts.amount_reporting as decimal(18, 2)) as created_amount_reporting,
        cast(cohorts.won_amount_reporting as decimal(18, 2)) as won_amount_reporting,
        cast(cohorts.lost_amount_reporting as decimal(18, 2)) as lost_amount_reporting,
        {{ rate('cohorts.won_count', '(cohorts.won_count + cohorts.lost_count)') }} as win_rate_count,
        {{ rate('cohorts.won_positive_amount', 'cohorts.decided_positive_amount') }} as win_rate_amount,
        {{ rate('(cohorts.won_count + cohorts.lost_count)', 'cohorts.created_count') }} as decided_rate,
        cast(cohorts.days_to_close_median as decimal(18, 1)) as days_to_close_median,
        cast(cohorts.days_to_close_p75 as decimal(18, 1)) as days_to_close_p75,
        coalesce(
            last_day(cohorts.cohort_month_date) + cast(ceil(cycle.days_to_close_p90) as integer) <= {{ as_of_date() }}, false
        ) as is_mature,
        cohorts.cohort_month_date
    from cohorts
    cross join cycle
)

select * from final
