-- Grain: one fiscal quarter from the running one on, in which deals are expected to close.
with

open_deals as (
    select * from {{ ref('pipeline_daily') }}
    where snapshot_date = {{ as_of_date() }}
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
    where month_date = cast(date_trunc('month', {{ as_of_date() }} + to_months(1)) as date)
),

won as (
    select
        {{ fiscal_quarter_start('close_date') }} as quarter_start_date,
        count(*) as won_count,
        sum(amount_reporting) as won_amount
    from {{ ref('int_opportunity_outcomes_resolved') }}
    where status = 'won' and close_date <= {{ as_of_date() }}
    group by 1
),

-- Without quotas in any source, coverage compares with what a quarter has brought lately.
usual as (
    select sum(won_amount) / 4 as won_amount_per_quarter
    from won
    where
        quarter_start_date >= {{ fiscal_quarter_start(as_of_date()) }} - to_months(12)
        and quarter_start_date < {{ fiscal_quarter_start(as_of_date()) }}
),

backtest as (
    select
        forecast_method,
        avg(abs(error_amount_reporting)) / nullif(avg(actual_amount_reporting), 0) as error_rate
    from {{ ref('forecast_backtest') }}
    where months_elapsed = date_diff('month', {{ fiscal_quarter_start(as_of_date()) }}, {{ as_of_date() }})
    group by 1
),

expected as (
    select
        -- Overdue deals are expected in the running quarter; without a close date no quarter can be told.
        case when open_deals.close_date is not null then greatest(
            {{ fiscal_quarter_start('open_deals.close_date') }}, {{ fiscal_quarter_start(as_of_date()) }}
        ) end as quarter_start_date,
        count(*) as open_count,
        count(*) filter (where open_deals.is_overdue) as overdue_count,
        count(*) filter (where open_deals.amount_reporting is null) as without_amount_count,
        count(*) filter (where open_deals.probability_pct is null) as without_probability_count,
        sum(open_deals.amount_reporting) as open_amount,
        sum(open_deals.amount_reporting) filter (where open_deals.is_overdue) as overdue_amount,
        sum(open_deals.weighted_amount_reporting) as weighted_amount,
        sum(open_deals.amount_reporting * stage_rates.win_rate) as stage_rate_amount
    from open_deals
    inner join opportunities
        on open_deals.opportunity_id = opportunities.opportunity_id
    left join stage_rates
        on opportunities.source_name = stage_rates.source_name
        and coalesce(open_deals.stage_name, '(unknown)') = stage_rates.stage_name
    group by 1
),

quarters as (
    select quarter_start_date from expected
    union
    select {{ fiscal_quarter_start(as_of_date()) }} as quarter_start_date
),

final as (
    select
        coalesce({{ fiscal_quarter_name('quarters.quarter_start_date') }}, 'none') as close_quarter_name,
        cast(coalesce(expected.open_count, 0) as bigint) as open_count,
        cast(coalesce(expected.overdue_count, 0) as bigint) as overdue_count,
        cast(coalesce(expected.without_amount_count, 0) as bigint) as without_amount_count,
        cast(coalesce(expected.without_probability_count, 0) as bigint) as without_probability_count,
        cast(coalesce(won.won_count, 0) as bigint) as won_count,
        cast(coalesce(won.won_amount, 0) as decimal(18, 2)) as won_amount_reporting,
        cast(coalesce(expected.open_amount, 0) as decimal(18, 2)) as open_amount_reporting,
        cast(coalesce(expected.overdue_amount, 0) as decimal(18, 2)) as overdue_amount_reporting,
        cast(coalesce(expected.weighted_amount, 0) as decimal(18, 2)) as weighted_amount_reporting,
        cast(round(coalesce(expected.stage_rate_amount, 0), 2) as decimal(18, 2)) as stage_rate_amount_reporting,
        cast(round(coalesce(won.won_amount, 0) + coalesce(expected.weighted_amount, 0), 2) as decimal(18, 2))
            as forecast_probability_amount_reporting,
        cast(round(coalesce(won.won_amount, 0) + coalesce(expected.stage_rate_amount, 0), 2) as decimal(18, 2))
            as forecast_stage_rate_amount_reporting,
        cast(round(usual.won_amount_per_quarter, 2) as decimal(18, 2)) as usual_won_amount_reporting,
        cast(round(expected.open_amount / case when usual.won_amount_per_quarter > 0 then usual.won_amount_per_quarter end, 4) as decimal(18, 4))
            as coverage_rate,
        cast(round(expected.weighted_amount / case when usual.won_amount_per_quarter > 0 then usual.won_amount_per_quarter end, 4) as decimal(18, 4))
            as weighted_coverage_rate,
        -- Earlier quarters, forecast at the same point in the quarter; later quarters have no such record.
        cast(round(case when quarters.quarter_start_date = {{ fiscal_quarter_start(as_of_date()) }} then probability_backtest.error_rate end, 4)
            as decimal(18, 4)) as backtest_error_rate_probability,
        cast(round(case when quarters.quarter_start_date = {{ fiscal_quarter_start(as_of_date()) }} then stage_backtest.error_rate end, 4)
            as decimal(18, 4)) as backtest_error_rate_stage_rate,
        quarters.quarter_start_date as close_quarter_start_date
    from quarters
    left join expected
        on quarters.quarter_start_date is not distinct from expected.quarter_start_date
    left join won
        on quarters.quarter_start_date = won.quarter_start_date
    cross join usual
    left join backtest as probability_backtest
        on probability_backtest.forecast_method = 'probability'
    left join backtest as stage_backtest
        on stage_backtest.forecast_method = 'stage_win_rate'
)

select * from final
