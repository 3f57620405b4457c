"""The executive report of a publication: read its figures, write the page.

Wiring between the published file and `hygiene.reporting`. Every figure comes from the
file itself, so the report cannot say more than an analyst can find there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import duckdb

from hygiene.quality.scorecard import dimension_scores, overall_score
from hygiene.reporting.executive_report import render_executive_report
from hygiene.reporting.executive_sections import ExecutiveFigures
from orchestration.errors import PipelineError
from orchestration.home import Home, replace_text

_AS_OF: Final = "(select any_value(as_of_date) from publication)"

_HEADLINE: Final = f"""
with
today as (select {_AS_OF} as as_of_date),
revenue as (
    select
        sum(amount_reporting) filter (where event_date > as_of_date - interval 1 year) as now,
        sum(amount_reporting) filter (where event_date <= as_of_date - interval 1 year) as before
    from fct_revenue_events cross join today
    where is_counted and event_date <= as_of_date and event_date > as_of_date - interval 2 year
),
mrr as (
    select
        sum(mrr_end) filter (where month_date = date_trunc('month', as_of_date)) as now,
        sum(mrr_end) filter (
            where month_date = date_trunc('month', as_of_date) - interval 1 year
        ) as before
    from mrr_movements cross join today
),
kept as (
    select grr_12_months_rate as grr, nrr_12_months_rate as nrr
    from churn_monthly
    where setting = 'contractual' and is_complete
    order by month_date desc
    limit 1
),
risk as (
    select count(*) as customers, sum(value_at_risk_reporting) as amount
    from customer_churn
    where is_at_risk
),
pipeline as (
    select sum(amount_reporting) as open, sum(weighted_amount_reporting) as weighted
    from fct_opportunities
    where status = 'open' and is_counted
),
sales as (
    select win_rate_count, won_amount_reporting
    from sales_performance
    where period_type = 'trailing_year' and level_type = 'company'
    limit 1
)
select
    coalesce((select now from revenue), 0) as revenue_12_months,
    (select before from revenue) as revenue_12_months_before,
    (select count(*) from dim_customers where is_customer) as customers,
    (select count(*) from dim_customers where is_customer and is_active) as customers_active,
    (select now from mrr) as mrr,
    (select before from mrr) as mrr_12_months_ago,
    (select grr from kept) as grr_12_months,
    (select nrr from kept) as nrr_12_months,
    coalesce((select amount from risk), 0) as value_at_risk,
    (select customers from risk) as customers_at_risk,
    coalesce((select open from pipeline), 0) as pipeline_open,
    (select weighted from pipeline) as pipeline_weighted,
    (select win_rate_count from sales) as win_rate,
    (select won_amount_reporting from sales) as won_12_months
"""

_MONTHS: Final = f"""
with
spine as (
    select cast(unnest(generate_series(
        date_trunc('month', {_AS_OF}) - interval 23 month,
        date_trunc('month', {_AS_OF}), interval 1 month
    )) as date) as month_date
),
revenue as (
    select date_trunc('month', event_date)::date as month_date, sum(amount_reporting) as amount
    from fct_revenue_events
    where is_counted and event_date <= {_AS_OF}
    group by 1
),
churn as (
    select
        month_date,
        sum(customers_new + customers_reactivated) as won,
        sum(customers_churned) as lost,
        sum(customers_churned) / nullif(sum(customers_start), 0) as logo_churn_rate,
        any_value(grr_rate) filter (where setting = 'contractual') as grr_rate,
        any_value(nrr_rate) filter (where setting = 'contractual') as nrr_rate
    from churn_monthly
    where setting in ('contractual', 'non_contractual')
    group by 1
)
select
    strftime(month_date, '%b %y') as month,
    coalesce(amount, 0)::double as revenue,
    coalesce(won, 0)::double as customers_new,
    coalesce(lost, 0)::double as customers_lost,
    logo_churn_rate::double as logo_churn_rate,
    grr_rate::double as grr_rate,
    nrr_rate::double as nrr_rate,
    month_date < date_trunc('month', {_AS_OF} + 1) as is_complete
