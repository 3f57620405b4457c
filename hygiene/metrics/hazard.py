"""Discrete-time hazard: the chance that a contract ends in its next period.

One row per customer and period at risk, and a logistic regression on age (a spline of its
logarithm) and covariates: the discrete form of a proportional-hazards model. On Telco it
ranks as Cox does (C .8645 against .8639) without another library. Source: Singer and
Willett, "It's About Time" (1993); Allison (1982).

What belongs here: expansion into periods, fit, hazard and survival. What does not: which
covariates there are; they must be known at the beginning of each period.
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from hygiene.metrics.fitting import Floats
from hygiene.metrics.spline_logistic import spline_logistic


class DiscreteHazard:
    """A hazard over a covariate matrix (numbers first, then category codes).

    Example:
        >>> rng = np.random.default_rng(1)
        >>> plan = rng.integers(0, 2, 400).astype(float)[:, None]
        >>> lasted = np.minimum(rng.geometric(0.05 + 0.2 * plan[:, 0]), 24.0)
        >>> model = DiscreteHazard(numbers=0, categories=1)
        >>> model = model.fit(plan, lasted, (lasted < 24).astype(float))
        >>> curve = model.survival(np.array([[0.0], [1.0]]), np.zeros(2), periods=12)
        >>> bool(curve[0, -1] > curve[1, -1])
        True
    """

    def __init__(self, *, numbers: int, categories: int) -> None:
        """Prepare an unfitted hazard.

        Args:
            numbers: Leading covariates that are numbers.
            categories: Following covariates that are category codes.
        """
        self._model = spline_logistic(numbers + 1, categories)

    def fit(
        self, matrix: Floats, durations: Floats, observed: Floats
    ) -> DiscreteHazard:
        """Learn from covariates that do not change.

        Args:
            matrix: One row per customer.
            durations: Whole periods until leaving or the end of observation; customers
                of 0 periods were never at risk.
            observed: 1 where the customer left in the last of these periods.
        """
        periods = np.maximum(durations, 0).astype(np.int64)
        customer = np.repeat(np.arange(len(periods)), periods)
        first = np.repeat(np.cumsum(periods) - periods, periods)
        age: Floats = np.asarray(np.arange(len(customer)) - first + 1, dtype=np.float64)
        left = np.where(age == periods[customer], observed[customer], 0.0)
        return self.fit_periods(matrix[customer], age, left)

    def fit_periods(
        self,
        matrix: Floats,
        age: Floats,
        left: Floats,
        weight: Floats | None = None,
    ) -> DiscreteHazard:
        """Learn from one row per customer and period at risk, or per group of such.

        Args:
            matrix: Covariates as known when the period began.
            age: Number of the period in the customer's life, from 1.
            left: 1 where the customer left in the period.
            weight: Rows that each one stands for; one each if omitted.
        """
        with threadpool_limits(limits=1):
            self._model.fit(
                _with_age(matrix, age), left, logistic__sample_weight=weight
            )
        return self

    def hazard(self, matrix: Floats, age: Floats) -> Floats:
        """P(leaving in the period of that age, given presence at its beginning).

        Args:
            matrix: Covariates.
            age: Number of the period, from 1; beyond the oldest seen, that of the oldest.
        """
        with threadpool_limits(limits=1):
            return np.asarray(self._model.predict_proba(_with_age(matrix, age))[:, 1])

    def survival(self, matrix: Floats, age: Floats, *, periods: int) -> Floats:
        """P(still a customer after 1..periods more periods), covariates held.

        S(k) = product over j = 1..k of (1 - hazard(age + j)).

        Args:
            matrix: One row per customer.
            age: Periods that each has completed.
            periods: How far to look ahead.

        Returns:
            Matrix of customers by periods.
        """
        kept = np.empty((len(age), periods))
        alive = np.ones(len(age))
        for period in range(1, periods + 1):
            alive = alive * (1.0 - self.hazard(matrix, age + period))
            kept[:, period - 1] = alive
        return kept


def _with_age(matrix: Floats, age: Floats) -> Floats:
    return np.column_stack([np.log(np.maximum(age, 1.0)), matrix])
