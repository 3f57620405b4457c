"""The executive report: complete, harmless whatever the data say, and never empty-handed."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.reporting.executive_report import render_executive_report
from hygiene.reporting.executive_sections import ExecutiveFigures
from hygiene.reporting.graphs import (
    Series,
    Step,
    columns,
    lines,
    short_number,
    waterfall,
)

NASTY = "<script>alert(1)</script>\"'&"


class Loads(HTMLParser):
    """Whatever a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "img", "iframe", "object"}:
            self.found.append(tag)
        for name, value in attrs:
            if name.startswith("on"):
                self.found.append(name)
            if name in {"src", "href"} and (value or "").startswith(("http", "//")):
                self.found.append(str(value))


def month(name: str, *, over: bool = True, **values: Any) -> dict[str, Any]:
    return {
        "month": name, "revenue": 100.0, "customers_new": 3.0, "customers_lost": 1.0,
        "logo_churn_rate": 0.02, "grr_rate": 0.95, "nrr_rate": 1.01,
        "is_complete": over, **values,
    }  # fmt: skip


def full() -> ExecutiveFigures:
    return ExecutiveFigures(
        as_of="2026-01-15",
        run_id="0123456789",
        currency="EUR",
        headline={
            "revenue_12_months": 1_200_000.0, "revenue_12_months_before": 1_000_000.0,
            "customers": 120.0, "customers_active": 90.0, "mrr": 5000.0,
            "mrr_12_months_ago": 6000.0, "nrr_12_months": 0.98, "grr_12_months": 0.9,
            "value_at_risk": 4000.0, "customers_at_risk": 7.0, "pipeline_open": 9e5,
            "pipeline_weighted": 3e5, "win_rate": 0.4, "won_12_months": 7e5,
            "quality_score": 91.26,
        },
        months=[month("Dec 25"), month("Jan 26", over=False)],
        mrr_steps=[("a year ago", 6000.0, True), ("lost", -1000.0, False),
                   ("now", 5000.0, True)],
        segments=[{"segment": "at_risk", "customers": 4, "revenue": 10.0}],
        risks=[{"reason": NASTY, "customers": 2, "value": 100.0}],
        stages=[{"stage": NASTY, "deals": 2, "amount": 10.0}],
        quarters=[{"quarter": "2026-Q1", "won": 1.0, "open": 2.0, "forecast": 3.0,
                   "usual_error": 0.2, "usual_won": None}],
        pipeline_month={"month": "December 2025", "start_amount": 10.0,
                        "created_amount": 5.0, "grown_amount": 0.0, "moved_amount": 0.0,
                        "won_amount": -3.0, "lost_amount": -2.0, "end_amount": 10.0},
        owners=[{"name": NASTY, "won": 3, "amount": 9.0, "win_rate": 0.5, "days": None}],
        cleaning=[{"metric": "revenue", "unit": "money", "before": 20.0, "after": 10.0}],
        dimensions={"validity": 99.4},
        models=[{"setting": "contractual", "method": "x", "auc": 0.7, "brier": 0.1,
                 "brier_base": 0.2, "customers": 50, "leak": True},
                {"setting": "non_contractual", "method": "x", "auc": None, "brier": None,
                 "brier_base": None, "customers": None, "leak": False}],
        stale_sources=[NASTY],
    )  # fmt: skip


def test_the_page_shows_all_five_subjects_and_their_figures() -> None:
    page = render_executive_report(full())
    for title in ("Customers", "Revenue", "Churn", "Pipeline", "Hygiene"):
        assert f"<h2>{title}</h2>" in page
    text = re.sub("<[^>]+>", " ", page)
    for figure in (
        "1.2M EUR",
        "+20.0 %",
        "-16.7 %",
        "98.0 %",
        "91.3",
        "± 20 %",
        "-50.0 %",
    ):
        assert figure in text, figure
    assert "suspiciously good" in text
    assert "too little history" in text


def test_the_page_loads_and_runs_nothing_whatever_the_data_say() -> None:
    page = render_executive_report(full())
    parser = Loads()
    parser.feed(page)
    assert parser.found == []
    assert NASTY not in page
    assert "default-src 'none'" in page


def test_a_company_without_anything_still_gets_a_page() -> None:
    page = render_executive_report(
        ExecutiveFigures(as_of="2026-01-15", run_id="r", currency="EUR")
    )
    assert "Nothing to draw yet" in page
    assert "nan" not in re.sub("<style>.*</style>", "", page, flags=re.DOTALL).lower()
    assert "None" not in page


def test_a_month_that_is_not_over_has_no_rate() -> None:
    page = render_executive_report(full())
    churn = page[page.index("<h2>Churn</h2>") : page.index("<h2>Pipeline</h2>")]
    assert "Jan 26" not in churn


@given(
    values=st.lists(st.floats(-1e12, 1e12, allow_nan=False), min_size=1, max_size=30)
)
@settings(max_examples=60, deadline=None)
def test_every_mark_of_a_chart_lies_inside_it(values: list[float]) -> None:
    labels = [str(number) for number in range(len(values))]
    drawn = (
        columns(labels, [Series("a", values), Series("b", values[::-1])], label="x")
        + lines(labels, [Series("a", [None, *values[1:]])], label="x")
        + waterfall([Step("s", value) for value in values], label="x")
    )
    assert "nan" not in drawn
    for y, height in re.findall(
        r' y="([-\d.]+)" width="[-\d.]+" height="([-\d.]+)"', drawn
    ):
        assert float(y) >= -0.2
        assert float(y) + float(height) <= 178
    for y in re.findall(r'cy="([-\d.]+)"', drawn):
        assert 0 <= float(y) <= 178


def test_a_line_breaks_where_nothing_is_known() -> None:
    drawn = lines(["a", "b", "c", "d"], [Series("x", [1.0, None, 2.0, 3.0])], label="x")
    assert drawn.count("M") == 2
    assert drawn.count("<circle") == 3


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (999, "999"), (-1500, "-1.5k"), (2.5e6, "2.5M"), (3e9, "3bn")],
)
def test_figures_are_short(value: float, shown: str) -> None:
    assert short_number(value) == shown
