"""Customers with a contract: how long they stay and what they will pay.

A discrete hazard per month on what was known when the month began: months since the
first contract, size of the monthly amount, its direction over three months, and whether
the customer had left before. A renewal within the days of grace is late, not churn; so
a month teaches only once its days of grace have passed.

What belongs here: rows at risk out of customer months, the fitted model, predictions and
their test on a later period. What does not: the rule of MRR (recurring_revenue), files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from math import ceil
from typing import Any

import duckdb
import numpy as np

from hygiene.metrics.buyers import DAYS_PER_MONTH, Method, discount_factors
from hygiene.metrics.fitting import Floats
from hygiene.metrics.hazard import DiscreteHazard
from hygiene.metrics.scoring import (
    AmountScores,
    CalibrationBin,
    ProbabilityScores,
    calibrate,
    score_amounts,
    score_probabilities,
)
from hygiene.metrics.settings import MetricSettings

# Amounts are compared by half powers of e: a customer moves one step at +65 %.
_STATES = """
CREATE OR REPLACE TEMP TABLE contract_states AS
SELECT
    customer_key,
    month_date,
    is_active,
    is_complete,
    mrr_end::DOUBLE AS mrr,
    date_diff('month', min(month_date) FILTER (is_active) OVER everything, month_date)
        + 1 AS age,
    CASE WHEN mrr_end > 0 THEN round(ln(mrr_end::DOUBLE) * 2) / 2 END AS size,
    CASE
        WHEN mrr_end > lag(mrr_end, 3, mrr_end) OVER months THEN 2
        WHEN mrr_end < lag(mrr_end, 3, mrr_end) OVER months THEN 1
        ELSE 0
    END AS direction,
    coalesce(bool_or(movement = 'reactivation' AND NOT is_late_renewal) OVER months, false)::INTEGER
        AS returned,
    bool_or(is_active) OVER (
        PARTITION BY customer_key ORDER BY month_date
        ROWS BETWEEN 1 FOLLOWING AND {grace} FOLLOWING
    ) AS stays,
    max(month_date) FILTER (is_complete) OVER () AS last_complete
FROM customer_months
WINDOW
    months AS (PARTITION BY customer_key ORDER BY month_date),
    everything AS (PARTITION BY customer_key)
"""

_AT_RISK = """
SELECT
    age::DOUBLE AS age,
    size,
    direction::DOUBLE AS direction,
    returned::DOUBLE AS returned,
    (NOT coalesce(stays, false))::DOUBLE AS left_,
    count(*)::DOUBLE AS weight
FROM contract_states
WHERE is_active AND is_complete
    AND month_date + to_months({grace}) <= least(last_complete, $through::DATE)
GROUP BY ALL ORDER BY ALL
"""

_LAST_ACTIVE = """
SELECT
    customer_key,
    arg_max(age, month_date)::DOUBLE AS age,
    arg_max(size, month_date) AS size,
    arg_max(direction, month_date)::DOUBLE AS direction,
    arg_max(returned, month_date)::DOUBLE AS returned,
    arg_max(mrr, month_date) AS mrr,
    date_diff('month', max(month_date), date_trunc('month', $through::DATE)::DATE)::DOUBLE
        AS months_away,
    count(*)::BIGINT AS evidence_count
FROM contract_states
WHERE is_active AND month_date <= $through::DATE
GROUP BY 1 ORDER BY 1
"""

_LATE = """
SELECT
    count(*) FILTER (coalesce(stays, false))::DOUBLE AS late,
    count(*)::DOUBLE AS ended
FROM (
    SELECT *, lead(is_active) OVER (PARTITION BY customer_key ORDER BY month_date) AS next_active
    FROM contract_states
)
WHERE is_active AND next_active = false AND is_complete
    AND month_date + to_months({grace}) <= least(last_complete, $through::DATE)
