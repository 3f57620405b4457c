"""The test of a purchase model: fit on what was known at a day, score on what came after.

What belongs here: the split by time and the figures of the later period. What does not:
models, and predictions for the future.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np

from hygiene.metrics.buyers import (
    BuyerModel,
    BuyerPredictions,
    fit_buyers,
    predict_buyers,
)
from hygiene.metrics.purchases import (
    PurchaseCounts,
    read_histories,
    read_outcomes,
    summarise_purchases,
)
from hygiene.metrics.scoring import (
    AmountScores,
    CalibrationBin,
    ProbabilityScores,
    area_under_curve,
    calibrate,
    score_amounts,
    score_probabilities,
)
from hygiene.metrics.settings import MetricSettings


@dataclass(frozen=True, slots=True)
class BuyerHoldout:
    """A model as of a day, and how it did until a later day.

    Attributes:
        fitted_through: Last day the model saw.
        tested_through: Last day of the test.
        days: Length of the test.
        counts: What the fit was given.
        model: The fitted model.
        purchases: Predicted against actual days with a purchase, per customer.
        revenue: Predicted against actual value net of refunds.
        buyer_auc: AUC of the expected purchases as a rank of who buys at all.
        purchase: P(at least one purchase in the period) against what happened; none for
            the cohort mean, which states no probability.
        calibration: The same per tenth.
        discounted_value: Sum over customers of the discounted value per months.
    """

    fitted_through: date
    tested_through: date
    days: int
    counts: PurchaseCounts
    model: BuyerModel
    purchases: AmountScores
    revenue: AmountScores
    buyer_auc: float | None
    purchase: ProbabilityScores | None
    calibration: list[CalibrationBin]
    discounted_value: dict[int, float]


def hold_out_buyers(
    connection: duckdb.DuckDBPyConnection,
    events: str,
    *,
    fitted_through: date,
    tested_through: date,
    settings: MetricSettings,
    months: tuple[int, ...] = (12, 36),
) -> BuyerHoldout:
    """Fit on the events up to a day and test on those after it.

    Only customers whose first purchase is in the first period take part, and nothing that
    happened later reaches the fit.

    Args:
        connection: An open connection that knows `events`.
        events: Table with customer_key, event_date, amount and kind.
        fitted_through: Last day of the fit.
        tested_through: Last day of the test, after `fitted_through`.
        settings: Which model, priors and thresholds.
        months: Horizons of the discounted value.
    """
    summary = "holdout_summary"
    counts = summarise_purchases(
        connection,
        events,
        through=fitted_through,
        count_free_orders=settings.count_free_orders,
        summary=summary,
    )
    model = fit_buyers(connection, counts, settings, summary=summary)
    histories = read_histories(connection, summary)
    days = (tested_through - fitted_through).days
    predicted: BuyerPredictions = predict_buyers(
        model,
        histories,
        silence_days=(days,),
        purchase_days=(days,),
        months=months,
        settings=settings,
    )
    bought, net = read_outcomes(
        connection,
        events,
        after=fitted_through,
        through=tested_through,
        count_free_orders=settings.count_free_orders,
        summary=summary,
    )
    outcome = np.asarray(bought > 0, dtype=np.float64)
    will_buy = 1.0 - predicted.no_purchase[days]
    stated = bool(np.isfinite(will_buy).all()) and len(will_buy) > 0
    return BuyerHoldout(
        fitted_through=fitted_through,
        tested_through=tested_through,
        days=days,
        counts=counts,
        model=model,
        purchases=score_amounts(predicted.purchases[days], bought),
        revenue=score_amounts(predicted.purchases[days] * predicted.next_value, net),
        buyer_auc=area_under_curve(predicted.purchases[days], outcome),
        purchase=score_probabilities(will_buy, outcome) if stated else None,
        calibration=calibrate(will_buy, outcome) if stated else [],
        discounted_value={
            count: float(predicted.discounted_purchases[count] @ predicted.next_value)
            for count in months
        },
    )
