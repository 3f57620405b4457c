"""BG/NBD: the simpler relative of Pareto/NBD, in which customers leave after a purchase.

Purchase rates are gamma(r, alpha); after every purchase a customer drops out with a
probability that is beta(a, b) across customers. Source: Fader, Hardie and Lee, "Counting
Your Customers the Easy Way" (2005). A customer with one purchase counts as alive with
certainty, so P(alive) of this model is no churn score; P(no purchase in h) is.

What belongs here: likelihood, fit and predictions from (x, t_x, T), as in Pareto/NBD.
What does not: money and SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import betaln, gammaln

from hygiene.metrics.fitting import (
    HIGHEST,
    HIGHEST_SHAPE,
    Floats,
    Optimum,
    maximise,
)
from hygiene.metrics.hypergeometric import hypergeometric

# Inside this distance of a = 1 the formula is 0/0: the mean of both sides is used, whose
# error is of the order of the square of the distance.
_NEAR_ONE = 1e-5


@dataclass(frozen=True, slots=True)
class BgNbd:
    """Parameters; `alpha` is in the unit of time of the data.

    Attributes:
        r: Shape of the purchase rates.
        alpha: Scale of the purchase rates: r/alpha purchases per unit while alive.
        a: First shape of the dropout probabilities.
        b: Second shape of the dropout probabilities.

    Example:
        >>> model = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
        >>> never = np.zeros(1)
        >>> float(model.probability_alive(never, never, np.array([39.0]))[0])
        1.0
    """

    r: float
    alpha: float
    a: float
    b: float

    def log_likelihood(self, x: Floats, t_x: Floats, age: Floats) -> Floats:
        """Log-likelihood per customer (Fader, Hardie and Lee 2005, equation 6)."""
        constant = (
            gammaln(self.r + x)
            - gammaln(self.r)
            + self.r * np.log(self.alpha)
            + betaln(self.a, self.b + x)
            - betaln(self.a, self.b)
        )
        alive = -(self.r + x) * np.log(self.alpha + age)
        return np.asarray(constant + alive + np.log1p(self._odds_dropped(x, t_x, age)))

    def probability_alive(self, x: Floats, t_x: Floats, age: Floats) -> Floats:
        """P(alive at T) = 1 / (1 + [x>0] a/(b+x-1) ((alpha+T)/(alpha+t_x))^(r+x))."""
        return np.asarray(1.0 / (1.0 + self._odds_dropped(x, t_x, age)))

    def purchases_if_alive(self, horizon: float, x: Floats, age: Floats) -> Floats:
        """Purchases expected in the next `horizon` of a customer known to be alive.

        (a+b+x-1)/(a-1) (1 - ((alpha+T)/(alpha+T+h))^(r+x) 2F1(r+x, b+x; c; z)) with
        c = a+b+x-1 and z = h/(alpha+T+h). Euler's transform turns power times 2F1 into
        (1-z)^(a-1) 2F1(c-r-x, a-1; c; z), which neither over- nor underflows.
        """
        if abs(self.a - 1.0) < _NEAR_ONE:
            below, above = self._beside_one()
            return np.asarray(
                below.purchases_if_alive(horizon, x, age) / 2.0
                + above.purchases_if_alive(horizon, x, age) / 2.0
            )
        c = self.a + self.b + x - 1.0
        z = horizon / (self.alpha + age + horizon)
        rest = np.exp((self.a - 1.0) * np.log1p(-z)) * hypergeometric(
            c - self.r - x, self.a - 1.0, c, z
        )
        return np.asarray(np.maximum(c / (self.a - 1.0) * (1.0 - rest), 0.0))

    def expected_purchases(
        self, horizon: float, x: Floats, t_x: Floats, age: Floats
    ) -> Floats:
        """E[Y(h)]: purchases expected in the next `horizon` units of time."""
        return self.probability_alive(x, t_x, age) * self.purchases_if_alive(
            horizon, x, age
        )

    def probability_no_purchase(
        self, horizon: float, x: Floats, t_x: Floats, age: Floats
    ) -> Floats:
        """P(no purchase in h) = 1 - P(alive) (1 - ((alpha+T)/(alpha+T+h))^(r+x))."""
        return self.forecast((horizon,), x, t_x, age)[1][0]

    def forecast(
        self, horizons: Sequence[float], x: Floats, t_x: Floats, age: Floats
    ) -> tuple[Floats, list[Floats]]:
        """P(alive), and P(no purchase) per horizon.

        Args:
            horizons: Lengths of time from T on.
            x: Repeat purchases.
            t_x: Time from first to last purchase.
            age: Time from first purchase to the end of observation.

        Returns:
            P(alive) per customer, and one array per horizon.
        """
        alive = self.probability_alive(x, t_x, age)
        return alive, [
            np.asarray(
                1.0
                + alive
                * np.expm1(-(self.r + x) * np.log1p(horizon / (self.alpha + age)))
            )
            for horizon in horizons
        ]

    def mean_purchases(self, time: Floats) -> Floats:
        """E[X(t)]: repeat purchases of a random new customer within `time`."""
        if abs(self.a - 1.0) < _NEAR_ONE:
            below, above = self._beside_one()
            return (below.mean_purchases(time) + above.mean_purchases(time)) / 2.0
        c = self.a + self.b - 1.0
        z = time / (self.alpha + time)
        rest = np.exp((self.a - 1.0) * np.log1p(-z)) * hypergeometric(
            c - self.r, self.a - 1.0, c, z
        )
        return np.asarray(c / (self.a - 1.0) * (1.0 - rest))

    def purchase_probabilities(self, time: float, most: int) -> Floats:
        """P(X(t) = 0..most) of a new customer (2005, equation 8)."""
        counts = np.arange(most + 1, dtype=np.float64)
        share = np.log(time) - np.log(self.alpha + time)
        terms = np.exp(
            gammaln(self.r + counts)
            - gammaln(self.r)
            - gammaln(counts + 1)
            - self.r * np.log1p(time / self.alpha)
            + counts * share
        )
        base = betaln(self.a, self.b)
        stayed = np.exp(betaln(self.a, self.b + counts) - base) * terms
        before = np.concatenate([[0.0], np.cumsum(terms)[:-1]])
        first = np.maximum(self.b + counts - 1.0, 1e-300)
        left = np.where(
            counts > 0,
            np.exp(betaln(self.a + 1.0, np.where(counts > 0, first, 1.0)) - base)
            * (1.0 - before),
            0.0,
        )
        return np.asarray(stayed + left)

    def _beside_one(self) -> tuple[BgNbd, BgNbd]:
        gap = 2.0 * _NEAR_ONE
        return replace(self, a=1.0 - gap), replace(self, a=1.0 + gap)

    def _odds_dropped(self, x: Floats, t_x: Floats, age: Floats) -> Floats:
        bought = x > 0
        exponent = (
            np.log(self.a)
            - np.log(np.where(bought, self.b + x - 1.0, 1.0))
            + (self.r + x) * np.log((self.alpha + age) / (self.alpha + t_x))
        )
        return np.where(bought, np.exp(np.minimum(exponent, 700.0)), 0.0)


def fit_bg_nbd(
    x: Floats,
    t_x: Floats,
    age: Floats,
    weight: Floats | None = None,
    *,
    prior_sd: float | None = None,
    start: BgNbd | None = None,
) -> tuple[BgNbd, Optimum]:
    """Fit BG/NBD to customers or to groups of equal customers.

    Args:
        x: Repeat purchases.
        t_x: Time from first to last purchase; 0 where x is 0.
        age: Time from first purchase to the end of observation, at least t_x.
        weight: Customers per group; one each if omitted.
        prior_sd: Standard deviation of the weak prior; none for plain likelihood.
        start: A model near the solution, where there is one.

    Returns:
        The model in the unit of time of the data, and how the search ended.
    """
    weight = np.ones_like(x) if weight is None else weight
    scale = max(float(np.max(age, initial=0.0)), 1e-12)
    last, seen = t_x / scale, age / scale

    def total(p: Floats) -> float:
        model = BgNbd(*(float(value) for value in p))
        return float(weight @ model.log_likelihood(x, last, seen))

    found = maximise(
        total,
        start=np.array(
            [0.5, 0.3, 0.8, 2.0]
            if start is None
            else [start.r, start.alpha / scale, start.a, start.b]
        ),
        weight=float(weight.sum()),
        prior_sd=prior_sd,
        highest=(HIGHEST_SHAPE, HIGHEST, HIGHEST_SHAPE, HIGHEST),
    )
    r, alpha, a, b = found.values
    model = BgNbd(r=r, alpha=alpha * scale, a=a, b=b)
    likelihood = found.log_likelihood - float(weight @ x) * float(np.log(scale))
    return model, Optimum(
        values=(model.r, model.alpha, model.a, model.b),
        log_likelihood=likelihood,
        converged=found.converged,
        used_prior=found.used_prior,
        evaluations=found.evaluations,
    )
