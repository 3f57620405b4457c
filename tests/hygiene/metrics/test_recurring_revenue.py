"""MRR movements: the mart's own SQL gives the same rows, bad terms are counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import jinja2
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.metrics import (
    build_customer_months,
    read_cohort_retention,
    read_movements,
)
from tests.hygiene.metrics.samples import create_terms

MART = (
    Path(__file__).resolve().parents[3]
    / "dbt_project/models/marts/revenue/fct_customer_month_mrr.sql"
)
THROUGH = date(2024, 6, 17)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as opened:
        yield opened


def run_mart(connection: duckdb.DuckDBPyConnection, through: date) -> pl.DataFrame:
    """The product's model, rendered as dbt does, on the terms of this connection."""
    connection.execute(
        "CREATE OR REPLACE TABLE int_recurring_terms_selected AS SELECT customer_key AS "
        "customer_id, start_date, end_date, mrr AS mrr_reporting, 'term' AS "
        "source_record_key, NULL::VARCHAR AS end_reason FROM judged_terms_raw"
    )
    connection.execute(
        "CREATE OR REPLACE TABLE int_customers_classified AS SELECT DISTINCT customer_id, "
        "'contractual' AS setting FROM int_recurring_terms_selected"
    )
    connection.execute(
        "CREATE OR REPLACE TABLE fct_revenue_events (customer_id VARCHAR, event_date DATE, "
        "amount DECIMAL(18, 2), amount_reporting DECIMAL(18, 2), is_counted BOOLEAN)"
    )
    variables = {"churn_grace_days": 90, "churn_inactive_days": 365}
    environment = jinja2.Environment(autoescape=False)  # noqa: S701  SQL, not HTML
    sql = environment.from_string(MART.read_text()).render(
        ref=lambda name: name,
        var=lambda name: variables[name],
        as_of_date=lambda: f"date '{through}'",
        surrogate_key=lambda _prefix, expression: f"md5({expression})",
        churn_reason_type=lambda reason: f"coalesce({reason}, 'unstated')",
    )
    return connection.sql(sql).pl()


def compare(connection: duckdb.DuckDBPyConnection, through: date) -> None:
    build_customer_months(connection, "terms", through=through)
    # The mart's input has passed the same checks one model earlier.
    connection.execute(
        "CREATE OR REPLACE TABLE judged_terms_raw AS SELECT terms.* FROM terms WHERE "
        "customer_key IS NOT NULL AND start_date <= "
        f"DATE '{through}' AND (end_date IS NULL OR end_date >= start_date) AND mrr > 0"
    )
    ours = connection.sql(
        "SELECT customer_key AS customer_id, month_date, movement AS movement_type, "
        "mrr_start, mrr_end, was_active, is_active, is_late_renewal, is_complete "
        "FROM customer_months"
    ).pl()
    theirs = run_mart(connection, through).select(ours.columns)
    key = ["customer_id", "month_date"]
    assert ours.sort(key).equals(theirs.sort(key))


days = st.integers(0, 900).map(lambda n: date(2022, 1, 1) + timedelta(days=n))
terms = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        days,
        st.one_of(st.none(), days),
        st.integers(-1, 40).map(lambda n: Decimal(n) / 4),
    ),
    max_size=12,
)


@settings(max_examples=20, derandomize=True, deadline=None)
@given(rows=terms)
def test_the_mart_says_the_same(rows: list[tuple[object, ...]]) -> None:
    with duckdb.connect(":memory:") as connection:
        create_terms(connection, rows)
        counts = build_customer_months(connection, "terms", through=THROUGH)
        if counts.counted:
            compare(connection, THROUGH)


@settings(max_examples=20, derandomize=True, deadline=None)
@given(rows=terms)
def test_movements_close_to_the_cent(rows: list[tuple[object, ...]]) -> None:
    with duckdb.connect(":memory:") as connection:
        create_terms(connection, rows)
        build_customer_months(connection, "terms", through=THROUGH)
        months = read_movements(connection)
        before = Decimal(0)
        for month in months:
            end = (
                month["mrr_start"]
                + month["mrr_new"]
                + month["mrr_reactivation"]
                + month["mrr_expansion"]
                - month["mrr_contraction"]
                - month["mrr_churn"]
            )
            assert month["mrr_start"] == before
            assert end == month["mrr_end"]
            before = end
        for cohort in read_cohort_retention(connection):
            assert 0 <= cohort["grr"] <= min(1, cohort["nrr"]) + 1e-12
            assert 0 <= cohort["logo_retention"] <= 1


def test_the_playbook(connection: duckdb.DuckDBPyConnection, shared_data: Path) -> None:
    path = shared_data / "metrics" / "mrr_playbook" / "subscription_periods.csv"
    create_terms(connection, [])
    connection.execute(
        "INSERT INTO terms SELECT customer_id, start_date, end_date, monthly_amount, "
        f"false FROM read_csv('{path}')"
    )
    compare(connection, date(2019, 12, 31))
    total = {
        name: sum(month[name] for month in read_movements(connection))
        for name in (
            "mrr_new",
            "mrr_reactivation",
            "mrr_expansion",
            "mrr_contraction",
            "mrr_churn",
            "customers_new",
            "customers_reactivated",
            "customers_churned",
        )
    }
    assert list(total.values()) == [2120, 150, 660, 555, 1120, 51, 3, 26]
    assert read_movements(connection)[-1]["mrr_end"] == 1255
    year = read_cohort_retention(connection)[-1]
    assert (round(year["nrr"], 4), round(year["grr"], 4)) == (0.7009, 0.5812)
    assert round(year["logo_retention"], 4) == 0.5833


def test_bad_terms_are_left_out_and_counted(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    create_terms(
        connection,
        [
            (None, date(2024, 1, 1), None, 10),
            ("a", None, None, 10),
            ("a", date(2024, 3, 1), date(2024, 2, 1), 10),
            ("a", date(2024, 1, 1), None, None),
            ("a", date(2024, 1, 1), None, 0),
            ("a", date(2024, 1, 1), None, -5),
            ("a", date(2025, 1, 1), None, 10),
            ("a", date(2024, 1, 1), date(2024, 3, 31), 10),
            ("a", date(2024, 3, 1), None, 7),
        ],
    )
    connection.execute(
        "INSERT INTO terms VALUES ('b', DATE '2024-01-01', NULL, 10, true)"
    )
    counts = build_customer_months(connection, "terms", through=THROUGH)
    assert (counts.terms, counts.counted, counts.customers) == (10, 2, 1)
    assert (counts.open_ended, counts.overlapping) == (1, 1)
    assert (counts.missing_customer, counts.missing_start) == (1, 1)
    assert (counts.end_before_start, counts.unreadable_end) == (1, 1)
    assert (counts.missing_amount, counts.amount_not_positive) == (1, 2)
    assert counts.after_end == 1
    # Two at once add up; the open one goes on.
    assert [m["mrr_end"] for m in read_movements(connection)] == [10, 10, 17, 7, 7, 7]


def test_no_terms_give_no_months(connection: duckdb.DuckDBPyConnection) -> None:
    create_terms(connection, [])
    assert build_customer_months(connection, "terms", through=THROUGH).terms == 0
    assert read_movements(connection) == []
    assert read_cohort_retention(connection) == []
