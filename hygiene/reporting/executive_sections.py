"""Pipeline and hygiene of the executive report, and what all its sections share.

The input of the report, and how money, shares and headings are written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hygiene.reporting.charts import bar, tone
from hygiene.reporting.graphs import Step, short_number, waterfall
from hygiene.reporting.page import escape, render_table

Row = Mapping[str, Any]

NONE: Final = "\N{EN DASH}"
"""What stands where nothing is known."""

_STEPS: Final = (
    ("start", "start_amount", True),
    ("created", "created_amount", False),
    ("grown", "grown_amount", False),
    ("moved", "moved_amount", False),
    ("won", "won_amount", False),
    ("lost", "lost_amount", False),
    ("end", "end_amount", True),
)


@dataclass(frozen=True, slots=True)
class ExecutiveFigures:
    """What the report shows, in the reporting currency.

    Attributes:
        as_of: Date up to which data count.
        run_id: The publication.
        currency: ISO 4217 code of every amount.
        headline: Single figures by name; absent or none where nothing is known.
        months: Per month, oldest first: month, revenue, customers_new, customers_lost,
            mrr_end, logo_churn_rate, grr_rate, nrr_rate; whether it is over.
        mrr_steps: Name, value and whether it is a total, over the last twelve months.
        segments: RFM segments: segment, customers, revenue.
        risks: Reasons of risk: reason, customers, value.
        stages: Open pipeline: stage, deals, amount, weighted.
        quarters: Forecast: quarter, won, open, forecast, usual_error, usual_won.
        pipeline_month: Movements of the last month that is over.
        owners: Best sellers of the trailing year: name, won, amount, win_rate, days.
        cleaning: What cleaning changed: metric, unit, before, after.
        dimensions: Score per dimension of data quality, 0 to 100.
        models: Setting, method, auc, brier, brier_base, customers, leak.
        stale_sources: Sources that could not be read for this publication.
    """

    as_of: str
    run_id: str
    currency: str
    headline: Mapping[str, float | None] = field(default_factory=dict)
    months: Sequence[Row] = ()
    mrr_steps: Sequence[tuple[str, float, bool]] = ()
    segments: Sequence[Row] = ()
    risks: Sequence[Row] = ()
    stages: Sequence[Row] = ()
    quarters: Sequence[Row] = ()
    pipeline_month: Row | None = None
    owners: Sequence[Row] = ()
    cleaning: Sequence[Row] = ()
    dimensions: Mapping[str, float] = field(default_factory=dict)
    models: Sequence[Row] = ()
    stale_sources: Sequence[str] = ()


def money(given: ExecutiveFigures, value: float | None) -> str:
    """Return an amount as a person reads it."""
    if value is None:
        return NONE
    return f"{short_number(value)} {escape(given.currency)}"


def percent(value: float | None, digits: int = 1) -> str:
    """Return a share between 0 and 1 in per cent."""
    return NONE if value is None else f"{100 * value:.{digits}f} %"


def heading(title: str, table: str) -> str:
    """Return a heading with the tables behind it."""
    return f'<h2>{escape(title)}</h2><p class="note">Table <code>{table}</code>.</p>'


def show_pipeline(given: ExecutiveFigures) -> str:
    """Return open deals, what moved, what quarters should bring, and who sold."""
    most = max((number(row["amount"]) for row in given.stages), default=0) or 1
    stages = "".join(
        f"<span>{escape(row['stage'])}</span>"
        + bar(number(row["amount"]) / most, label=str(row["stage"]), css="plain")
        + f'<span class="n">{money(given, number(row["amount"]))} · {row["deals"]:,}'
        "</span>"
        for row in given.stages
    )
    month = given.pipeline_month
    moved = (
        waterfall(
            [
                Step(name, number(month[column]), total)
                for name, column, total in _STEPS
                if total or month[column]
            ],
            label="pipeline from the start to the end of the month",
        )
        if month
        else '<p class="note">No month is over yet.</p>'
    )
    rows = [
        [
            escape(row["quarter"]),
            money(given, row["won"]),
            money(given, row["open"]),
            money(given, row["forecast"]),
            NONE
            if row["usual_error"] is None
            else f"± {100 * row['usual_error']:.0f} %",
            money(given, row["usual_won"]),
        ]
        for row in given.quarters
    ]
    forecast = (
        "<h3>What quarters should bring</h3>"
        + render_table(
            ["Quarter", "Won", "Open", "Forecast", "Usual error", "Usual quarter"],
            rows,
            numeric=[1, 2, 3, 4, 5],
        )
        if rows
        else ""
    )
    sellers = (
        "<h3>Who won most, last 12 months</h3>"
        + render_table(
            ["Name", "Deals", "Won", "Win rate", "Days to close"],
            [
                [
                    escape(row["name"]),
                    f"{row['won']:,}",
                    money(given, row["amount"]),
                    percent(row["win_rate"], 0),
                    NONE if row["days"] is None else f"{row['days']:.0f}",
                ]
                for row in given.owners
            ],
            numeric=[1, 2, 3, 4],
        )
        if given.owners
        else ""
    )
    title = f"Movements of {escape(str(month['month']))}" if month else "Movements"
    return (
        heading("Pipeline", "fct_opportunities, pipeline_waterfall, pipeline_forecast")
        + '<section class="grid charts"><div class="card"><h3>Open deals by stage</h3>'
        + (f'<div class="bars">{stages}</div>' if stages else "<p>No open deal.</p>")
        + f'</div><div class="card"><h3>{title}</h3>{moved}</div></section>'
        + forecast
        + sellers
    )


def show_hygiene(given: ExecutiveFigures) -> str:
    """Return the quality scores and what cleaning changed."""
    scores = "".join(
        f"<span>{escape(name)}</span>"
        + bar(score / 100, label=f"{name} {score:.1f}", css=tone(score / 100))
        + f'<span class="n">{score:.1f}</span>'
        for name, score in given.dimensions.items()
    )
    rows = [
        [
            escape(str(row["metric"]).replace("_", " ")),
            _figure(given, row, "before"),
            _figure(given, row, "after"),
            percent(
                row["after"] / row["before"] - 1
                if row["before"] and row["after"] is not None
                else None
            ),
        ]
        for row in given.cleaning
    ]
    changed = (
        "<h3>What the figures would be without cleaning</h3>"
        + render_table(
            ["Figure", "Without", "With", "Difference"], rows, numeric=[1, 2, 3]
        )
        if rows
        else ""
    )
    card = (
        f'<section class="grid charts"><div class="card"><h3>Scores of 100</h3>'
        f'<div class="bars">{scores}</div></div></section>'
        if scores
        else ""
    )
    return (
        heading("Hygiene", "data_quality_scorecard, money_impact_of_hygiene")
        + card
        + changed
    )


def _figure(given: ExecutiveFigures, row: Row, name: str) -> str:
    value = row[name]
    if value is None:
        return NONE
    return money(given, value) if row["unit"] == "money" else f"{value:,.0f}"


def number(value: Any) -> float:
    """Return a figure, 0 for none."""
    return float(value or 0)


def hundred(value: Any) -> float | None:
    """Return a share in per cent; none stays none."""
    return None if value is None else 100 * float(value)
