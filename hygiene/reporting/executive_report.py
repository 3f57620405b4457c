"""The executive report: customers, revenue, churn, pipeline and hygiene on one page.

Takes figures that the published tables hold and gives one page; computes nothing but
changes between two of them. Figures, names of stages and of people who sell; no customer
is named, so the page may be mailed.
"""

from __future__ import annotations

from hygiene.reporting.charts import bar
from hygiene.reporting.executive_sections import (
    NONE,
    ExecutiveFigures,
    heading,
    hundred,
    money,
    number,
    percent,
    show_hygiene,
    show_pipeline,
)
from hygiene.reporting.graphs import Series, Step, columns, lines, waterfall
from hygiene.reporting.page import escape, render_page, render_table


def render_executive_report(given: ExecutiveFigures) -> str:
    """Return the report as one HTML document.

    Args:
        given: What to show.

    Returns:
        HTML that loads nothing.
    """
    body = "".join(
        (
            _stale(given),
            _cards(given),
            _customers(given),
            _revenue(given),
            _churn(given),
            show_pipeline(given),
            show_hygiene(given),
            "<footer>Amounts in "
            f"{escape(given.currency)}, at the exchange rate of their day. A rate of a "
            "month that is not over is left out. Every figure is in the published file: "
            "the table is named below each heading. What each figure means is in the "
            "metric definitions; how far to trust a prediction, in "
            "<code>model_runs</code>.</footer>",
        )
    )
    return render_page(
        "Customers, revenue and pipeline",
        body,
        subtitle=f"as of {escape(given.as_of)} · run "
        f"<code>{escape(given.run_id[:8])}</code> · "
        '<a href="data-quality.html">data quality</a>',
    )


def _stale(given: ExecutiveFigures) -> str:
    if not given.stale_sources:
        return ""
    names = ", ".join(escape(name) for name in given.stale_sources)
    return (
        f'<p class="lead"><span class="tag fair">older data</span> {names} could not be '
        "read for this report; the figures use what was read before.</p>"
    )


def _moved(now: float | None, before: float | None, *, words: str) -> str:
    """Change in per cent, with its sign and colour; silent where it has no meaning."""
    if now is None or not before or before < 0:
        return f"no figure for {escape(words)}"
    change = now / before - 1
    if abs(change) < 0.0005:
        return f"unchanged against {escape(words)}"
    css = "up" if change > 0 else "down"
    return f'<span class="{css}">{100 * change:+.1f} %</span> against {escape(words)}'


def _card(key: str, value: str, detail: str) -> str:
    return (
        f'<div class="card"><div class="k">{escape(key)}</div>'
        f'<div class="v">{value}</div><div class="d">{detail}</div></div>'
    )


def _cards(given: ExecutiveFigures) -> str:
    of = given.headline.get
    score = of("quality_score")
    cards = [
        _card(
            "Revenue, last 12 months",
            money(given, of("revenue_12_months")),
            _moved(
                of("revenue_12_months"), of("revenue_12_months_before"),
                words="the 12 months before",
            ),
        ),
        _card(
            "Customers",
            f"{of('customers') or 0:,.0f}",
            f"{of('customers_active') or 0:,.0f} active",
        ),
        _card(
            "Recurring per month",
            money(given, of("mrr")),
            _moved(of("mrr"), of("mrr_12_months_ago"), words="a year ago"),
        ),
        _card(
            "Recurring revenue kept",
            percent(of("nrr_12_months")),
            f"{percent(of('grr_12_months'))} without growth, over 12 months",
        ),
        _card(
            "Value at risk",
            money(given, of("value_at_risk")),
            f"{of('customers_at_risk') or 0:,.0f} customers at risk",
        ),
        _card(
            "Open pipeline",
            money(given, of("pipeline_open")),
            f"{money(given, of('pipeline_weighted'))} weighted",
        ),
        _card(
            "Win rate, last 12 months",
            percent(of("win_rate")),
            f"{money(given, of('won_12_months'))} won",
        ),
        _card(
            "Data quality",
            NONE if score is None else f"{score:.1f}",
            "of 100, see the report on data quality",
        ),
    ]  # fmt: skip
    return f'<section class="grid figures">{"".join(cards)}</section>'


