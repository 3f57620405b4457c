"""How good predictions were: counts, probabilities and their calibration.

What belongs here: figures computed from predictions and outcomes. What does not: models,
and thresholds of acceptance other than the leak alarm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from hygiene.metrics.fitting import Floats


@dataclass(frozen=True, slots=True)
class AmountScores:
    """How close predicted amounts (purchases, money) come.

    Attributes:
        predicted_total: Sum of the predictions.
        actual_total: Sum of the outcomes.
        bias: Predicted over actual total, minus 1; none if nothing happened.
        mae: Mean absolute error.
        rmse: Root of the mean squared error.
        correlation: Pearson's r; none if either side is constant.
        gini: Area of the cumulative outcome by predicted rank, relative to the perfect
            order; none if nothing happened.
    """

    predicted_total: float
    actual_total: float
    bias: float | None
    mae: float
    rmse: float
    correlation: float | None
    gini: float | None


@dataclass(frozen=True, slots=True)
class ProbabilityScores:
    """How good probabilities of a yes/no outcome are.

    Attributes:
        n: Predictions.
        positives: Outcomes that happened.
        auc: Chance that a random positive ranks above a random negative; ties count half;
            none if there is only one outcome.
        brier: Mean squared difference; lower is better.
        brier_base: Brier score of always predicting the mean outcome.
        ece: Expected calibration error over ten bins of equal size.
        lift_top_decile: Rate of positives among the highest tenth, over the mean rate.
    """

    n: int
    positives: int
    auc: float | None
    brier: float
    brier_base: float
    ece: float
    lift_top_decile: float | None

    @property
    def loses_against_base(self) -> bool:
        """Whether one constant for everybody would have been as good."""
        return self.n > 0 and self.brier >= self.brier_base


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """One tenth of the predictions, by rising probability.

    Attributes:
        decile: 1 for the lowest to 10 for the highest; equal probabilities share one.
        n: Predictions.
        predicted_mean: Their mean probability.
        actual_rate: The share that happened.
    """

    decile: int
    n: int
    predicted_mean: float
    actual_rate: float


def score_amounts(predicted: Floats, actual: Floats) -> AmountScores:
    """Compare predicted with actual amounts of the same customers.

    Args:
        predicted: Predictions.
        actual: Outcomes, in the same order.

    Example:
        >>> score_amounts(np.array([1.0, 2.0]), np.array([1.0, 1.0])).bias
        0.5
    """
    total, truth = float(predicted.sum()), float(actual.sum())
    error = predicted - actual
    varied = len(actual) > 1 and predicted.std() > 0 and actual.std() > 0
    perfect = _concentration(actual, actual) if truth > 0 else 0.0
    return AmountScores(
        predicted_total=total,
        actual_total=truth,
        bias=total / truth - 1.0 if truth else None,
        mae=float(np.abs(error).mean()) if len(error) else 0.0,
        rmse=float(np.sqrt((error**2).mean())) if len(error) else 0.0,
        correlation=float(np.corrcoef(predicted, actual)[0, 1]) if varied else None,
        gini=_concentration(predicted, actual) / perfect if perfect > 0 else None,
    )


def score_probabilities(probability: Floats, outcome: Floats) -> ProbabilityScores:
    """Compare probabilities with outcomes of 0 and 1.

    Args:
        probability: Predictions between 0 and 1.
        outcome: What happened, in the same order.

    Example:
        >>> score_probabilities(np.array([0.9, 0.1]), np.array([1.0, 0.0])).auc
        1.0
    """
    n = len(outcome)
    if n == 0:
        return ProbabilityScores(0, 0, None, 0.0, 0.0, 0.0, None)
    base = float(outcome.mean())
    bins = calibrate(probability, outcome)
    return ProbabilityScores(
        n=n,
        positives=int(outcome.sum()),
        auc=area_under_curve(probability, outcome),
        brier=float(((probability - outcome) ** 2).mean()),
        brier_base=base * (1.0 - base),
        ece=sum(b.n * abs(b.predicted_mean - b.actual_rate) for b in bins) / n,
        lift_top_decile=_lift(probability, outcome, share=0.1) if base > 0 else None,
    )


def area_under_curve(score: Floats, outcome: Floats) -> float | None:
    """AUC by ranks (Mann and Whitney); none if all outcomes are equal.

    Args:
        score: Any score that should be higher where the outcome is 1.
        outcome: 0 or 1, in the same order.
    """
    positives = float(outcome.sum())
    negatives = len(outcome) - positives
    if positives == 0 or negatives == 0:
        return None
    ranks = rankdata(score)
    return float(
        (ranks @ outcome - positives * (positives + 1) / 2) / (positives * negatives)
    )


def calibrate(probability: Floats, outcome: Floats) -> list[CalibrationBin]:
    """Mean probability and actual rate per tenth; equal probabilities stay together.

    Args:
        probability: Predictions between 0 and 1.
        outcome: What happened, in the same order.
    """
    n = len(outcome)
    if n == 0:
        return []
    # Average ranks: a bin never depends on the order of rows with the same probability.
    position = (rankdata(probability) - 0.5) / n
    decile = np.minimum((position * 10).astype(int), 9)
    bins = []
    for number in range(10):
        inside = decile == number
        if inside.any():
            bins.append(
                CalibrationBin(
                    decile=number + 1,
                    n=int(inside.sum()),
                    predicted_mean=float(probability[inside].mean()),
                    actual_rate=float(outcome[inside].mean()),
                )
            )
    return bins


def concordance(score: Floats, durations: Floats, observed: Floats) -> float | None:
    """Harrell's C: how often the higher risk leaves first, of all comparable pairs.

    Time is at most a few thousand distinct ages: one pass over them counts pairs by
    ranks, never pair by pair.

    Args:
        score: Higher means more likely to leave early.
        durations: Age at leaving or at the end of observation.
        observed: 1 where the customer left.

    Returns:
        Between 0 and 1; none without a comparable pair.
    """
    good = pairs = 0.0
    for age in np.unique(durations[observed > 0]):
        leaving = (durations == age) & (observed > 0)
        staying = (durations > age) | ((durations == age) & (observed == 0))
        others = np.sort(score[staying])
        below = np.searchsorted(others, score[leaving], side="left")
        within = np.searchsorted(others, score[leaving], side="right")
        good += float((below + within).sum()) / 2.0
        pairs += float(leaving.sum()) * len(others)
    return good / pairs if pairs else None


def _lift(probability: Floats, outcome: Floats, *, share: float) -> float:
    """Rate in the top share over the mean; ties at the border count in proportion."""
    wanted = share * len(outcome)
    border = np.sort(probability)[::-1][max(round(wanted), 1) - 1]
    above, tied = probability > border, probability == border
    part = (wanted - above.sum()) / tied.sum()
    found = outcome[above].sum() + outcome[tied].sum() * part
    return float(found / wanted / outcome.mean())


def _concentration(score: Floats, actual: Floats) -> float:
    """Gini of the outcome when customers are ordered by a score; ties by their mean."""
    _, index, counts = np.unique(score, return_inverse=True, return_counts=True)
    mean = np.bincount(index, weights=actual) / counts
    ordered = np.sort(index)
    cumulative = np.cumsum(mean[ordered]) / actual.sum()
    n = len(actual)
    return float((n + 1.0) / n - 2.0 * cumulative.sum() / n)
