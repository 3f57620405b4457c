"""Kaplan-Meier: the share that survives to each age, when some are not yet observed to leave.

What belongs here: the estimate itself. What does not: models with covariates (hazard).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hygiene.metrics.fitting import Floats


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """A step function that starts at 1.

    Attributes:
        times: Ages at which somebody left, rising.
        survival: Share surviving beyond each of them.
    """

    times: Floats
    survival: Floats

    def at(self, ages: Floats) -> Floats:
        """S(t) at any ages; beyond the last event it stays where it is."""
        steps = np.concatenate([[1.0], self.survival])
        return np.asarray(steps[np.searchsorted(self.times, ages, side="right")])


def kaplan_meier(
    durations: Floats, observed: Floats, weight: Floats | None = None
) -> SurvivalCurve:
    """Estimate survival: S(t) = product over event ages up to t of (1 - d_i / n_i).

    Source: Kaplan and Meier (1958).

    Args:
        durations: Age at leaving, or at the end of observation.
        observed: 1 where the customer left, 0 where observation ended first.
        weight: Customers per row; one each if omitted.

    Returns:
        The curve.

    Example:
        >>> curve = kaplan_meier(np.array([1.0, 2.0, 2.0]), np.array([1.0, 1.0, 0.0]))
        >>> np.round(curve.survival, 3).tolist()
        [0.667, 0.333]
    """
    weight = np.ones_like(durations) if weight is None else weight
    times, index = np.unique(durations, return_inverse=True)
    leaving = np.bincount(index, weights=weight * observed, minlength=len(times))
    present = np.bincount(index, weights=weight, minlength=len(times))
    at_risk = np.cumsum(present[::-1])[::-1]
    survival: Floats = np.asarray(np.cumprod(1.0 - leaving / at_risk), dtype=np.float64)
    events = leaving > 0
    return SurvivalCurve(times=times[events], survival=survival[events])
