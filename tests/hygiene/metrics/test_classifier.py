"""The churn classifier: what it may see, how it is scored, when it raises the alarm."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from hygiene.errors import InputError
from hygiene.metrics import (
    ChurnClassifier,
    DiscreteHazard,
    cross_validate,
    kaplan_meier,
)
from hygiene.metrics.classifier_features import Dropped, prepare_features
from hygiene.metrics.scoring import (
    area_under_curve,
    calibrate,
    concordance,
    score_amounts,
    score_probabilities,
)


def customers(rows: int = 600) -> tuple[pl.DataFrame, np.ndarray]:
    rng = np.random.default_rng(5)
    tenure = rng.integers(0, 72, rows)
    plan = rng.choice(["monthly", "yearly"], rows)
    odds = 0.5 - tenure / 24 + 1.2 * (plan == "monthly")
    outcome = (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(float)
    frame = pl.DataFrame(
        {
            "number": [str(i) for i in range(rows)],
            "name": [f"customer {i}" for i in range(rows)],
            "tenure": [str(t) if i % 50 else "" for i, t in enumerate(tenure)],
            "plan": plan,
            "since": [f"20{10 + t % 12}-0{1 + t % 9}-01" for t in tenure],
            "country": ["NL"] * rows,
        }
    )
    return frame, outcome


def test_columns_are_sorted_by_their_content() -> None:
    features = prepare_features(customers()[0])
    assert features.number_names == ["tenure", "since"]
    assert features.category_names == ["plan"]
    assert features.dropped == {
        "number": Dropped.IDENTIFIER,
        "name": Dropped.IDENTIFIER,
        "country": Dropped.CONSTANT,
    }
    assert np.isnan(features.numbers[0, 0])


def test_scores_are_out_of_fold_and_reproducible() -> None:
    frame, outcome = customers()
    report = cross_validate(frame, outcome, seed=3)
    assert report.folds == 5
    assert 0.7 < (report.scores.auc or 0) < 0.95
    assert report.scores.brier < report.scores.brier_base
    again = cross_validate(frame, outcome, seed=3)
    assert np.array_equal(report.probabilities, again.probabilities)


def test_a_column_of_the_future_raises_the_alarm_and_is_named() -> None:
    frame, outcome = customers()
    leaked = frame.with_columns(
        pl.Series("cancel_reason", ["price" if y else None for y in outcome])
    )
    report = cross_validate(leaked, outcome, seed=3)
    assert report.leak_alarm
    assert list(report.suspicious) == ["cancel_reason"]
    assert not cross_validate(frame, outcome, seed=3, alarm=0.95).leak_alarm


def test_a_customer_never_straddles_a_split() -> None:
    frame, outcome = customers(300)
    twice = pl.concat([frame, frame])
    both = np.concatenate([outcome, outcome])
    person = np.concatenate([np.arange(300), np.arange(300)])
    report = cross_validate(twice, both, seed=3, groups=person)
    honest = cross_validate(frame, outcome, seed=3)
    assert (report.scores.auc or 0) < (honest.scores.auc or 0) + 0.03


def test_whoever_is_right_counts_more() -> None:
    """A limit that two values cross together is beyond the logistic, and a line suits it."""
    rng = np.random.default_rng(11)
    matrix = rng.normal(size=(1_500, 2))
    together = (matrix[:, 0] > 0) & (matrix[:, 1] > 0)
    apart = matrix[:, 0] + rng.logistic(size=1_500) > 0
    for outcome, is_line in ((together, False), (apart, True)):
        churned = (outcome ^ (rng.random(1_500) < 0.05)).astype(float)
        model = ChurnClassifier(numbers=2, categories=0, seed=1)
        model.fit(matrix[:1_000], churned[:1_000])
        _, logistic, forest = model._weights
        assert bool(logistic > forest) is is_line
        brier = np.mean((model.predict(matrix[1_000:]) - churned[1_000:]) ** 2)
        assert brier < (0.22 if is_line else 0.09)


def test_few_customers_leave_both_at_a_half() -> None:
    frame, outcome = customers(40)
    outcome[:] = 0.0
    outcome[:5] = 1.0
    matrix = prepare_features(frame).matrix
    model = ChurnClassifier(numbers=2, categories=1, seed=1).fit(matrix, outcome)
    assert model._weights.tolist() == [0.0, 0.5, 0.5]


@pytest.mark.parametrize(
    ("frame", "outcome"),
    [
        pytest.param(pl.DataFrame({"a": ["x"] * 9}), [1, 0, 1] * 3, id="no feature"),
        pytest.param(pl.DataFrame({"a": ["x", "y", "z"] * 3}), [0] * 9, id="no churn"),
    ],
)
def test_what_cannot_be_learned_is_said(
    frame: pl.DataFrame, outcome: list[int]
) -> None:
    with pytest.raises(InputError, match="expected"):
        cross_validate(frame, np.array(outcome, dtype=float), seed=1)


def test_scores_of_known_cases() -> None:
    outcome = np.array([0.0, 0, 1, 1])
    assert area_under_curve(np.array([0.1, 0.4, 0.35, 0.8]), outcome) == 0.75
    assert area_under_curve(np.zeros(4), outcome) == 0.5
    assert area_under_curve(np.zeros(4), np.ones(4)) is None
    perfect = score_probabilities(outcome, outcome)
    assert (perfect.brier, perfect.ece, perfect.lift_top_decile) == (0, 0, 2)
    assert sum(row.n for row in calibrate(np.full(7, 0.3), np.ones(7))) == 7
    assert score_probabilities(np.zeros(0), np.zeros(0)).auc is None
    amounts = score_amounts(np.array([1.0, 2, 3]), np.array([2.0, 4, 6]))
    assert (amounts.bias, amounts.mae) == (-0.5, 2.0)
    assert amounts.gini == pytest.approx(1.0)
    assert score_amounts(np.ones(2), np.zeros(2)).bias is None
    times, seen = np.array([1.0, 2, 3, 4]), np.array([1.0, 1, 0, 1])
    assert concordance(-times, times, seen) == 1.0
    assert concordance(np.zeros(4), times, seen) == 0.5


def test_the_hazard_follows_kaplan_meier_without_covariates() -> None:
    rng = np.random.default_rng(2)
    lasted = rng.geometric(rng.beta(1.5, 8, 3000)).astype(float)
    durations = np.minimum(lasted, 24.0)
    observed = (lasted <= 24).astype(float)
    model = DiscreteHazard(numbers=0, categories=0)
    model.fit(np.zeros((3000, 0)), durations, observed)
    curve = model.survival(np.zeros((1, 0)), np.zeros(1), periods=24)[0]
    truth = kaplan_meier(durations, observed).at(np.arange(1.0, 25.0))
    assert np.max(np.abs(curve - truth)) < 0.02
    assert np.all(np.diff(curve) < 0)


def test_the_hazard_on_telco(shared_data: object) -> None:
    table = pl.read_csv(
        f"{shared_data}/metrics/telco/Telco-Customer-Churn.csv", infer_schema=False
    )
    outcome = (table["Churn"] == "Yes").cast(pl.Float64).to_numpy()
    tenure = table["tenure"].cast(pl.Float64).to_numpy()
    features = prepare_features(
        table.drop("Churn", "customerID", "tenure", "TotalCharges")
    )
    learn = np.random.default_rng(0).random(len(outcome)) < 0.5
    test = np.flatnonzero(~learn)
    model = DiscreteHazard(
        numbers=len(features.number_names), categories=len(features.category_names)
    ).fit(features.matrix[learn], tenure[learn], outcome[learn])
    curve = model.survival(features.matrix[test], np.zeros(len(test)), periods=72)
    steps = np.column_stack([np.ones(len(test)), curve])
    hazards = 1 - steps[:, 1:] / steps[:, :-1]
    totals = np.column_stack([np.zeros(len(test)), np.cumsum(hazards, axis=1)])
    expected = totals[np.arange(len(test)), tenure[test].astype(int)]
    found = concordance(1 - curve[:, 11], tenure[test], outcome[test])
    assert found is not None
    assert found >= 0.86
    assert 0.93 <= outcome[test].sum() / expected.sum() <= 1.07
