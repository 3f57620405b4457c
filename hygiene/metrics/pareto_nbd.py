"""Pareto/NBD: how often customers without a contract buy, and whether they still do.

While alive a customer buys at a Poisson rate; rates are gamma(r, alpha) across customers.
Lifetimes are exponential; their rates are gamma(s, beta). Sources: Schmittlein, Morrison
and Colombo, "Counting Your Customers" (1987); Fader and Hardie, "A Note on Deriving the
Pareto/NBD Model and Related Expressions" (2005).

What belongs here: likelihood, fit and predictions from (x, t_x, T), where x is the number
of repeat purchases, t_x the time from the first to the last purchase and T the time from
the first purchase to the end of observation. What does not: money and SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from hygiene.metrics.fitting import (
    HIGHEST,
    HIGHEST_SHAPE,
    Floats,
    Optimum,
    maximise,
)
from hygiene.metrics.hypergeometric import hypergeometric

_NEAR_ONE = 1e-9
_QUADRATURE_NODES = 200
# Panels and nodes of the integral in the likelihood: relative errors below 1e-10.
_PANELS = 4
_PANEL_NODES = 10
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(_PANEL_NODES)
_UNIT_NODES = ((np.arange(_PANELS)[:, None] + (_NODES + 1.0) / 2.0) / _PANELS).ravel()
_UNIT_WEIGHTS = np.tile(_WEIGHTS / (2.0 * _PANELS), _PANELS)
# What lies 40 powers of e below the highest point does not count.
_NEGLIGIBLE = 40.0


@dataclass(frozen=True, slots=True)
class ParetoNbd:
    """Parameters; `alpha` and `beta` are in the unit of time of the data.

    Attributes:
        r: Shape of the purchase rates.
        alpha: Scale of the purchase rates: r/alpha purchases per unit while alive.
        s: Shape of the dropout rates.
        beta: Scale of the dropout rates.

    Example:
        >>> model = ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669)
        >>> last, seen = np.array([26.0]), np.array([2.0])
        >>> probability = model.probability_alive(seen, last, np.array([39.0]))
        >>> 0 < float(probability[0]) < 1
        True
    """

    r: float
    alpha: float
    s: float
    beta: float

    def log_likelihood(self, x: Floats, t_x: Floats, age: Floats) -> Floats:
        """Log-likelihood per customer (Fader and Hardie 2005, equation 19)."""
        dropped = np.log(self.s) + log_dropout_integral(
            self.r + x, self.s + 1.0, self.alpha + t_x, self.beta + t_x, age - t_x
        )
        return np.asarray(
            self._log_constant(x) + np.logaddexp(self._log_alive(x, age), dropped)
        )

    def total_slopes(
        self, x: Floats, t_x: Floats, age: Floats, weight: Floats
    ) -> tuple[float, Floats]:
        """Total log-likelihood and its derivatives by r, alpha, s and beta.

        The likelihood is a mixture of being alive and having dropped out, so a derivative
        is the mean of those of both, weighed by P(alive) and its complement.

        Args:
            x: Repeat purchases.
            t_x: Time from first to last purchase.
            age: Time from first purchase to the end of observation.
            weight: Customers per row.
        """
        r, alpha, s, beta = self.r, self.alpha, self.s, self.beta
        integral, by_p, by_q, by_alpha, by_beta = _dropout_slopes(
            r + x, s + 1.0, alpha + t_x, beta + t_x, age - t_x
        )
        living = self._log_alive(x, age)
        total = np.logaddexp(living, np.log(s) + integral)
        alive = np.exp(living - total)
        gone = 1.0 - alive
        by_r = (
            digamma(r + x)
            - digamma(r)
            + np.log(alpha)
            - alive * np.log(alpha + age)
            + gone * by_p
        )
        slopes = (
            by_r,
            r / alpha - alive * (r + x) / (alpha + age) + gone * by_alpha,
            np.log(beta) - alive * np.log(beta + age) + gone * (1.0 / s + by_q),
            s / beta - alive * s / (beta + age) + gone * by_beta,
        )
        return float(weight @ (self._log_constant(x) + total)), np.array(
            [weight @ slope for slope in slopes]
        )

    def probability_alive(self, x: Floats, t_x: Floats, age: Floats) -> Floats:
        """P(alive at T): the share of the likelihood in which nobody has dropped out."""
        return self.forecast((), x, t_x, age)[0]

    def purchases_if_alive(self, horizon: float, x: Floats, age: Floats) -> Floats:
        """Purchases expected in the next `horizon` of a customer known to be alive.

        (r+x)/(alpha+T) (beta+T)/(s-1) (1 - ((beta+T)/(beta+T+h))^(s-1)); at s=1 the last
        two factors become (beta+T) log((beta+T+h)/(beta+T)).
        """
        return np.asarray(
            (self.r + x) / (self.alpha + age) * _lived(self.s, self.beta + age, horizon)
        )

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
        """P(no purchase in the next `horizon`) = L(x, t_x, T+h) / L(x, t_x, T).

        It falls from 1 towards 1 - P(alive), and it is what churn of customers without a
        contract means here: 1 - P(alive) calls nobody churned who merely buys rarely.
        """
        return self.forecast((horizon,), x, t_x, age)[1][0]

    def forecast(
        self, horizons: Sequence[float], x: Floats, t_x: Floats, age: Floats
    ) -> tuple[Floats, list[Floats]]:
        """P(alive), and P(no purchase) per horizon, sharing the costly terms.

        Args:
            horizons: Lengths of time from T on.
            x: Repeat purchases.
            t_x: Time from first to last purchase.
            age: Time from first purchase to the end of observation.

        Returns:
            P(alive) per customer, and one array per horizon.
        """
        early = self._log_a(x, t_x)
        alive = self._log_alive(x, age)
        dropped = self._log_dropped(x, early, age)
        now = np.logaddexp(alive, dropped)
        silent = []
        for horizon in horizons:
            then = np.logaddexp(
                self._log_alive(x, age + horizon),
                self._log_dropped(x, early, age + horizon),
            )
            silent.append(np.asarray(np.exp(np.minimum(then - now, 0.0))))
        return np.asarray(np.exp(np.minimum(alive - now, 0.0))), silent

    def mean_purchases(self, time: Floats) -> Floats:
        """E[X(t)]: repeat purchases of a random new customer within `time`."""
        return self.r / self.alpha * _lived(self.s, self.beta, time)

    def purchase_probabilities(self, time: float, most: int) -> Floats:
        """P(X(t) = 0..most) of a new customer, by integrating over the day of dropout.

        Args:
            time: How long the customer is observed.
            most: The largest number of purchases asked for.

        Returns:
            Array of `most` + 1 probabilities.
        """
        counts = np.arange(most + 1, dtype=np.float64)
        nodes, weights = np.polynomial.legendre.leggauss(_QUADRATURE_NODES)
        # Quadratic spacing puts nodes near 0, where the density of dropout is highest.
        unit = (nodes + 1.0) / 2.0
        dropout = time * unit**2
        mass = time * unit * weights
        density = (
            self.s / self.beta * np.exp(-(self.s + 1) * np.log1p(dropout / self.beta))
        )
        dropped = self._negative_binomial(counts[:, None], dropout[None, :]) @ (
            mass * density
        )
        survived = np.exp(-self.s * np.log1p(time / self.beta))
        kept = self._negative_binomial(counts[:, None], np.array([[time]]))[:, 0]
        return np.asarray(dropped + survived * kept)

    def _negative_binomial(self, counts: Floats, time: Floats) -> Floats:
        share = time / (self.alpha + time)
        return np.asarray(
            np.exp(
                gammaln(self.r + counts)
                - gammaln(self.r)
                - gammaln(counts + 1)
                - self.r * np.log1p(time / self.alpha)
                + np.where(counts > 0, counts * np.log(np.maximum(share, 1e-300)), 0.0)
            )
        )

    def _log_constant(self, x: Floats) -> Floats:
        return np.asarray(
            gammaln(self.r + x)
            - gammaln(self.r)
            + self.r * np.log(self.alpha)
            + self.s * np.log(self.beta)
        )

    def _log_alive(self, x: Floats, age: Floats) -> Floats:
        return np.asarray(
            -(self.r + x) * np.log(self.alpha + age) - self.s * np.log(self.beta + age)
        )

    def _log_dropped(self, x: Floats, early: Floats, age: Floats) -> Floats:
        """Log of s/(r+s+x) A0: dropped out between the last purchase and T."""
        late = self._log_a(x, age)
        with np.errstate(divide="ignore"):
            difference = np.log(-np.expm1(np.minimum(late - early, 0.0)))
        return np.asarray(
            np.log(self.s) - np.log(self.r + self.s + x) + early + difference
        )

    def _log_a(self, x: Floats, time: Floats) -> Floats:
        """Log of one term of A0, in Euler's form.

        2F1(n, p; n+1; z) = (1-z)^(1-p) 2F1(1, n+1-p; n+1; z) with n = r+s+x. The textbook
        form overflows from a few hundred purchases on; this one is finite at 5,000.
        """
        n = self.r + self.s + x
        log_alpha, log_beta = np.log(self.alpha + time), np.log(self.beta + time)
        if self.alpha >= self.beta:
            z = (self.alpha - self.beta) / (self.alpha + time)
            series = hypergeometric(1.0, self.r + x, n + 1.0, z)
            return np.asarray(
                -(self.r + x) * log_alpha - self.s * log_beta + np.log(series)
            )
        z = (self.beta - self.alpha) / (self.beta + time)
        series = hypergeometric(1.0, self.s + 1.0, n + 1.0, z)
        return np.asarray(
            -(self.s + 1.0) * log_beta - (self.r + x - 1.0) * log_alpha + np.log(series)
        )


def fit_pareto_nbd(
    x: Floats,
    t_x: Floats,
    age: Floats,
    weight: Floats | None = None,
    *,
    prior_sd: float | None = None,
    start: ParetoNbd | None = None,
) -> tuple[ParetoNbd, Optimum]:
    """Fit Pareto/NBD to customers or to groups of equal customers.

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
        model = ParetoNbd(*(float(value) for value in p))
        return float(weight @ model.log_likelihood(x, last, seen))

    def slopes(p: Floats) -> tuple[float, Floats]:
        model = ParetoNbd(*(float(value) for value in p))
        return model.total_slopes(x, last, seen, weight)

    found = maximise(
        total,
        slopes=slopes,
        start=np.array(
            [0.8, 0.4, 0.8, 0.4]
            if start is None
            else [start.r, start.alpha / scale, start.s, start.beta / scale]
        ),
        weight=float(weight.sum()),
        prior_sd=prior_sd,
        highest=(HIGHEST_SHAPE, HIGHEST, HIGHEST_SHAPE, HIGHEST),
    )
    r, alpha, s, beta = found.values
    model = ParetoNbd(r=r, alpha=alpha * scale, s=s, beta=beta * scale)
    # A density per unit of time: x purchases carry the factor scale^-x.
    likelihood = found.log_likelihood - float(weight @ x) * float(np.log(scale))
    return model, Optimum(
        values=(model.r, model.alpha, model.s, model.beta),
        log_likelihood=likelihood,
        converged=found.converged,
        used_prior=found.used_prior,
        evaluations=found.evaluations,
    )