def _customers(given: ExecutiveFigures) -> str:
    over = [row for row in given.months if row["is_complete"]]
    labels = [row["month"] for row in over]
    moves = columns(
        labels,
        [
            Series("new or back", [number(row["customers_new"]) for row in over]),
            Series("lost", [-number(row["customers_lost"]) for row in over], "bad"),
        ],
        label="customers won and lost per month",
    )
    most = max((number(row["revenue"]) for row in given.segments), default=0) or 1
    segments = "".join(
        f"<span>{escape(str(row['segment']).replace('_', ' '))}</span>"
        + bar(number(row["revenue"]) / most, label=str(row["segment"]), css="plain")
        + f'<span class="n">{money(given, number(row["revenue"]))} · '
        f"{row['customers']:,}</span>"
        for row in given.segments
    )
    return (
        heading("Customers", "customer_rfm, churn_monthly")
        + '<section class="grid charts"><div class="card">'
        + f"<h3>Customers won and lost</h3>{moves}</div>"
        + '<div class="card"><h3>Revenue of two years by behaviour, and customers</h3>'
        + (f'<div class="bars">{segments}</div>' if segments else "<p>No purchase.</p>")
        + "</div></section>"
    )


def _revenue(given: ExecutiveFigures) -> str:
    labels = [row["month"] for row in given.months]
    revenue = columns(
        labels,
        [
            Series(
                "months that are over",
                [number(row["revenue"]) if row["is_complete"] else 0.0
                 for row in given.months],
            ),
            Series(
                "this month so far",
                [0.0 if row["is_complete"] else number(row["revenue"])
                 for row in given.months],
                "second",
            ),
        ],
        label="revenue per month",
    )  # fmt: skip
    bridge = waterfall(
        [Step(*each) for each in given.mrr_steps],
        label="recurring revenue, from a year ago to now",
    )
    return (
        heading("Revenue", "fct_revenue_events, mrr_movements")
        + '<section class="grid charts"><div class="card"><h3>Revenue per month</h3>'
        + f"{revenue}</div>"
        + '<div class="card"><h3>Recurring amount per month, 12 months</h3>'
        + f"{bridge}</div></section>"
    )


def _churn(given: ExecutiveFigures) -> str:
    over = [row for row in given.months if row["is_complete"]]
    labels = [row["month"] for row in over]
    kept = lines(
        labels,
        [
            Series("with growth (NRR)", [hundred(row["nrr_rate"]) for row in over]),
            Series(
                "without (GRR)", [hundred(row["grr_rate"]) for row in over], "second"
            ),
        ],
        label="recurring revenue kept per month",
        unit=" %",
    )
    left = columns(
        labels,
        [
            Series(
                "customers lost",
                [hundred(row["logo_churn_rate"]) for row in over],
                "bad",
            )
        ],
        label="share of customers lost per month",
        unit=" %",
    )
    most = max((number(row["value"]) for row in given.risks), default=0) or 1
    rows = [
        [
            escape(row["reason"]),
            f"{row['customers']:,}",
            bar(number(row["value"]) / most, label="value at risk", css="plain"),
            money(given, number(row["value"])),
        ]
        for row in given.risks
    ]
    risks = (
        "<h3>Why customers are at risk</h3>"
        + render_table(
            ["Reason", "Customers", "", "Value at risk"], rows, numeric=[1, 3]
        )
        + '<p class="note">A customer may have several reasons and counts under each. '
        "Whom to call first is in <code>customer_at_risk</code>.</p>"
        if rows
        else ""
    )
    return (
        heading("Churn", "churn_monthly, customer_churn")
        + '<section class="grid charts"><div class="card">'
        + f"<h3>Recurring revenue kept, month by month</h3>{kept}</div>"
        + f'<div class="card"><h3>Customers lost per month</h3>{left}</div></section>'
        + risks
        + _models(given)
    )


def _models(given: ExecutiveFigures) -> str:
    sentences = []
    for row in given.models:
        who = (
            "with a contract" if row["setting"] == "contractual" else "without contract"
        )
        if row["auc"] is None:
            sentences.append(
                f"Predictions for customers {who} could not be tested: too little "
                "history."
            )
            continue
        better = row["brier_base"] and row["brier"] < row["brier_base"]
        judged = (
            "better than always naming the mean"
            if better
            else "no better than always naming the mean"
        )
        sentences.append(
            f"Tested on {row['customers']:,} customers {who} that the model had not "
            f"seen: it puts a customer who leaves before one who stays in "
            f"{100 * row['auc']:.0f} of 100 pairs; its probabilities are {judged}."
            + (
                " It is suspiciously good: look for a leak before using it."
                if row["leak"]
                else ""
            )
        )
    return "".join(f'<p class="note">{escape(each)}</p>' for each in sentences)
