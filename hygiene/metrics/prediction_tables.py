"""Columns of the published predictions, model runs and calibration.

What belongs here: schemas, and one mapping per row of a model run. What does not:
computing anything that a model has not already said.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta

import numpy as np
import polars as pl

from hygiene.metrics.buyers import INDEPENDENCE_LIMIT, BuyerModel
from hygiene.metrics.contracts import ContractHoldout, ContractModel
from hygiene.metrics.fitting import Floats
from hygiene.metrics.holdout import BuyerHoldout
from hygiene.metrics.purchases import PurchaseCounts
from hygiene.metrics.recurring_revenue import TermCounts
from hygiene.metrics.scoring import AmountScores, CalibrationBin, ProbabilityScores
from hygiene.metrics.settings import MetricSettings

_MONEY = pl.Decimal(18, 2)

VALUE_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "customer_key": pl.String,
    "setting": pl.String,
    "method": pl.String,
    "model_run_id": pl.String,
    "predicted_revenue_12m": _MONEY,
    "predicted_revenue_36m": _MONEY,
    "predicted_margin_12m": _MONEY,
    "predicted_margin_36m": _MONEY,
    "expected_purchases_12m": pl.Float64,
    "expected_purchase_value": pl.Float64,
    "probability_no_purchase_90": pl.Float64,
    "probability_no_purchase_180": pl.Float64,
    "probability_no_purchase_365": pl.Float64,
    "probability_alive": pl.Float64,
    "evidence_count": pl.Int64,
    "as_of_date": pl.Date,
}

RUN_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "model_run_id": pl.String,
    "setting": pl.String,
    "method": pl.String,
    "parameters": pl.String,
    "settings": pl.String,
    "time_unit": pl.String,
    "outcome": pl.String,
    "log_likelihood": pl.Float64,
    "value_frequency_correlation": pl.Float64,
    "customers": pl.Int64,
    "observations": pl.Int64,
    "events": pl.Int64,
    "excluded_rows": pl.Int64,
    "rejected_method": pl.String,
    "rejected_brier": pl.Float64,
    "holdout_customers": pl.Int64,
    "holdout_auc": pl.Float64,
    "holdout_brier": pl.Float64,
    "holdout_brier_base": pl.Float64,
    "holdout_ece": pl.Float64,
    "holdout_lift_top_decile": pl.Float64,
    "holdout_predicted_purchases": pl.Float64,
    "holdout_actual_purchases": pl.Float64,
    "holdout_purchases_bias": pl.Float64,
    "holdout_purchases_mae": pl.Float64,
    "holdout_purchases_correlation": pl.Float64,
    "holdout_predicted_revenue": pl.Float64,
    "holdout_actual_revenue": pl.Float64,
    "holdout_revenue_bias": pl.Float64,
    "holdout_revenue_mae": pl.Float64,
    "is_converged": pl.Boolean,
    "used_prior": pl.Boolean,
    "is_independence_doubtful": pl.Boolean,
    "is_leak_suspected": pl.Boolean,
    "holdout_from_date": pl.Date,
    "holdout_to_date": pl.Date,
    "as_of_date": pl.Date,
}

CALIBRATION_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "model_run_id": pl.String,
    "decile": pl.Int64,
    "customers": pl.Int64,
    "predicted_probability": pl.Float64,
    "actual_rate": pl.Float64,
}


def purchase_run(
    run_id: str,
    as_of: date,
    settings: MetricSettings,
    *,
    model: BuyerModel,
    counts: PurchaseCounts,
    test: BuyerHoldout | None,
) -> dict[str, object]:
    """The row of `model_runs` of a purchase model."""
    parameters: dict[str, float] = {"mean_value": model.mean_value}
    if model.purchases is not None:
        parameters |= asdict(model.purchases)
    else:
        parameters["purchases_per_day"] = model.daily_rate
    if model.value is not None:
        parameters |= {f"value_{k}": v for k, v in asdict(model.value).items()}
    correlation = model.value_frequency_correlation
    fit = model.purchases_fit
    return {
        **_common(run_id, as_of, settings),
        "setting": "non_contractual",
        "method": model.method.value,
        "parameters": json.dumps(parameters, sort_keys=True),
        "time_unit": "day",
        "outcome": "at least one purchase in the hold-out",
        "log_likelihood": fit.log_likelihood if fit else None,
        "value_frequency_correlation": correlation,
        "customers": model.customers,
        "observations": counts.purchases,
        "events": model.repeat_purchases,
        "excluded_rows": counts.missing_customer
        + counts.missing_date
        + counts.missing_amount,
        "is_converged": fit.converged if fit else None,
        "used_prior": fit.used_prior if fit else None,
        "is_independence_doubtful": None
        if correlation is None
        else abs(correlation) > INDEPENDENCE_LIMIT,
        **_probabilities(test.purchase if test else None, settings),
        **(_amounts("purchases", test.purchases) if test else {}),
        **(_amounts("revenue", test.revenue) if test else {}),
        "holdout_from_date": test.fitted_through + timedelta(days=1) if test else None,
        "holdout_to_date": test.tested_through if test else None,
    }


def contract_run(
    run_id: str,
    as_of: date,
    settings: MetricSettings,
    *,
    model: ContractModel,
    counts: TermCounts,
    test: ContractHoldout | None,
) -> dict[str, object]:
    """The row of `model_runs` of a contract model."""
    parameters = {
        "monthly_rate": model.monthly_rate if model.months_at_risk else None,
        "late_renewal_rate": model.late_renewal_rate,
    }
    return {
        **_common(run_id, as_of, settings),
        "setting": "contractual",
        "method": model.method.value,
        "parameters": json.dumps(parameters, sort_keys=True),
        "time_unit": "month",
        "outcome": "no contract at the end of the hold-out",
        "customers": counts.customers,
        "observations": model.months_at_risk,
        "events": model.ends,
        "excluded_rows": counts.terms - counts.counted - counts.after_end,
        **_probabilities(test.leaving if test else None, settings),
        **(_amounts("revenue", test.revenue) if test else {}),
        "holdout_from_date": _next_month(test.fitted_through, 1) if test else None,
        "holdout_to_date": _next_month(test.fitted_through, test.months + 1)
        - timedelta(days=1)
        if test
        else None,
    }


def rejection(method: str, scores: ProbabilityScores) -> dict[str, object]:
    """The columns that tell of a model that lost against a constant."""
    return {"rejected_method": str(method), "rejected_brier": scores.brier}


def calibration_rows(
    run_id: str, bins: Sequence[CalibrationBin]
) -> list[dict[str, object]]:
    """The rows of `model_calibration` of one run."""
    return [
        {
            "model_run_id": run_id,
            "decile": row.decile,
            "customers": row.n,
            "predicted_probability": round(row.predicted_mean, 6),
            "actual_rate": round(row.actual_rate, 6),
        }
        for row in bins
    ]


def shaped(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the published columns in their order and types; what a model lacks is null."""
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in VALUE_SCHEMA.items()
    )