def _lived(shape: float, scale: Floats | float, horizon: Floats | float) -> Floats:
    """Expected time alive within a horizon: scale/(s-1) (1-(scale/(scale+h))^(s-1))."""
    ratio = np.log1p(horizon / np.asarray(scale))
    if abs(shape - 1.0) < _NEAR_ONE:
        return np.asarray(scale * ratio)
    return np.asarray(-scale * np.expm1(-(shape - 1.0) * ratio) / (shape - 1.0))


def log_dropout_integral(
    p: Floats, q: float, alpha: Floats, beta: Floats, length: Floats
) -> Floats:
    """Log of the integral of (alpha+w)^-p (beta+w)^-q over w in [0, length].

    It is s/(r+s+x) A0 of the published likelihood, before the hypergeometric functions
    that solve it: a fit computes it hundreds of times, and near z = 1, where customers
    hardly drop out, those functions cost twenty times as much. With w = m (e^v - 1) and
    m the smaller of alpha and beta the integrand is log-concave and smooth on the scale
    of v, so few Gauss-Legendre nodes do.

    Args:
        p: Exponents of the first factor.
        q: Exponent of the second factor.
        alpha: Positive starts of the first factor.
        beta: Positive starts of the second factor.
        length: Where the integral ends, at least 0; at 0 the answer is minus infinity.

    Example:
        >>> one = np.array([1.0])
        >>> round(float(log_dropout_integral(one, 1.0, one, one, one)[0]), 6)
        -0.693147
    """
    return _dropout_panels(p, q, alpha, beta, length)[0]


