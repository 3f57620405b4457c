"""Customers without a contract: one fitted model, and everything it predicts.

What belongs here: fitting purchases and values together, discounted value, probabilities
of silence, and the mean of the cohort where data are too thin for a model. What does not:
the models themselves, SQL and files.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

import duckdb
import numpy as np

from hygiene.metrics.bg_nbd import BgNbd, fit_bg_nbd
from hygiene.metrics.fitting import Floats, Optimum
from hygiene.metrics.gamma_gamma import GammaGamma, fit_gamma_gamma
from hygiene.metrics.pareto_nbd import ParetoNbd, fit_pareto_nbd
from hygiene.metrics.purchases import (
    PurchaseCounts,
    PurchaseHistories,
    read_groups,
    read_totals,
    read_value_groups,
)
from hygiene.metrics.settings import MetricSettings, PurchaseModel

DAYS_PER_MONTH = 365.25 / 12
_CHUNK = 100_000
_CREDIBLE_RATIO = 3.0
_WARM_START_GROUPS = 300
# Gamma-Gamma assumes that value and frequency are independent; beyond this it is doubtful.
INDEPENDENCE_LIMIT = 0.3


class Method(StrEnum):
    """How a customer's future was predicted."""

    PARETO_NBD = "pareto_nbd_gamma_gamma"
    BG_NBD = "bg_nbd_gamma_gamma"
    COHORT_MEAN = "cohort_mean"
    NO_PURCHASE = "no_purchase"
    DISCRETE_HAZARD = "discrete_hazard"
    POOLED_RATE = "pooled_churn_rate"
    CONTRACT_ENDED = "contract_ended"


@dataclass(frozen=True, slots=True)
class BuyerModel:
    """What was learned about buyers; times in days.

    Attributes:
        method: How predictions are made.
        purchases: The fitted purchase model; none for the cohort mean.
        purchases_fit: How its search ended.
        value: The fitted value model; none where too few repeat purchases have a value.
        value_fit: How its search ended.
        mean_value: Mean value of all purchases, net of refunds; stands in where there is
            no `value` or its mean is not credible.
        daily_rate: Repeat purchases per customer and day, for the cohort mean.
        value_frequency_correlation: Correlation of mean value and number of repeat
            purchases; none if either is constant.
        repeat_purchases: Repeat purchases of all buyers.
        customers: Buyers the model was fitted on.
        groups: Distinct histories the fit saw.
    """

    method: Method
    purchases: ParetoNbd | BgNbd | None
    purchases_fit: Optimum | None
    value: GammaGamma | None
    value_fit: Optimum | None
    mean_value: float
    daily_rate: float
    value_frequency_correlation: float | None
    repeat_purchases: int
    customers: int
    groups: int


@dataclass(frozen=True, slots=True)
class BuyerPredictions:
    """One entry per buyer, in the order of the histories.

    Attributes:
        alive: P(alive); not a number for the cohort mean.
        no_purchase: P(no purchase) per horizon; not a number where unknown.
        purchases: E[Y(h)] per horizon.
        next_value: E[M], the value of the next purchase.
        discounted_purchases: Discounted expected purchases per number of months.
    """

    alive: Floats
    no_purchase: dict[int, Floats]
    purchases: dict[int, Floats]
    next_value: Floats
    discounted_purchases: dict[int, Floats]