"""


@dataclass(frozen=True, slots=True)
class ContractModel:
    """What was learned about contracts; time in months.

    Attributes:
        method: Hazard with covariates, or one pooled rate where ends are few.
        hazard: The fitted hazard; none for the pooled rate.
        monthly_rate: Ends per customer and month at risk; not a number without any.
        late_renewal_rate: Share of ended contracts that were renewed late.
        months_at_risk: Customer months that taught.
        ends: Of these, months in which the customer left.
    """

    method: Method
    hazard: DiscreteHazard | None
    monthly_rate: float
    late_renewal_rate: float
    months_at_risk: int
    ends: int

    def pooled(self) -> ContractModel:
        """The same evidence as one rate for everybody."""
        return replace(self, method=Method.POOLED_RATE, hazard=None)


@dataclass(frozen=True, slots=True)
class ContractPredictions:
    """One entry per customer who ever had a contract, by customer key.

    Attributes:
        customer_keys: The customers.
        present: 1 where a contract is running, the chance of a late renewal during the
            days of grace, else 0.
        survival: P(a contract is running after 1..n more months), given presence.
        mrr: Monthly amount of the last active month.
        evidence: Months with a running contract.
    """

    customer_keys: list[str]
    present: Floats
    survival: Floats
    mrr: Floats
    evidence: Floats


@dataclass(frozen=True, slots=True)
class ContractHoldout:
    """How a model as of an earlier month did.

    Attributes:
        method: What was tested.
        fitted_through: First day of the last month the model saw.
        months: Length of the test.
        leaving: P(no contract at the end) against what happened.
        calibration: The same per tenth.
        revenue: Expected against actual recurring revenue of the test.
    """

    method: Method
    fitted_through: date
    months: int
    leaving: ProbabilityScores
    calibration: list[CalibrationBin]
    revenue: AmountScores


def grace_months(settings: MetricSettings) -> int:
    """Months after the end of a contract in which a renewal is late, at least one."""
    return max(1, ceil(settings.churn_grace_days / DAYS_PER_MONTH))


def fit_contracts(
    connection: duckdb.DuckDBPyConnection, settings: MetricSettings, *, through: date
) -> ContractModel:
    """Fit on customer months up to a day.

    Args:
        connection: The connection on which customer months were built.
        settings: Days of grace and how many ends a hazard needs.
        through: Nothing after this day is looked at.
    """
    grace = grace_months(settings)
    connection.execute(_STATES.format(grace=grace))
    late, ended = connection.execute(
        _LATE.format(grace=grace), {"through": through}
    ).fetchall()[0]
    rows = connection.execute(
        _AT_RISK.format(grace=grace), {"through": through}
    ).fetchnumpy()
    left = np.asarray(rows["left_"], dtype=np.float64)
    weight = np.asarray(rows["weight"], dtype=np.float64)
    at_risk, ends = float(weight.sum()), float(weight @ left)
    hazard = None
    if min(ends, at_risk - ends) >= settings.min_churn_events:
        hazard = DiscreteHazard(numbers=1, categories=2).fit_periods(
            _covariates(rows), np.asarray(rows["age"], dtype=np.float64), left, weight
        )
    return ContractModel(
        method=Method.DISCRETE_HAZARD if hazard else Method.POOLED_RATE,
        hazard=hazard,
        # Half an end in one month at risk (Jeffreys): no rate is ever 0 or 1.
        monthly_rate=(ends + 0.5) / (at_risk + 1.0) if at_risk else float("nan"),
        late_renewal_rate=late / ended if ended else 0.0,
        months_at_risk=int(at_risk),
        ends=int(ends),
    )


def predict_contracts(
    connection: duckdb.DuckDBPyConnection,
    model: ContractModel,
    settings: MetricSettings,
    *,
    through: date,
    months: int,
) -> ContractPredictions:
    """Predict everybody who had a contract up to a day.

    Args:
        connection: The connection on which `fit_contracts` worked.
        model: What it returned.
        settings: Days of grace.
        through: The day predictions are made for.
        months: How far to look ahead.
    """
    rows = connection.execute(_LAST_ACTIVE, {"through": through}).fetchnumpy()
    age = np.asarray(rows["age"], dtype=np.float64)
    away = np.asarray(rows["months_away"], dtype=np.float64)
    if model.hazard is None:
        curve = (1.0 - model.monthly_rate) ** np.arange(1.0, months + 1.0)
        survival = np.tile(curve, (len(age), 1))
    elif len(age):
        survival = model.hazard.survival(_covariates(rows), age, periods=months)
    else:
        survival = np.zeros((0, months))
    in_grace = (away > 0) & (away <= grace_months(settings))
    return ContractPredictions(
        customer_keys=[str(key) for key in rows["customer_key"]],
        present=np.where(
            away == 0, 1.0, np.where(in_grace, model.late_renewal_rate, 0.0)
        ),
        survival=survival,
        mrr=np.asarray(rows["mrr"], dtype=np.float64),
        evidence=np.asarray(rows["evidence_count"], dtype=np.float64),
    )


def contract_value(
    predicted: ContractPredictions, months: int, annual_rate: float
) -> Floats:
    """Sum over k = 1..months of S(k) x MRR / (1+d)^(k/12): what is yet to be paid.

    Args:
        predicted: The predictions.
        months: Horizon.
        annual_rate: Yearly discount rate.
    """
    paid = predicted.survival[:, :months] @ discount_factors(months, annual_rate)
    return np.asarray(predicted.present * predicted.mrr * paid)


def hold_out_contracts(
    connection: duckdb.DuckDBPyConnection,
    settings: MetricSettings,
    *,
    months: int,
    is_pooled: bool = False,
) -> ContractHoldout | None:
    """Fit as of some months ago and test on the months since.

    Args:
        connection: The connection on which customer months were built.
        settings: Days of grace and thresholds.
        months: Length of the test.
        is_pooled: Test one rate for everybody, whatever could be fitted.

    Returns:
        The figures; none if nothing was known or nobody was a customer back then.
    """
    last = connection.execute(
        "SELECT max(month_date) FILTER (is_complete), min(month_date) FROM customer_months"
    ).fetchall()[0]
    if last[0] is None:
        return None
    split = connection.execute(
        "SELECT ($1::DATE - to_months($2::INTEGER))::DATE", [last[0], months]
    ).fetchall()[0][0]
    if split <= last[1]:
        return None
    model = fit_contracts(connection, settings, through=split)
    if not model.months_at_risk:
        return None
    if is_pooled:
        model = model.pooled()
    predicted = predict_contracts(
        connection, model, settings, through=split, months=months
    )
    later = connection.execute(
        "SELECT coalesce(bool_or(is_active) FILTER (month_date = $1), false)::DOUBLE AS kept, "
        "coalesce(sum(mrr_end) FILTER (month_date > $2 AND month_date <= $1), 0)::DOUBLE AS paid "
        "FROM customer_months WHERE customer_key IN (SELECT customer_key FROM "
        "contract_states WHERE is_active AND month_date <= $2) "
        "GROUP BY customer_key ORDER BY customer_key",
        [last[0], split],
    ).fetchnumpy()
    running = predicted.present == 1.0
    if not running.any():
        return None
    leaves = 1.0 - predicted.survival[running, -1]
    outcome = 1.0 - np.asarray(later["kept"], dtype=np.float64)[running]
    return ContractHoldout(
        method=model.method,
        fitted_through=split,
        months=months,
        leaving=score_probabilities(leaves, outcome),
        calibration=calibrate(leaves, outcome),
        revenue=score_amounts(
            contract_value(predicted, months, 0.0)[running],
            np.asarray(later["paid"], dtype=np.float64)[running],
        ),
    )


def _covariates(rows: Mapping[str, Any]) -> Floats:
    return np.column_stack(
        [
            np.asarray(rows[name], dtype=np.float64)
            for name in ("size", "direction", "returned")
        ]
    )