def _dropout_slopes(
    p: Floats, q: float, alpha: Floats, beta: Floats, length: Floats
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """`log_dropout_integral` and its derivatives by p, q, alpha and beta.

    They are means over the normalised integrand, of -log(alpha+w), -log(beta+w),
    -p/(alpha+w) and -q/(beta+w): the nodes of the integral serve all of them.
    """
    integral, mass, first, second = _dropout_panels(p, q, alpha, beta, length)
    whole = mass.sum(axis=1)
    # Who bought today has no time to drop out in, and no mass to average over.
    mass = mass / np.where(whole > 0, whole, 1.0)[:, None]

    def mean(values: Floats) -> Floats:
        return np.asarray(np.einsum("ij,ij->i", mass, values))

    return (
        integral,
        -(np.log(alpha) + mean(first)),
        -(np.log(beta) + mean(second)),
        -p / alpha * mean(np.exp(-first)),
        -q / beta * mean(np.exp(-second)),
    )


def _dropout_panels(
    p: Floats, q: float, alpha: Floats, beta: Floats, length: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Log of the integral; per node its mass, log(1+w/alpha) and log(1+w/beta)."""
    least = np.minimum(alpha, beta)
    first, second = least / alpha, least / beta
    end = np.log1p(length / least)
    # Log-concave: from its slope at 0 on the integrand falls at least exponentially.
    fall = np.maximum(p * first + q * second - 1.0, _NEGLIGIBLE / np.maximum(end, 1.0))
    end = np.minimum(end, _NEGLIGIBLE / fall)
    v = end[:, None] * _UNIT_NODES
    grown = np.expm1(v)
    first_log = np.log1p(first[:, None] * grown)
    second_log = np.log1p(second[:, None] * grown)
    exponent = v - p[:, None] * first_log - q * second_log
    highest = exponent.max(axis=1)
    mass = np.exp(exponent - highest[:, None]) * _UNIT_WEIGHTS
    with np.errstate(divide="ignore"):
        integral = (
            np.log(least)
            - p * np.log(alpha)
            - q * np.log(beta)
            + highest
            + np.log(end * mass.sum(axis=1))
        )
    return np.asarray(integral), mass, first_log, second_log