def value_columns(
    revenue: dict[int, Floats], settings: MetricSettings
) -> list[pl.Series]:
    """Predicted revenue and margin per horizon in months, to the cent."""
    columns = []
    for months, amounts in revenue.items():
        columns.append(
            pl.Series(f"predicted_revenue_{months}m", amounts).fill_nan(None).round(2)
        )
        columns.append(
            pl.Series(
                f"predicted_margin_{months}m", amounts * settings.gross_margin_rate
            )
            .fill_nan(None)
            .round(2)
        )
    return columns


def rounded(name: str, values: Floats) -> pl.Series:
    """Six digits: more would be noise, and differ between machines."""
    return pl.Series(name, np.asarray(values, dtype=np.float64)).fill_nan(None).round(6)


def _common(run_id: str, as_of: date, settings: MetricSettings) -> dict[str, object]:
    rules = settings.model_dump(mode="json", exclude={"threads"})
    return {
        **dict.fromkeys(RUN_SCHEMA),
        "model_run_id": run_id,
        "settings": json.dumps(rules, sort_keys=True),
        "as_of_date": as_of,
        "is_leak_suspected": False,
    }


def _probabilities(
    scores: ProbabilityScores | None, settings: MetricSettings
) -> dict[str, object]:
    if scores is None:
        return {}
    return {
        "holdout_customers": scores.n,
        "holdout_auc": scores.auc,
        "holdout_brier": scores.brier,
        "holdout_brier_base": scores.brier_base,
        "holdout_ece": scores.ece,
        "holdout_lift_top_decile": scores.lift_top_decile,
        "is_leak_suspected": (scores.auc or 0.0) > settings.leak_alarm_auc,
    }


def _amounts(what: str, scores: AmountScores) -> dict[str, object]:
    figures: dict[str, object] = {
        f"holdout_predicted_{what}": scores.predicted_total,
        f"holdout_actual_{what}": scores.actual_total,
        f"holdout_{what}_bias": scores.bias,
        f"holdout_{what}_mae": scores.mae,
        f"holdout_{what}_correlation": scores.correlation,
    }
    return {name: value for name, value in figures.items() if name in RUN_SCHEMA}


def _next_month(first_day: date, months: int) -> date:
    index = first_day.year * 12 + first_day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)
