"""From events to histories: every kind of bad input has a policy and a count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import duckdb
import numpy as np
import pytest

from hygiene.metrics import (
    Method,
    MetricSettings,
    PurchaseModel,
    fit_buyers,
    hold_out_buyers,
    predict_buyers,
    read_histories,
    summarise_purchases,
)
from tests.hygiene.metrics.samples import create_events

THROUGH = date(2024, 12, 31)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as opened:
        yield opened


def test_several_orders_of_a_day_are_one_purchase(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    create_events(
        connection,
        [
            ("a", date(2024, 1, 1), 10, "order"),
            ("a", date(2024, 1, 1), 5, "order"),
            ("a", date(2024, 1, 11), 20, "order"),
            ("a", date(2024, 1, 11), 10, "order"),
            ("a", date(2024, 1, 31), 50, "order"),
        ],
    )
    summarise_purchases(connection, "events", through=THROUGH)
    found = read_histories(connection)
    assert (found.x[0], found.t_x[0], found.age[0]) == (2, 30, 365)
    # Repeat purchases only: (30 + 50) / 2.
    assert found.mean_value[0] == 40


def test_bad_events_are_left_out_and_counted(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    create_events(
        connection,
        [
            (None, date(2024, 1, 1), 10, "order"),
            ("  ", date(2024, 1, 1), 10, "order"),
            ("a", None, 10, "order"),
            ("a", date(2024, 1, 1), None, "order"),
            ("a", date(2025, 1, 1), 10, "order"),
            ("a", date(2024, 1, 2), 0, "order"),
            ("a", date(2024, 1, 3), 10, "order"),
            ("a", date(2024, 1, 4), -4, "order"),
            ("b", date(2024, 1, 5), 3, "refund"),
            ("c", date(2024, 1, 6), 10, "order"),
            ("c", date(2024, 1, 7), -30, "refund"),
        ],
    )
    counts = summarise_purchases(connection, "events", through=THROUGH)
    assert counts.events == 11
    assert (counts.missing_customer, counts.missing_date) == (2, 1)
    assert (counts.missing_amount, counts.after_end, counts.zero_amounts) == (1, 1, 1)
    assert (counts.purchases, counts.refunds) == (3, 3)
    assert (counts.customers, counts.customers_without_purchase) == (2, 1)
    assert counts.fully_refunded_customers == 1
    found = read_histories(connection)
    assert found.mean_value_all.tolist() == pytest.approx([3.0, 0.0])


def test_a_free_order_counts_unless_settings_say_otherwise(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    create_events(
        connection,
        [("a", date(2024, 1, 2), 0, None), ("a", date(2024, 1, 3), 10, None)],
    )
    summarise_purchases(connection, "events", through=THROUGH)
    assert read_histories(connection).x.tolist() == [1]
    summarise_purchases(connection, "events", through=THROUGH, count_free_orders=False)
    assert read_histories(connection).x.tolist() == [0]


def synthetic(customers: int, days: int = 700) -> list[tuple[object, ...]]:
    """Buyers of different rates, some of whom leave; the same in every run."""
    rng = np.random.default_rng(11)
    rows: list[tuple[object, ...]] = []
    start = date(2023, 1, 1)
    for number in range(customers):
        first = int(rng.integers(0, 300))
        leaves = first + rng.exponential(300)
        rate = rng.gamma(0.8, 1 / 25)
        day, value = float(first), rng.gamma(4, 10)
        while day <= min(leaves, days):
            amount = round(float(value * rng.uniform(0.5, 1.5)), 2)
            rows.append(
                (f"c{number:05}", start + timedelta(days=int(day)), amount, None)
            )
            day += 1 + rng.exponential(1 / rate)
    return rows


@pytest.mark.parametrize("size", [1, 5, 30, 100, 400])
def test_any_number_of_customers_gets_finite_predictions(
    connection: duckdb.DuckDBPyConnection, size: int
) -> None:
    create_events(connection, synthetic(size))
    settings = MetricSettings()
    counts = summarise_purchases(connection, "events", through=THROUGH)
    model = fit_buyers(connection, counts, settings)
    found = predict_buyers(
        model,
        read_histories(connection),
        silence_days=(90,),
        purchase_days=(90, 365),
        months=(12, 36),
        settings=settings,
    )
    assert (model.method is Method.COHORT_MEAN) == (size < 30)
    assert np.all(found.purchases[365] >= found.purchases[90])
    assert np.all(found.next_value > 0)
    assert np.all(found.discounted_purchases[36] >= found.discounted_purchases[12])
    if model.method is Method.COHORT_MEAN:
        # No probability that was not estimated.
        assert np.all(np.isnan(found.no_purchase[90]))
    else:
        assert np.all((found.no_purchase[90] > 0) & (found.no_purchase[90] <= 1))


def test_chunks_and_threads_change_nothing(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_events(connection, synthetic(200))
    results = []
    for chunk, threads in ((100_000, 1), (7, 3)):
        monkeypatch.setattr("hygiene.metrics.buyers._CHUNK", chunk)
        settings = MetricSettings(threads=threads)
        counts = summarise_purchases(connection, "events", through=THROUGH)
        found = predict_buyers(
            fit_buyers(connection, counts, settings),
            read_histories(connection),
            silence_days=(180,),
            purchase_days=(180,),
            months=(12,),
            settings=settings,
        )
        results.append(found.no_purchase[180])
    assert np.array_equal(results[0], results[1])


@pytest.mark.parametrize("kind", list(PurchaseModel))
def test_customers_of_whom_nobody_has_left_yet_do_not_stay_for_ever(
    connection: duckdb.DuckDBPyConnection, kind: PurchaseModel
) -> None:
    """A young business: everybody buys to the end, each at a pace of their own."""
    rng = np.random.default_rng(2)
    rows: list[tuple[str | None, date | None, float | None, str | None]] = []
    for number in range(1_200):
        day, rate = float(rng.integers(0, 200)), rng.gamma(1.0, 1 / 40)
        while day <= 350:
            moment = THROUGH - timedelta(days=350 - int(day))
            rows.append((f"c{number}", moment, 10.0, None))
            day += 1 + rng.exponential(1 / rate)
    create_events(connection, rows)
    settings = MetricSettings(purchase_model=kind)
    counts = summarise_purchases(connection, "events", through=THROUGH)
    assert counts.customers >= settings.prior_below_customers
    model = fit_buyers(connection, counts, settings)
    assert model.purchases is not None
    assert model.purchases_fit is not None
    assert model.purchases_fit.converged
    assert model.purchases_fit.used_prior
    assert model.method is not Method.COHORT_MEAN


def test_pooling_days_hardly_moves_the_model(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    create_events(connection, synthetic(1200))
    counts = summarise_purchases(connection, "events", through=THROUGH)
    exact = fit_buyers(connection, counts, MetricSettings())
    pooled = fit_buyers(connection, counts, MetricSettings(max_fit_groups=700))
    assert pooled.groups <= 700 < exact.groups
    assert exact.purchases is not None
    assert pooled.purchases is not None
    year = np.array(365.0)
    assert float(pooled.purchases.mean_purchases(year)) == pytest.approx(
        float(exact.purchases.mean_purchases(year)), rel=0.02
    )


def test_the_hold_out_sees_nothing_of_the_future(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    rows = synthetic(300)
    split, end = date(2024, 3, 31), date(2024, 12, 31)
    create_events(connection, rows)
    all_rows = hold_out_buyers(
        connection,
        "events",
        fitted_through=split,
        tested_through=end,
        settings=MetricSettings(),
    )
    create_events(connection, [row for row in rows if row[1] <= split])  # type: ignore[operator]
    past_only = hold_out_buyers(
        connection,
        "events",
        fitted_through=split,
        tested_through=end,
        settings=MetricSettings(),
    )
    assert all_rows.model == past_only.model
    assert all_rows.purchases.predicted_total == past_only.purchases.predicted_total
    assert past_only.purchases.actual_total == 0
    assert past_only.purchases.bias is None
    assert all_rows.purchase is not None
    assert all_rows.purchase.auc is not None
    assert 0.6 < all_rows.purchase.auc < 0.97