from spine
left join revenue using (month_date)
left join churn using (month_date)
order by month_date
"""

_MRR: Final = f"""
with months as (
    select
        month_date, sum(mrr_start) as first, sum(mrr_new) as new,
        sum(mrr_reactivation) as back, sum(mrr_expansion) as grown,
        -sum(mrr_contraction) as shrunk, -sum(mrr_churn) as lost, sum(mrr_fx) as fx,
        sum(mrr_end) as last
    from mrr_movements
    where is_complete and month_date >= date_trunc('month', {_AS_OF} + 1) - interval 12 month
    group by 1
)
select
    arg_min(first, month_date), sum(new), sum(back), sum(grown), sum(shrunk), sum(lost),
    sum(fx), arg_max(last, month_date)
from months
"""
_MRR_STEPS: Final = (
    ("a year ago", True), ("new", False), ("back", False), ("grown", False),
    ("shrunk", False), ("lost", False), ("currency", False), ("now", True),
)  # fmt: skip

_SEGMENTS: Final = """
select segment, count(*) as customers, sum(revenue_in_window_reporting)::double as revenue
from customer_rfm
group by 1
order by revenue desc, segment
"""

_RISKS: Final = """
with reasons as (
    select
        value_at_risk_reporting as amount,
        unnest(string_split(risk_reasons, '; ')) as reason
    from customer_churn
    where is_at_risk
)
select
    case
        when reason like 'contract ended%' then 'contract ended without renewal'
        when reason like 'contract ends%' then 'contract ends soon'
        when reason like '%invoices%' then 'invoices overdue'
        when reason like 'no purchase for%' then 'silent for its own rhythm'
        when reason like 'no contact for%' then 'nobody has been in touch'
        when reason like '%open tickets' then 'many open tickets'
        when reason like 'the model expects%' then 'the model expects it'
        else reason
    end as reason,
    count(*) as customers,
    coalesce(sum(amount), 0)::double as value
from reasons
group by 1
order by value desc, reason
"""

_STAGES: Final = """
select
    coalesce(stage_name, '(none)') as stage, count(*) as deals,
    coalesce(sum(amount_reporting), 0)::double as amount
from fct_opportunities
where status = 'open' and is_counted
group by 1
order by amount desc, stage
limit 10
"""

_QUARTERS: Final = """
select
    coalesce(close_quarter_name, 'no date') as quarter,
    won_amount_reporting::double as won,
    open_amount_reporting::double as open,
    forecast_stage_rate_amount_reporting::double as forecast,
    backtest_error_rate_stage_rate::double as usual_error,
    usual_won_amount_reporting::double as usual_won
from pipeline_forecast
where close_quarter_start_date is not null
order by close_quarter_start_date
limit 4
"""

_PIPELINE_MONTH: Final = """
select
    strftime(month_date, '%B %Y') as month,
    sum(start_amount_reporting)::double as start_amount,
    sum(created_amount_reporting + reopened_amount_reporting)::double as created_amount,
    sum(up_amount_reporting - down_amount_reporting)::double as grown_amount,
    sum(
        pulled_in_amount_reporting + slipped_in_amount_reporting
        - pulled_out_amount_reporting - slipped_out_amount_reporting
    )::double as moved_amount,
    -sum(won_amount_reporting)::double as won_amount,
    -sum(lost_amount_reporting)::double as lost_amount,
    sum(end_amount_reporting)::double as end_amount
from pipeline_waterfall
where is_complete
group by month_date
order by month_date desc
limit 1
"""

_OWNERS: Final = """
select
    performer_name as name, won_count as won, won_amount_reporting::double as amount,
    win_rate_count::double as win_rate, days_to_close_median::double as days
