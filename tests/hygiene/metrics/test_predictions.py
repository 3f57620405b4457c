"""The published predictions: every customer once, nothing of the future, same bytes."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hygiene.errors import InputError
from hygiene.metrics import MetricSettings, PredictionReport, predict_customers
from hygiene.metrics.prediction_tables import (
    CALIBRATION_SCHEMA,
    RUN_SCHEMA,
    VALUE_SCHEMA,
)

AS_OF = date(2024, 12, 31)
TWO = pl.Decimal(18, 2)


def orders(customers: int) -> pl.DataFrame:
    """Buyers of different rates who leave at some time."""
    rng = np.random.default_rng(3)
    rows = []
    for number in range(customers):
        day = float(rng.integers(0, 500))
        leaves, rate = day + rng.exponential(400), rng.gamma(0.8, 1 / 30)
        value = float(rng.gamma(4, 12))
        while day < leaves and day < 730:
            amount = Decimal(str(round(value * float(rng.uniform(0.6, 1.4)), 2)))
            when = date(2023, 1, 1) + timedelta(days=int(day))
            rows.append((f"b{number:04}", when, amount, "order"))
            day += 1 + rng.exponential(1 / rate)
    rows.append(("r0", date(2024, 5, 1), Decimal("-9.00"), "refund"))
    rows.append(("unknown", date(2024, 5, 1), Decimal("99.00"), "order"))
    rows.append(("s0000", date(2024, 5, 1), Decimal("50.00"), "invoice"))
    schema = {"customer_key": pl.String, "event_date": pl.Date, "amount_reporting": TWO, "kind": pl.String}  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def terms(customers: int) -> pl.DataFrame:
    """Monthly contracts; small ones end sooner, some come back late."""
    rng = np.random.default_rng(9)
    rows = []
    for number in range(customers):
        start = date(2022, 1, 1) + timedelta(days=int(rng.integers(0, 700)))
        small = bool(rng.integers(0, 2))
        lasts = int(rng.geometric(0.09 if small else 0.02)) * 30
        end = start + timedelta(days=lasts)
        amount = Decimal(20 if small else 200)
        rows.append((f"s{number:04}", start, end if end <= AS_OF else None, amount))
        if end < AS_OF - timedelta(days=200) and number % 5 == 0:
            rows.append((f"s{number:04}", end + timedelta(days=40), None, amount))
    schema = {"customer_key": pl.String, "start_date": pl.Date, "end_date": pl.Date, "mrr_reporting": TWO}  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


class Run:
    """One call on tables, with what it wrote."""

    def __init__(
        self,
        folder: Path,
        order_rows: pl.DataFrame,
        term_rows: pl.DataFrame | None,
        **settings: object,
    ) -> None:
        folder.mkdir()
        order_rows.write_parquet(folder / "orders.parquet")
        if term_rows is not None:
            term_rows.write_parquet(folder / "terms.parquet")
        self.files = [folder / f"{n}.parquet" for n in ("value", "runs", "calibration")]
        self.report: PredictionReport = predict_customers(
            folder / "orders.parquet",
            None if term_rows is None else folder / "terms.parquet",
            *self.files,
            as_of=AS_OF,
            settings=MetricSettings(**settings),  # type: ignore[arg-type]
        )
        self.value, self.runs, self.calibration = map(pl.read_parquet, self.files)

    def bytes(self) -> list[bytes]:
        return [path.read_bytes() for path in self.files]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("run") / "a", orders(500), terms(400))


def test_every_customer_is_listed_once(run: Run) -> None:
    keys = set(orders(500)["customer_key"]) | set(terms(400)["customer_key"])
    assert set(run.value["customer_key"]) == keys - {"unknown"}
    assert run.value["customer_key"].is_unique().all()
    assert run.value.columns == list(VALUE_SCHEMA)
    assert run.runs.columns == list(RUN_SCHEMA)
    assert run.calibration.columns == list(CALIBRATION_SCHEMA)
    assert run.report.customers == run.value.height
    assert run.report.purchases.missing_customer == 1
    assert run.report.without_prediction == 1


def test_methods_follow_the_kind_of_customer(run: Run) -> None:
    counts = dict(run.value["method"].value_counts().iter_rows())
    assert counts["no_purchase"] == 1
    assert set(counts) == {
        "pareto_nbd_gamma_gamma",
        "discrete_hazard",
        "contract_ended",
        "no_purchase",
    }
    with_contract = run.value.filter(pl.col("setting") == "contractual")
    assert with_contract["customer_key"].str.starts_with("s").all()


def test_predictions_are_consistent(run: Run) -> None:
    predicted = run.value.filter(pl.col("method") != "no_purchase")
    assert predicted.drop("expected_purchases_12m", "expected_purchase_value").null_count().sum_horizontal()[0] == 0  # fmt: skip
    for longer, shorter in ((180, 90), (365, 180)):
        assert (
            predicted[f"probability_no_purchase_{longer}"]
            <= predicted[f"probability_no_purchase_{shorter}"]
        ).all() or predicted.filter(
            pl.col(f"probability_no_purchase_{longer}")
            > pl.col(f"probability_no_purchase_{shorter}")
        )["setting"].unique().to_list() == ["contractual"]
    assert (
        predicted["predicted_revenue_36m"] >= predicted["predicted_revenue_12m"]
    ).all()
    assert (predicted["predicted_revenue_12m"] >= 0).all()
    margin = predicted["predicted_margin_12m"].cast(float)
    revenue = predicted["predicted_revenue_12m"].cast(float)
    assert (margin - revenue * 0.8).abs().max() <= 0.011
    ended = predicted.filter(pl.col("method") == "contract_ended")
    assert (ended["predicted_revenue_36m"] == 0).all()
    assert (ended["probability_no_purchase_90"] == 1).all()


def test_the_longer_the_contract_is_watched_the_likelier_it_ends(run: Run) -> None:
    running = run.value.filter(pl.col("method") == "discrete_hazard")
    assert (
        running["probability_no_purchase_365"] >= running["probability_no_purchase_90"]
    ).all()
    # Small contracts were made to end sooner.
    by_size = (
        running.with_columns(
            (pl.col("predicted_revenue_12m").cast(float) > 300).alias("large")
        )
        .group_by("large")
        .agg(pl.col("probability_no_purchase_180").mean())
    )
    means = dict(by_size.iter_rows())
    assert means[False] > means[True]


def test_runs_state_parameters_and_hold_out(run: Run) -> None:
    for row in run.runs.to_dicts():
        assert row["holdout_auc"] > 0.55
        assert row["holdout_brier"] < row["holdout_brier_base"] * 1.05
        assert row["holdout_to_date"] <= AS_OF
        assert json.loads(row["parameters"])
        inside = run.calibration.filter(pl.col("model_run_id") == row["model_run_id"])
        assert inside["customers"].sum() == row["holdout_customers"]
    used = set(run.value["model_run_id"].drop_nulls())
    assert used == set(run.runs["model_run_id"]) == set(run.report.model_run_ids)


def test_later_rows_and_their_order_change_no_byte(run: Run, tmp_path: Path) -> None:
    later = pl.DataFrame(
        {
            "customer_key": ["b0001", "new"],
            "event_date": [date(2025, 1, 1), date(2025, 3, 1)],
            "amount_reporting": [Decimal("5.00"), Decimal("7.00")],
            "kind": ["order", "order"],
        },
        schema=orders(1).schema,
    )
    more_terms = pl.DataFrame(
        {
            "customer_key": ["s0001", "new"],
            "start_date": [date(2025, 1, 1), date(2025, 2, 1)],
            "end_date": [None, date(2026, 1, 1)],
            "mrr_reporting": [Decimal("5.00"), Decimal("7.00")],
        },
        schema=terms(1).schema,
    )
    # An open contract was ended after the as-of date: that was not known then.
    ended = terms(400).with_columns(pl.col("end_date").fill_null(date(2025, 2, 3)))
    again = Run(
        tmp_path / "later",
        pl.concat([later, orders(500)]).sample(fraction=1, shuffle=True, seed=1),
        pl.concat([more_terms, ended]).sample(fraction=1, shuffle=True, seed=2),
        threads=1,
    )
    assert again.bytes() == run.bytes()


def test_contracts_that_turned_round_are_predicted_by_one_rate(tmp_path: Path) -> None:
    # Large contracts kept until last year and small ones ended; since then the reverse.
    rows = []
    for number in range(400):
        is_small = number % 2 == 0
        begin = date(2022, 1, 1) + timedelta(days=number)
        if number < 200:
            end = begin + timedelta(days=240) if is_small else date(2024, 3, 1)
        else:
            end = None if is_small else date(2024, 3, 1)
        rows.append((f"s{number:04}", begin, end, Decimal(20 if is_small else 200)))
    turned = Run(
        tmp_path / "turned",
        orders(0).clear(),
        pl.DataFrame(rows, schema=terms(1).schema, orient="row"),
    )
    (row,) = turned.runs.to_dicts()
    assert (row["method"], row["rejected_method"]) == (
        "pooled_churn_rate",
        "discrete_hazard",
    )
    assert row["rejected_brier"] > row["holdout_brier_base"]
    assert "discrete_hazard" not in turned.value["method"].to_list()
    running = turned.value.filter(pl.col("method") == "pooled_churn_rate")
    assert running["probability_no_purchase_365"].n_unique() == 1


@pytest.mark.parametrize("customers", [0, 1, 5, 40])
def test_few_customers_get_what_their_data_carry(
    tmp_path: Path, customers: int
) -> None:
    few = Run(tmp_path / "few", orders(customers), terms(customers))
    assert few.value.height == few.report.customers
    assert "discrete_hazard" not in few.value["method"].to_list()
    if customers == 5:
        cohort = few.value.filter(pl.col("method") == "cohort_mean")
        assert cohort.height >= 5
        assert cohort["predicted_revenue_12m"].null_count() == 0
        # No probability that was not estimated.
        assert cohort["probability_no_purchase_90"].null_count() == cohort.height


def test_without_any_row_there_are_empty_tables(tmp_path: Path) -> None:
    empty = Run(tmp_path / "empty", orders(0).clear(), None)
    assert (empty.value.height, empty.runs.height, empty.calibration.height) == (
        0,
        0,
        0,
    )
    assert empty.value.columns == list(VALUE_SCHEMA)
    assert empty.report.terms is None


def test_a_missing_column_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="kind"):
        Run(tmp_path / "bad", orders(1).drop("kind"), None)
