-- Grain: one complete fiscal quarter, one month of it in which the forecast was made, and one method.
-- Each forecast uses only what was known on its snapshot day: open deals, probabilities and win rates of that day.
with

snapshots as (
    select
        *,
        {{ fiscal_quarter_start('snapshot_date + 1') }} as quarter_start_date
    from {{ ref('pipeline_daily') }}
    where is_month_end
),

opportunities as (
    select
        opportunity_id,
        source_name
    from {{ ref('int_opportunities_deduplicated') }}
    where is_primary
),

stage_rates as (
    select * from {{ ref('int_stage_win_rates_estimated') }}
),

won as (
    select
        amount_reporting,
        decided_date,
        {{ fiscal_quarter_start('close_date') }} as quarter_start_date
    from {{ ref('int_opportunity_outcomes_resolved') }}
    where status = 'won' and close_date <= {{ as_of_date() }}
),

won_by_quarter as (
    select
        quarter_start_date,
        sum(amount_reporting) as won_amount
    from won
    group by 1
),

forecast_days as (
    select
        quarter_start_date,
        months_elapsed,
        cast(quarter_start_date + to_months(cast(months_elapsed as integer)) as date) - 1 as snapshot_date
    from (
        select distinct {{ fiscal_quarter_start('month_date') }} as quarter_start_date
        from stage_rates
    ) as quarters
    cross join unnest([0, 1, 2]) as months(months_elapsed)
    -- The first month of the window has no snapshot of the day before it.
    where
        quarter_start_date + to_months(3) <= {{ as_of_date() }} + 1
        and quarter_start_date > date_trunc('month', {{ as_of_date() }} - to_months({{ var('pipeline_history_months') }}))
),

won_so_far as (
    select
        forecast_days.snapshot_date,
        coalesce(sum(won.amount_reporting), 0) as won_amount
    from forecast_days
    left join won
        on forecast_days.quarter_start_date = won.quarter_start_date
        and forecast_days.snapshot_date >= won.decided_date
    group by 1
),

-- A deal past its close date is expected in the running quarter.
open_deals as (
    select
        snapshots.snapshot_date,
        count(*) as open_count,
        count(*) filter (where snapshots.probability_pct is null) as without_probability_count,
        sum(snapshots.amount_reporting) as open_amount,
        sum(snapshots.weighted_amount_reporting) as weighted_amount,
        sum(snapshots.amount_reporting * stage_rates.win_rate) as stage_rate_amount
    from snapshots
    inner join opportunities
        on snapshots.opportunity_id = opportunities.opportunity_id
    left join stage_rates
        on opportunities.source_name = stage_rates.source_name
        and coalesce(snapshots.stage_name, '(unknown)') = stage_rates.stage_name
        and snapshots.snapshot_date + 1 = stage_rates.month_date
    where snapshots.close_date < snapshots.quarter_start_date + to_months(3)
    group by 1
),

compared as (
    select
        forecast_days.*,
        methods.method,
        coalesce(open_deals.open_count, 0) as open_count,
        coalesce(open_deals.without_probability_count, 0) as without_probability_count,
        coalesce(open_deals.open_amount, 0) as open_amount,
        won_so_far.won_amount as won_so_far_amount,
        case methods.method
            when 'probability' then won_so_far.won_amount + coalesce(open_deals.weighted_amount, 0)
            when 'stage_win_rate' then won_so_far.won_amount + coalesce(open_deals.stage_rate_amount, 0)
            else coalesce(previous_quarter.won_amount, 0)
        end as forecast_amount,
        coalesce(won_by_quarter.won_amount, 0) as actual_amount
    from forecast_days
    cross join (select unnest(['probability', 'stage_win_rate', 'previous_quarter']) as method) as methods
    inner join won_so_far
        on forecast_days.snapshot_date = won_so_far.snapshot_date
    left join open_deals
        on forecast_days.snapshot_date = open_deals.snapshot_date
    left join won_by_quarter
        on forecast_days.quarter_start_date = won_by_quarter.quarter_start_date
    left join won_by_quarter as previous_quarter
        on forecast_days.quarter_start_date - to_months(3) = previous_quarter.quarter_start_date
),

final as (
    select
        {{ fiscal_quarter_name('quarter_start_date') }} as close_quarter_name,
        method as forecast_method,
        cast(months_elapsed as bigint) as months_elapsed,
        cast(open_count as bigint) as open_count,
        cast(without_probability_count as bigint) as without_probability_count,
        cast(open_amount as decimal(18, 2)) as open_amount_reporting,
        cast(won_so_far_amount as decimal(18, 2)) as won_so_far_amount_reporting,
        cast(round(forecast_amount, 2) as decimal(18, 2)) as forecast_amount_reporting,
        cast(actual_amount as decimal(18, 2)) as actual_amount_reporting,
        cast(round(forecast_amount, 2) as decimal(18, 2)) - cast(actual_amount as decimal(18, 2)) as error_amount_reporting,
        cast(round((forecast_amount - actual_amount) / case when actual_amount > 0 then actual_amount end, 4) as decimal(18, 4)) as error_rate,
        snapshot_date,
        quarter_start_date as close_quarter_start_date
    from compared
)

select * from final
