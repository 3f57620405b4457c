"""sBG: retention of customers with a contract who can leave at every renewal.

Each customer churns at every renewal with a constant probability that is beta(alpha,
beta) across customers, so that the retention of a cohort rises with its age. Source:
Fader and Hardie, "How to Project Customer Retention" (2007) and "Customer-Base Valuation
in a Contractual Setting" (2010).

What belongs here: likelihood on cohort tables, survival, residual lifetime. What does
not: covariates (see hazard) and money.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, hyp2f1

from hygiene.metrics.fitting import Floats, Optimum, maximise


@dataclass(frozen=True, slots=True)
class ShiftedBetaGeometric:
    """Parameters; time is counted in renewals.

    Attributes:
        alpha: First shape of the churn probabilities; their mean is alpha/(alpha+beta).
        beta: Second shape.

    Example:
        >>> model = ShiftedBetaGeometric(alpha=0.668, beta=3.806)
        >>> np.round(model.survival(np.array([0.0, 1.0, 2.0])), 3).tolist()
        [1.0, 0.851, 0.747]
    """

    alpha: float
    beta: float

    def survival(self, renewals: Floats) -> Floats:
        """S(t) = B(alpha, beta+t) / B(alpha, beta): the share still a customer."""
        return np.asarray(
            np.exp(
                betaln(self.alpha, self.beta + renewals) - betaln(self.alpha, self.beta)
            )
        )

    def retention_rate(self, renewals: Floats) -> Floats:
        """r(t) = S(t)/S(t-1) = (beta+t-1) / (alpha+beta+t-1)."""
        return np.asarray(
            (self.beta + renewals - 1.0) / (self.alpha + self.beta + renewals - 1.0)
        )

    def discounted_residual_lifetime(
        self, renewals: Floats, discount_rate: float
    ) -> Floats:
        """DERL: discounted expected future payments of who has renewed n-1 times.

        (b+n-1)/(a+b+n-1) 2F1(1, b+n; a+b+n; 1/(1+d)), seen just before the n-th renewal.
        """
        total = self.alpha + self.beta + renewals
        return np.asarray(
            (self.beta + renewals - 1.0)
            / (total - 1.0)
            * hyp2f1(1.0, self.beta + renewals, total, 1.0 / (1.0 + discount_rate))
        )


def fit_shifted_beta_geometric(
    customers: Floats, *, prior_sd: float | None = None
) -> tuple[ShiftedBetaGeometric, Optimum]:
    """Fit sBG to the sizes of one cohort at each renewal.

    Args:
        customers: Customers at age 0, 1, 2, ...; never rising, the first above 0.
        prior_sd: Standard deviation of the weak prior; none for plain likelihood.

    Returns:
        The model, and how the search ended.
    """
    lost = -np.diff(customers)
    ages = np.arange(1.0, len(customers))

    def total(p: Floats) -> float:
        model = ShiftedBetaGeometric(*(float(value) for value in p))
        survival = model.survival(np.concatenate([[0.0], ages]))
        churned = survival[:-1] * (1.0 - model.retention_rate(ages))
        return float(
            lost @ np.log(np.maximum(churned, 1e-300))
            + customers[-1] * np.log(np.maximum(survival[-1], 1e-300))
        )

    found = maximise(
        total,
        start=np.array([1.0, 1.0]),
        weight=float(customers[0]),
        prior_sd=prior_sd,
    )
    return ShiftedBetaGeometric(*found.values), found
