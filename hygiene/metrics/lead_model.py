"""Which leads become deals: a logistic regression over facts that were known at the time.

What belongs here: learning from past days, a test on the latest of them, probabilities of
today's leads. What does not: the facts, which the warehouse collects per lead and day.

Every feature is yes or no, so that the parameters can be read: each is what it adds to the
log-odds. A ridge keeps rare ones near zero; the intercept is free, so that predicted and
actual deals agree in sum.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from hygiene.metrics.fitting import Floats
from hygiene.metrics.prediction_tables import (
    CALIBRATION_SCHEMA,
    RUN_SCHEMA,
    rejection,
)
from hygiene.metrics.scoring import ProbabilityScores, calibrate, score_probabilities

HORIZON_DAYS: Final = 90
METHOD: Final = "ridge_logistic"
BASE_METHOD: Final = "base_rate"
NO_METHOD: Final = "insufficient_data"
LEAK_ALARM: Final = 0.95
"""AUC of the hold-out above which a feature must have known the future."""
_LEAST_OF_EACH: Final = 30
"""Leads that became a deal, and that did not, below which nothing is predicted."""
_LEAST_TESTED: Final = 10
_LEAST_OF_A_SOURCE: Final = 50
_RIDGE: Final = 1.0
_ORDER: Final = ("snapshot_date", "golden_contact_id")

_SCORE_SCHEMA: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "golden_contact_id": pl.String,
    "conversion_probability": pl.Float64,
    "prediction_method": pl.String,
    "model_run_id": pl.String,
}


@dataclass(frozen=True, slots=True)
class LeadReport:
    """What was learned.

    Attributes:
        leads: Leads of today, each a row of the result.
        learned_from: Leads of past days, one per lead and day.
        converted: Of these, how many had a deal within the horizon.
        holdout: How good what is used was on the latest past day; none if too few.
        parameters: What each feature adds to the log-odds; empty without a model.
        is_base_rate: Whether the model lost against a constant, which is used instead.
    """

    leads: int
    learned_from: int
    converted: int
    holdout: ProbabilityScores | None
    parameters: Mapping[str, float]
    is_base_rate: bool = False


@dataclass(frozen=True, slots=True)
class LogisticFit:
    """A fitted ridge logistic regression.

    Attributes:
        weights: Intercept, then one weight per column.
        is_converged: Whether Newton's method settled.
    """

    weights: Floats
    is_converged: bool

    def predict(self, matrix: Floats) -> Floats:
        """P(outcome = 1) per row.

        Args:
            matrix: One row per lead, without the column of ones.
        """
        score = self.weights[0] + matrix @ self.weights[1:]
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(score, -30.0, 30.0))))


def fit_logistic(matrix: Floats, outcome: Floats, *, ridge: float) -> LogisticFit:
    """Fit a logistic regression by Newton's method; the intercept is not drawn to zero.

    Args:
        matrix: One row per lead, one column per feature.
        outcome: 0 or 1 per row.
        ridge: Weight of the squared parameters, at least a little above 0.

    Example:
        >>> fit = fit_logistic(np.array([[0.0], [1.0]]), np.array([0.0, 1.0]), ridge=1.0)
        >>> bool(fit.weights[1] > 0)
        True
    """
    design = np.column_stack([np.ones(len(matrix)), matrix])
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = 1e-9
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        score = np.clip(design @ weights, -30.0, 30.0)
        mean = 1.0 / (1.0 + np.exp(-score))
        gradient = design.T @ (outcome - mean) - penalty * weights
        curvature = (design * (mean * (1.0 - mean))[:, None]).T @ design
        step = np.linalg.solve(curvature + np.diag(penalty), gradient)
        # A step that leaps past the data's range would never come back.
        weights += step / max(1.0, float(np.abs(step).max()) / 5.0)
        if float(np.abs(step).max()) < 1e-9:
            return LogisticFit(weights, True)
    return LogisticFit(weights, False)


def predict_leads(
    snapshots: Path,
    out_scores: Path,
    out_runs: Path,
    out_calibration: Path,
    *,
    as_of: date,
) -> LeadReport:
    """Predict for every lead of today whether it becomes a deal within 90 days.

    Args:
        snapshots: Parquet, one row per lead and day: golden_contact_id, snapshot_date,
            is_current, has_converted (none where is_current), lead_source, seniority (0 to
            2), has_business_email, response_count, meeting_count, conversation_count,
            days_since_lead; each as it was known on that day.
        out_scores: Parquet to write, one row per lead of today.
        out_runs: Parquet to write, with the columns of model_runs; empty without a model.
        out_calibration: Parquet to write, one row per tenth of the hold-out.
        as_of: Today.
    """
    frame = pl.read_parquet(snapshots).sort(_ORDER)
    past = frame.filter(~pl.col("is_current"))
    today = frame.filter(pl.col("is_current"))
    outcome = past["has_converted"].cast(pl.Float64).to_numpy()
    converted = int(outcome.sum())
    fit: LogisticFit | None = None
    test: ProbabilityScores | None = None
    rejected: ProbabilityScores | None = None
    method = NO_METHOD
    names: list[str] = []
    runs: list[dict[str, object]] = []
    bins: list[dict[str, object]] = []
    run_id: str | None = None
    if min(converted, len(outcome) - converted) >= _LEAST_OF_EACH:
        sources = _sources(past)
        names, matrix = _features(past, sources)
        run_id = _run_id(past, as_of)
        fit = fit_logistic(matrix, outcome, ridge=_RIDGE)
        newest = past["snapshot_date"].max()
        latest = (past["snapshot_date"] == newest).to_numpy()
        if _is_testable(outcome[~latest]) and _is_testable(outcome[latest]):
            # What was learned before the latest day, on what came after it.
            earlier = fit_logistic(matrix[~latest], outcome[~latest], ridge=_RIDGE)
            predicted = earlier.predict(matrix[latest])
            test = score_probabilities(predicted, outcome[latest])
            if test.loses_against_base:
                # The facts tell leads apart no better than a constant: use the constant.
                rejected = test
                predicted = np.full(int(latest.sum()), outcome[~latest].mean())
                test = score_probabilities(predicted, outcome[latest])
            bins = [
                {
                    "model_run_id": run_id, "decile": each.decile, "customers": each.n,
                    "predicted_probability": round(each.predicted_mean, 6),
                    "actual_rate": round(each.actual_rate, 6),
                }
                for each in calibrate(predicted, outcome[latest])
            ]  # fmt: skip
        run = _run(run_id, as_of, fit, names, test=test, past=past, converted=converted)
        if test:
            run |= {"holdout_from_date": newest, "holdout_to_date": as_of}
        probability = fit.predict(_features(today, sources)[1])
        method = METHOD
        if rejected:
            method = BASE_METHOD
            base_rate = converted / len(outcome)
            probability = np.full(today.height, base_rate)
            run |= rejection(METHOD, rejected) | {
                "method": method,
                "parameters": json.dumps({"base_rate": round(base_rate, 6)}),
            }
        runs.append(run)
    else:
        probability = np.full(today.height, np.nan)
    scores = pl.DataFrame(
        {
            "golden_contact_id": today["golden_contact_id"],
            "conversion_probability": pl.Series(probability).fill_nan(None).round(6),
            "prediction_method": pl.Series([method] * today.height, dtype=pl.String),
            "model_run_id": pl.Series([run_id] * today.height, dtype=pl.String),
        },
        schema_overrides=dict(_SCORE_SCHEMA),
    )
    scores.sort("golden_contact_id").write_parquet(out_scores, compression="zstd")
    pl.DataFrame(runs, schema=RUN_SCHEMA).write_parquet(out_runs, compression="zstd")
    pl.DataFrame(bins, schema=CALIBRATION_SCHEMA).write_parquet(
        out_calibration, compression="zstd"
    )
    return LeadReport(
        leads=today.height,
        learned_from=past.height,
        converted=converted,
        holdout=test,
        parameters=_parameters(fit, names) if fit else {},
        is_base_rate=rejected is not None,
    )


def _is_testable(outcome: Floats) -> bool:
    positives = int(outcome.sum())
    return min(positives, len(outcome) - positives) >= _LEAST_TESTED


def _sources(past: pl.DataFrame) -> list[str]:
    """Lead sources with enough leads to learn from; the others are the base."""
    return (
        past.group_by("lead_source")
        .agg(pl.len().alias("leads"))
        .filter(pl.col("leads") >= _LEAST_OF_A_SOURCE)
        .drop_nulls()
        .sort(["leads", "lead_source"], descending=[True, False])
        .head(12)["lead_source"]
        .to_list()
    )


def _features(frame: pl.DataFrame, sources: list[str]) -> tuple[list[str], Floats]:
    age = pl.col("days_since_lead")
    columns = {
        "business_email": pl.col("has_business_email").fill_null(False),
        "manager": pl.col("seniority") == 1,
        "executive": pl.col("seniority") == 2,
        "answered_a_campaign": pl.col("response_count") > 0,
        "met": pl.col("meeting_count") > 0,
        "spoke_once": pl.col("conversation_count") == 1,
        "spoke_more_often": pl.col("conversation_count") > 1,
        "younger_than_30_days": age < 30,
        "older_than_90_days": age >= 90,
        "older_than_180_days": age >= 180,
        **{f"source: {name}": pl.col("lead_source") == name for name in sources},
    }
    matrix = frame.select(
        each.fill_null(False).cast(pl.Float64).alias(name)
        for name, each in columns.items()
    ).to_numpy()
    return list(columns), np.asarray(matrix, dtype=np.float64)


def _parameters(fit: LogisticFit, names: list[str]) -> dict[str, float]:
    return {
        name: round(float(weight), 6)
        for name, weight in zip(["intercept", *names], fit.weights, strict=True)
    }


def _run_id(past: pl.DataFrame, as_of: date) -> str:
    lines = past.write_csv(include_header=True)
    digest = hashlib.sha256(f"{METHOD}|{as_of}|{lines}".encode()).hexdigest()
    return f"mr_{digest[:24]}"


def _run(
    run_id: str,
    as_of: date,
    fit: LogisticFit,
    names: list[str],
    *,
    test: ProbabilityScores | None,
    past: pl.DataFrame,
    converted: int,
) -> dict[str, object]:
    known = (
        {
            "holdout_customers": test.n,
            "holdout_auc": test.auc,
            "holdout_brier": test.brier,
            "holdout_brier_base": test.brier_base,
            "holdout_ece": test.ece,
            "holdout_lift_top_decile": test.lift_top_decile,
            "is_leak_suspected": (test.auc or 0.0) > LEAK_ALARM,
        }
        if test
        else {"is_leak_suspected": False}
    )
    return {
        "model_run_id": run_id,
        "setting": "lead",
        "method": METHOD,
        "parameters": json.dumps(_parameters(fit, names), sort_keys=True),
        "settings": json.dumps({"horizon_days": HORIZON_DAYS, "ridge": _RIDGE}),
        "time_unit": "day",
        "outcome": f"a deal within {HORIZON_DAYS} days",
        "customers": past["golden_contact_id"].n_unique(),
        "observations": past.height,
        "events": converted,
        "is_converged": fit.is_converged,
        "used_prior": True,
        "as_of_date": as_of,
        **known,
    }