def fit_buyers(
    connection: duckdb.DuckDBPyConnection,
    counts: PurchaseCounts,
    settings: MetricSettings,
    *,
    summary: str = "purchase_summary",
) -> BuyerModel:
    """Fit purchases and values to a summary of histories, as far as the data carry it.

    Args:
        connection: The connection that holds the summary.
        counts: What the summary was made of.
        settings: Which model, priors and thresholds.
        summary: Name of the summary.

    Returns:
        The model; its method is the cohort mean where buyers are too few.
    """
    repeat_purchases, exposure, mean_value = read_totals(connection, summary)
    daily_rate = repeat_purchases / exposure if exposure > 0 else 0.0
    repeats, means, value_weight = read_value_groups(
        connection, most=settings.max_fit_groups, summary=summary
    )
    correlation = _correlation(repeats, means, value_weight)
    enough = (
        counts.customers >= settings.min_customers
        and counts.repeat_customers >= settings.min_repeat_customers
    )
    if not enough:
        return BuyerModel(
            method=Method.COHORT_MEAN,
            purchases=None,
            purchases_fit=None,
            value=None,
            value_fit=None,
            mean_value=mean_value,
            daily_rate=daily_rate,
            value_frequency_correlation=correlation,
            repeat_purchases=int(repeat_purchases),
            customers=counts.customers,
            groups=0,
        )
    prior = (
        settings.prior_sd if counts.customers < settings.prior_below_customers else None
    )
    # Large tables are searched on coarse groups first: the last steps alone see all.
    groups = read_groups(connection, most=settings.max_fit_groups, summary=summary)
    coarse = groups
    if len(groups[0]) > _WARM_START_GROUPS:
        coarse = read_groups(connection, most=_WARM_START_GROUPS, summary=summary)
    method: Method
    model: ParetoNbd | BgNbd
    if settings.purchase_model is PurchaseModel.PARETO_NBD:
        method = Method.PARETO_NBD
        near = None if coarse is groups else fit_pareto_nbd(*coarse, prior_sd=prior)[0]
        model, found = fit_pareto_nbd(*groups, prior_sd=prior, start=near)
        if not found.converged and prior is None:
            # Where hardly anybody has left yet, the data say nothing about leaving, and
            # plain likelihood ends at customers who stay for ever.
            prior = settings.prior_sd
            model, found = fit_pareto_nbd(*groups, prior_sd=prior)
    else:
        method = Method.BG_NBD
        close = None if coarse is groups else fit_bg_nbd(*coarse, prior_sd=prior)[0]
        model, found = fit_bg_nbd(*groups, prior_sd=prior, start=close)
        if not found.converged and prior is None:
            prior = settings.prior_sd
            model, found = fit_bg_nbd(*groups, prior_sd=prior)
    value, value_fit = None, None
    # Values that never differ have no distribution to fit: their mean says it all.
    if value_weight.sum() >= settings.min_repeat_customers and means.std() > 0:
        few = value_weight.sum() < settings.prior_below_customers
        value, value_fit = fit_gamma_gamma(
            repeats,
            means,
            value_weight,
            prior_sd=settings.prior_sd if few and prior is not None else None,
        )
    return BuyerModel(
        method=method,
        purchases=model,
        purchases_fit=found,
        value=value,
        value_fit=value_fit,
        mean_value=mean_value,
        daily_rate=daily_rate,
        value_frequency_correlation=correlation,
        repeat_purchases=int(repeat_purchases),
        customers=counts.customers,
        groups=len(groups[0]),
    )


def predict_buyers(
    model: BuyerModel,
    histories: PurchaseHistories,
    *,
    silence_days: tuple[int, ...],
    purchase_days: tuple[int, ...],
    months: tuple[int, ...],
    settings: MetricSettings,
) -> BuyerPredictions:
    """Predict every buyer; elementwise, so that chunks and threads change nothing.

    Args:
        model: The fitted model.
        histories: The buyers.
        silence_days: Horizons of P(no purchase).
        purchase_days: Horizons of expected purchases.
        months: Horizons of the discounted purchases, in months.
        settings: Discount rate and threads.
    """
    n = len(histories.x)
    parts = [slice(at, min(at + _CHUNK, n)) for at in range(0, n, _CHUNK)]

    def predict(part: slice) -> BuyerPredictions:
        return _predict_part(
            model,
            PurchaseHistories(
                x=histories.x[part],
                t_x=histories.t_x[part],
                age=histories.age[part],
                mean_value=histories.mean_value[part],
                mean_value_all=histories.mean_value_all[part],
            ),
            silence_days=silence_days,
            purchase_days=purchase_days,
            months=months,
            settings=settings,
        )

    with ThreadPoolExecutor(max_workers=settings.threads) as pool:
        done = list(pool.map(predict, parts))
    return BuyerPredictions(
        alive=_joined(done, lambda p: p.alive),
        no_purchase={
            days: _joined(done, lambda p, d=days: p.no_purchase[d])  # type: ignore[misc]
            for days in silence_days
        },
        purchases={
            days: _joined(done, lambda p, d=days: p.purchases[d])  # type: ignore[misc]
            for days in purchase_days
        },
        next_value=_joined(done, lambda p: p.next_value),
        discounted_purchases={
            count: _joined(done, lambda p, c=count: p.discounted_purchases[c])  # type: ignore[misc]
            for count in months
        },
    )


