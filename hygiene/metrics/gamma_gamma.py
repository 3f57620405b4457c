"""Gamma-Gamma: what a customer's purchases are worth on average.

Values of one customer's purchases are gamma(p, nu); nu is gamma(q, gamma) across
customers, independently of how often they buy. Source: Fader and Hardie, "The Gamma-Gamma
Model of Monetary Value" (2013, note 25); Fader, Hardie and Lee (2005).

What belongs here: likelihood, fit, expected value. What does not: purchase counts beyond
their number, discounting, SQL.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from hygiene.metrics.fitting import Floats, Optimum, maximise


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """Parameters; `gamma` is in the currency of the data.

    Attributes:
        p: Shape of the values of one customer.
        q: Shape across customers.
        gamma: Scale across customers.

    Example:
        >>> model = GammaGamma(p=6.25, q=3.74, gamma=15.44)
        >>> round(float(model.expected_value(np.zeros(1), np.zeros(1))[0]), 2)
        35.22
    """

    p: float
    q: float
    gamma: float

    def log_likelihood(self, x: Floats, mean_value: Floats) -> Floats:
        """Log-likelihood of a mean over x values, both positive (note 25, equation 1a)."""
        px = self.p * x
        return np.asarray(
            gammaln(px + self.q)
            - gammaln(px)
            - gammaln(self.q)
            + self.q * np.log(self.gamma)
            + (px - 1.0) * np.log(mean_value)
            + px * np.log(x)
            - (px + self.q) * np.log(self.gamma + mean_value * x)
        )

    def expected_value(self, x: Floats, mean_value: Floats) -> Floats:
        """E[M] = p (gamma + m x) / (p x + q - 1), the value of the next purchase.

        A customer without a repeat purchase gets the mean of all, p gamma / (q - 1). That
        mean exists for q > 1 only; below, the result is not a number, and callers use the
        observed mean.

        Args:
            x: Repeat purchases, 0 allowed.
            mean_value: Their mean value; ignored where x is 0.
        """
        denominator = self.p * x + self.q - 1.0
        with np.errstate(divide="ignore", invalid="ignore"):
            value = (
                self.p
                * (self.gamma + np.where(x > 0, mean_value, 0.0) * x)
                / denominator
            )
        return np.where(denominator > 0, value, np.nan)


def fit_gamma_gamma(
    x: Floats,
    mean_value: Floats,
    weight: Floats | None = None,
    *,
    prior_sd: float | None = None,
) -> tuple[GammaGamma, Optimum]:
    """Fit Gamma-Gamma to customers with at least one repeat purchase of positive value.

    Args:
        x: Repeat purchases, at least 1.
        mean_value: Their mean value, above 0.
        weight: Customers per group; one each if omitted.
        prior_sd: Standard deviation of the weak prior; none for plain likelihood.

    Returns:
        The model in the currency of the data, and how the search ended.
    """
    weight = np.ones_like(x) if weight is None else weight
    scale = max(float(np.average(mean_value, weights=weight)), 1e-12)
    scaled = mean_value / scale

    def total(p: Floats) -> float:
        model = GammaGamma(*(float(value) for value in p))
        return float(weight @ model.log_likelihood(x, scaled))

    found = maximise(
        total,
        start=np.array([2.0, 3.0, 1.0]),
        weight=float(weight.sum()),
        prior_sd=prior_sd,
    )
    p, q, gamma = found.values
    model = GammaGamma(p=p, q=q, gamma=gamma * scale)
    likelihood = found.log_likelihood - float(weight.sum()) * float(np.log(scale))
    return model, Optimum(
        values=(model.p, model.q, model.gamma),
        log_likelihood=likelihood,
        converged=found.converged,
        used_prior=found.used_prior,
        evaluations=found.evaluations,
    )
