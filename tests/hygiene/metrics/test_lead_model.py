"""Leads: what was put into the data is found, and nothing of the future is."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hygiene.metrics.lead_model import LeadReport, fit_logistic, predict_leads

AS_OF = date(2026, 1, 15)
DAYS = [AS_OF - timedelta(days=90 * number) for number in range(5)]


def made(leads: int, *, seed: int = 1, knows: bool = True) -> pl.DataFrame:
    """Leads whose odds of a deal grow with meetings and seniority."""
    rng = np.random.default_rng(seed)
    frames = []
    for number, day in enumerate(DAYS):
        met = rng.integers(0, 2, leads)
        seniority = rng.integers(0, 3, leads)
        odds = -2.5 + (1.8 * met + 0.6 * seniority if knows else 0.0)
        converted = rng.random(leads) < 1 / (1 + np.exp(-odds))
        frames.append(
            pl.DataFrame(
                {
                    "golden_contact_id": [f"gc_{number}_{i}" for i in range(leads)],
                    "snapshot_date": [day] * leads,
                    "is_current": [number == 0] * leads,
                    "has_converted": [None] * leads
                    if number == 0
                    else converted.tolist(),
                    "lead_source": rng.choice(["Web", "Event", "Rare"], leads).tolist(),
                    "seniority": seniority,
                    "has_business_email": rng.random(leads) < 0.5,
                    "response_count": rng.integers(0, 2, leads),
                    "meeting_count": met,
                    "conversation_count": rng.integers(0, 3, leads),
                    "days_since_lead": rng.integers(0, 400, leads),
                },
                schema_overrides={"has_converted": pl.Boolean},
            )
        )
    return pl.concat(frames)


def run(folder: Path, frame: pl.DataFrame) -> tuple[LeadReport, list[pl.DataFrame]]:
    folder.mkdir(exist_ok=True)
    frame.write_parquet(folder / "in.parquet")
    out = [folder / f"{name}.parquet" for name in ("scores", "runs", "calibration")]
    report = predict_leads(folder / "in.parquet", *out, as_of=AS_OF)
    return report, [pl.read_parquet(file) for file in out]


def test_what_makes_a_deal_is_found_and_probabilities_are_calibrated(
    tmp_path: Path,
) -> None:
    report, (scores, runs, calibration) = run(tmp_path, made(3000))
    assert report.parameters["met"] == pytest.approx(1.8, abs=0.2)
    assert report.parameters["executive"] == pytest.approx(1.2, abs=0.2)
    assert abs(report.parameters["answered_a_campaign"]) < 0.15
    assert report.holdout is not None
    assert report.holdout.auc is not None
    assert 0.7 < report.holdout.auc < 0.85
    assert report.holdout.brier < report.holdout.brier_base
    assert report.holdout.ece < 0.03
    assert scores.height == 3000
    assert scores["conversion_probability"].is_between(0, 1).all()
    assert set(scores["prediction_method"]) == {"ridge_logistic"}
    assert runs["setting"].to_list() == ["lead"]
    assert runs["is_leak_suspected"].to_list() == [False]
    assert calibration["customers"].sum() == 3000


def test_a_feature_that_knows_the_future_raises_the_alarm(tmp_path: Path) -> None:
    frame = made(500).with_columns(
        pl.when(pl.col("has_converted")).then(1).otherwise(0).alias("meeting_count")
    )
    _, (_, runs, _) = run(tmp_path, frame)
    assert runs["is_leak_suspected"].to_list() == [True]


def test_nothing_to_learn_gives_no_lift_and_too_few_leads_no_probability(
    tmp_path: Path,
) -> None:
    report, _ = run(tmp_path / "noise", made(2000, knows=False))
    assert report.holdout is not None
    assert report.holdout.auc == pytest.approx(0.5, abs=0.07)
    few, (scores, runs, calibration) = run(tmp_path / "few", made(10))
    assert few.holdout is None
    assert scores["conversion_probability"].is_null().all()
    assert set(scores["prediction_method"]) == {"insufficient_data"}
    assert runs.is_empty()
    assert calibration.is_empty()


def test_a_model_that_loses_against_a_constant_is_not_used(tmp_path: Path) -> None:
    # What made deals on the earlier days makes none on the latest.
    newest = pl.col("snapshot_date") == DAYS[1]
    frame = made(500).with_columns(
        pl.when(newest)
        .then(pl.col("meeting_count") == 0)
        .otherwise(pl.col("has_converted"))
        .alias("has_converted")
    )
    report, (scores, runs, calibration) = run(tmp_path, frame)
    assert report.is_base_rate
    assert scores["prediction_method"].unique().to_list() == ["base_rate"]
    rate = report.converted / report.learned_from
    assert scores["conversion_probability"].unique().to_list() == [round(rate, 6)]
    (row,) = runs.to_dicts()
    assert (row["method"], row["rejected_method"]) == ("base_rate", "ridge_logistic")
    assert row["rejected_brier"] > row["holdout_brier_base"]
    assert calibration.height == 1


def test_the_order_of_rows_changes_nothing_and_no_leads_are_no_error(
    tmp_path: Path,
) -> None:
    frame = made(400)
    _, first = run(tmp_path / "a", frame)
    _, second = run(tmp_path / "b", frame.sample(fraction=1, shuffle=True, seed=5))
    for one, other in zip(first, second, strict=True):
        assert one.equals(other)
    report, (scores, _, _) = run(tmp_path / "c", frame.clear())
    assert (report.leads, report.learned_from, scores.height) == (0, 0, 0)


def test_predicted_and_actual_deals_agree_in_sum() -> None:
    rng = np.random.default_rng(3)
    matrix = rng.integers(0, 2, (500, 4)).astype(float)
    outcome = (rng.random(500) < 0.2 + 0.4 * matrix[:, 0]).astype(float)
    fit = fit_logistic(matrix, outcome, ridge=1.0)
    assert fit.is_converged
    assert fit.predict(matrix).sum() == pytest.approx(outcome.sum(), rel=1e-6)


def test_outcomes_that_one_feature_decides_stay_finite() -> None:
    matrix = np.array([[0.0]] * 50 + [[1.0]] * 50)
    fit = fit_logistic(matrix, matrix[:, 0], ridge=1.0)
    assert np.isfinite(fit.weights).all()
    assert fit.is_converged