def discount_factors(months: int, annual_rate: float) -> Floats:
    """1/(1+d)^(k/12) for the ends of months k = 1..months.

    Args:
        months: How many.
        annual_rate: Yearly discount rate.

    Example:
        >>> round(float(discount_factors(12, 0.1)[-1]), 4)
        0.9091
    """
    ends = np.arange(1, months + 1, dtype=np.float64)
    return np.asarray((1.0 + annual_rate) ** (-ends / 12.0))


def _predict_part(
    model: BuyerModel,
    buyers: PurchaseHistories,
    *,
    silence_days: tuple[int, ...],
    purchase_days: tuple[int, ...],
    months: tuple[int, ...],
    settings: MetricSettings,
) -> BuyerPredictions:
    next_value = expected_value(model, buyers)
    unknown = np.full(len(buyers.x), np.nan)
    if model.purchases is None:
        factors = discount_factors(
            max(months, default=0), settings.discount_rate_annual
        )
        monthly = model.daily_rate * DAYS_PER_MONTH
        return BuyerPredictions(
            alive=unknown,
            no_purchase=dict.fromkeys(silence_days, unknown),
            purchases={
                days: np.full(len(buyers.x), model.daily_rate * days)
                for days in purchase_days
            },
            next_value=next_value,
            discounted_purchases={
                count: np.full(len(buyers.x), monthly * float(factors[:count].sum()))
                for count in months
            },
        )
    alive, silent = model.purchases.forecast(
        [float(days) for days in silence_days], buyers.x, buyers.t_x, buyers.age
    )
    purchases = {
        days: alive
        * model.purchases.purchases_if_alive(float(days), buyers.x, buyers.age)
        for days in purchase_days
    }
    return BuyerPredictions(
        alive=alive,
        no_purchase=dict(zip(silence_days, silent, strict=True)),
        purchases=purchases,
        next_value=next_value,
        discounted_purchases=_discounted(
            model.purchases, alive, buyers, months, settings
        ),
    )


def expected_value(model: BuyerModel, buyers: PurchaseHistories) -> Floats:
    """E[M] per buyer; the mean of all where the value model has none.

    Args:
        model: The fitted model.
        buyers: The buyers.
    """
    if model.value is None:
        return np.full(len(buyers.x), model.mean_value)
    value = model.value.expected_value(buyers.x, buyers.mean_value)
    # p gamma / (q - 1) runs away when q comes near 1: a mean that is several times what
    # anybody observed is an artefact of the tail.
    runaway = (buyers.x == 0) & (value > _CREDIBLE_RATIO * model.mean_value)
    return np.where(np.isfinite(value) & ~runaway, value, model.mean_value)


def _discounted(
    model: ParetoNbd | BgNbd,
    alive: Floats,
    buyers: PurchaseHistories,
    months: tuple[int, ...],
    settings: MetricSettings,
) -> dict[int, Floats]:
    """Sum over months of (E[Y(k)] - E[Y(k-1)]) / (1+d)^(k/12)."""
    longest = max(months, default=0)
    factors = discount_factors(longest, settings.discount_rate_annual)
    total = np.zeros(len(buyers.x))
    before = np.zeros(len(buyers.x))
    result = {}
    for month in range(1, longest + 1):
        now = model.purchases_if_alive(month * DAYS_PER_MONTH, buyers.x, buyers.age)
        total += (now - before) * factors[month - 1]
        before = now
        if month in months:
            result[month] = np.asarray(alive * total)
    return result


def _joined(
    parts: list[BuyerPredictions], pick: Callable[[BuyerPredictions], Floats]
) -> Floats:
    return np.concatenate([pick(part) for part in parts]) if parts else np.zeros(0)


def _correlation(first: Floats, second: Floats, weight: Floats) -> float | None:
    """Pearson's r of weighted pairs; none if either side is constant."""
    if len(first) < 3 or first.std() == 0 or second.std() == 0:
        return None
    covariance = np.cov(first, second, fweights=weight.astype(np.int64), ddof=0)
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))
