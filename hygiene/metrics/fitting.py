"""Maximum likelihood for models with a few positive parameters.

What belongs here: the search itself, on the logarithm of the parameters, with an optional
weak prior and a verdict on convergence. What does not: any likelihood; the models hand
theirs in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]

# At the lower bound of a log-parameter the data do not identify the model.
_LOWEST = -12.0
HIGHEST = 403.0
# Shapes of mixing distributions: at 30 customers differ by 18 % (1/sqrt(30)), which is all
# the same for a prediction, while larger ones make hypergeometric functions overflow.
HIGHEST_SHAPE = 30.0
_REJECTED = 1e10
_STEP = 1e-5


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where a search ended.

    Attributes:
        values: The parameters, in the order of the starting point.
        log_likelihood: At `values`, without the prior.
        converged: Whether the search ended at a flat point that the data identify.
        used_prior: Whether the weak prior took part.
        evaluations: How often the likelihood was computed.
    """

    values: tuple[float, ...]
    log_likelihood: float
    converged: bool
    used_prior: bool
    evaluations: int


def maximise(
    log_likelihood: Callable[[Floats], float],
    *,
    start: Floats,
    weight: float,
    prior_sd: float | None,
    highest: Sequence[float] | None = None,
    slopes: Callable[[Floats], tuple[float, Floats]] | None = None,
) -> Optimum:
    """Find the positive parameters under which data are most likely.

    The search runs on log-parameters. The weak prior is normal around 0 with `prior_sd`,
    i.e. log-normal around 1: hand in time scaled to about 1. On subsamples of 30 to 300
    CDNOW customers plain maximum likelihood ran away in up to half of the fits; a
    standard deviation of 1.5 stopped all of them and moves nothing at a thousand.

    Args:
        log_likelihood: Total log-likelihood as a function of the parameters.
        start: A positive starting point.
        weight: Number of observations; keeps tolerances comparable across sizes.
        prior_sd: Standard deviation of the prior on log-parameters, or none.
        highest: Largest value of each parameter; 403 if omitted.
        slopes: Total log-likelihood and its derivatives by the parameters, where there
            is a formula; central differences of `log_likelihood` if omitted.

    Returns:
        The best point found, converged or not.

    Example:
        >>> found = maximise(
        ...     lambda p: float(10 * np.log(p[0]) - 5 * p[0]),
        ...     start=np.array([1.0]), weight=10, prior_sd=None,
        ... )
        >>> round(found.values[0], 4)
        2.0
    """
    scale = 1.0 / max(weight, 1.0)
    pull = 0.0 if prior_sd is None else 1.0 / (2.0 * prior_sd**2)
    evaluations = 0

    def objective(theta: Floats) -> float:
        nonlocal evaluations
        evaluations += 1
        with np.errstate(all="ignore"):
            value = log_likelihood(np.exp(theta))
        value -= float(np.sum(theta**2)) * pull
        return -value * scale if np.isfinite(value) else _REJECTED

    def with_gradient(theta: Floats) -> tuple[float, Floats]:
        nonlocal evaluations
        if slopes is None:
            steps = np.eye(len(theta)) * _STEP
            return objective(theta), np.array(
                [
                    (objective(theta + step) - objective(theta - step)) / (2.0 * _STEP)
                    for step in steps
                ]
            )
        evaluations += 1
        values = np.exp(theta)
        with np.errstate(all="ignore"):
            value, slope = slopes(values)
        value -= float(np.sum(theta**2)) * pull
        slope = slope * values - 2.0 * pull * theta
        if not (np.isfinite(value) and np.all(np.isfinite(slope))):
            return _REJECTED, np.zeros_like(theta)
        return -value * scale, -slope * scale

    ceiling = np.log(np.full(len(start), HIGHEST) if highest is None else highest)
    theta = np.clip(np.log(start), _LOWEST, ceiling)
    found = None
    # A restart from the optimum renews the curvature estimate: it ends the rare early stop.
    for _ in range(2):
        found = minimize(
            with_gradient,
            theta,
            jac=True,
            method="L-BFGS-B",
            bounds=[(_LOWEST, float(top)) for top in ceiling],
            options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-7},
        )
        theta = np.asarray(found.x, dtype=np.float64)
    assert found is not None  # noqa: S101  the loop ran
    inside = bool(np.all(theta > _LOWEST + 1e-6))
    value, slope = with_gradient(theta)
    # At the upper bound the objective may go on falling outwards.
    slope = np.where(theta > ceiling - 1e-6, np.maximum(slope, 0.0), slope)
    # A rejected point has no slope, which is not the same as being flat.
    flat = value < _REJECTED and bool(np.max(np.abs(slope)) < 1e-4)
    values = np.exp(theta)
    with np.errstate(all="ignore"):
        likelihood = float(log_likelihood(values))
    return Optimum(
        values=tuple(float(value) for value in values),
        log_likelihood=likelihood,
        converged=inside and flat and bool(np.isfinite(likelihood)),
        used_prior=prior_sd is not None,
        evaluations=evaluations,
    )