from sales_performance
where period_type = 'trailing_year' and level_type = 'owner' and won_count > 0
order by won_amount_reporting desc, performer_name
limit 8
"""

_CLEANING: Final = """
select
    metric, unit_type as unit, value_without_hygiene::double as before,
    value_with_hygiene::double as after
from money_impact_of_hygiene
order by metric_order
"""

_MODELS: Final = """
select
    setting, method, holdout_auc::double as auc, holdout_brier::double as brier,
    holdout_brier_base::double as brier_base, holdout_customer_count as customers,
    coalesce(is_leak_suspected, false) as leak
from model_runs
where setting in ('contractual', 'non_contractual')
order by setting
"""

_STALE: Final = """
select distinct split_part(item_name, '/', 1)
from publication
where item_type = 'source' and is_stale
order by 1
"""

_SCORES: Final = """
select * from data_quality_scorecard
where run_id = (select any_value(run_id) from publication)
"""


def executive_file(home: Home) -> Path:
    """The report that a person opens."""
    return home.reports / "executive.html"


def write_executive_report(published: Path, home: Home, *, currency: str) -> Path:
    """Write the report of a published file.

    Args:
        published: The file whose figures are shown.
        home: Where reports lie.
        currency: ISO 4217 code of reporting amounts.

    Raises:
        PipelineError: There is no published file, or it lacks a table of this version.
    """
    page = render_executive_report(read_executive_figures(published, currency=currency))
    replace_text(executive_file(home), page)
    return executive_file(home)


def read_executive_figures(published: Path, *, currency: str) -> ExecutiveFigures:
    """Read what the report shows.

    Args:
        published: The published file, opened read-only.
        currency: ISO 4217 code of reporting amounts.

    Raises:
        PipelineError: There is no published file, or it lacks a table of this version.
    """
    if not published.is_file():
        raise PipelineError(
            f"Writing the executive report: {published} does not exist. Run "
            "`tidycrm sync` first, or name the data folder with --home."
        )
    try:
        with duckdb.connect(str(published), read_only=True) as reader:
            reader.execute("set TimeZone = 'UTC'")
            return _read(reader, currency)
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise PipelineError(
            f"Writing the executive report: {published} was published by another "
            "version of tidycrm and lacks a table or column. Run `tidycrm sync` and "
            "try again."
        ) from error


def _read(reader: duckdb.DuckDBPyConnection, currency: str) -> ExecutiveFigures:
    def rows(query: str) -> list[dict[str, Any]]:
        return reader.execute(query).pl().to_dicts()

    as_of, run_id = reader.execute(
        "select any_value(as_of_date)::varchar, any_value(run_id) from publication"
    ).fetchall()[0]
    headline = {
        name: None if value is None else float(value)
        for name, value in rows(_HEADLINE)[0].items()
    }
    scores = reader.execute(_SCORES).pl()
    headline["quality_score"] = overall_score(scores)
    month = rows(_PIPELINE_MONTH)
    return ExecutiveFigures(
        as_of=as_of,
        run_id=run_id,
        currency=currency,
        headline=headline,
        months=rows(_MONTHS),
        mrr_steps=_steps(reader.execute(_MRR).fetchone()),
        segments=rows(_SEGMENTS),
        risks=rows(_RISKS),
        stages=rows(_STAGES),
        quarters=rows(_QUARTERS),
        pipeline_month=month[0] if month else None,
        owners=rows(_OWNERS),
        cleaning=rows(_CLEANING),
        dimensions=dimension_scores(scores),
        models=rows(_MODELS),
        stale_sources=[row[0] for row in reader.execute(_STALE).fetchall()],
    )


def _steps(row: Sequence[Any] | None) -> list[tuple[str, float, bool]]:
    """The bridge of recurring revenue; without any, none."""
    if row is None or row[0] is None or not any(row):
        return []
    return [
        (name, float(value), is_total)
        for (name, is_total), value in zip(_MRR_STEPS, row, strict=True)
        if value or is_total
    ]
