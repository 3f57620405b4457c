"""A calibrated churn classifier: a spline logistic and a small boosted forest, weighed.

The two err differently, and which is right more often depends on the data: on Telco they
are equals, where a limit is crossed by two values together the forest is far ahead. How
much each counts is learned from customers that neither had seen, beginning at a half
each, which the few customers of a small table do not move far. Class weights and resampling
are left out on purpose: they change no rank and ruin the probabilities (Brier .134 to .161).

What belongs here: fit, prediction, honest scores out of fold, and the alarm for leaks.
What does not: which columns of a warehouse are features; whoever builds them must use
only what was known at the as-of date.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from hygiene.errors import InputError
from hygiene.metrics.classifier_features import (
    Dropped,
    prepare_features,
    suspicious_columns,
)
from hygiene.metrics.fitting import Floats
from hygiene.metrics.scoring import (
    CalibrationBin,
    ProbabilityScores,
    calibrate,
    score_probabilities,
)
from hygiene.metrics.spline_logistic import spline_logistic

_TASK = "Scoring a churn classifier"
# Above this many rows one fifth kept back says as much as five folds, in a fifth of the time.
_ONE_SPLIT_ROWS = 200_000
# Parts of the customers to learn from of which each in turn judges the two classifiers.
_INNER_FOLDS = 3
# How firmly both count half, against one unit per customer. Measured on Telco, Bank, telephone
# and card customers and samples of 150 to 1,000 of them: 2 to 20 differ by .001 of Brier score.
_PRIOR_STRENGTH = 10.0


@dataclass(frozen=True, slots=True)
class ClassifierReport:
    """How a churn classifier did on customers it had not seen.

    Attributes:
        scores: Figures out of fold.
        calibration: Mean probability and rate per tenth.
        probabilities: Out-of-fold probability per row; not a number for rows that were
            only trained on.
        leak_alarm: Whether the AUC is better than the future allows.
        suspicious: Columns that tell the outcome on their own, with their AUC.
        dropped: Columns that took no part, and why.
        numbers: Columns used as numbers.
        categories: Columns used as categories.
        folds: How many parts were scored.
    """

    scores: ProbabilityScores
    calibration: list[CalibrationBin]
    probabilities: Floats
    leak_alarm: bool
    suspicious: dict[str, float]
    dropped: dict[str, Dropped]
    numbers: list[str]
    categories: list[str]
    folds: int


class ChurnClassifier:
    """Two classifiers, weighed, over one feature matrix (numbers first, then codes).

    Example:
        >>> rng = np.random.default_rng(1)
        >>> matrix = rng.normal(size=(300, 2))
        >>> outcome = (matrix[:, 0] + rng.normal(size=300) > 1).astype(float)
        >>> model = ChurnClassifier(numbers=2, categories=0, seed=1)
        >>> probability = model.fit(matrix, outcome).predict(matrix)
        >>> bool(probability[matrix[:, 0] > 1].mean() > 0.5)
        True
    """

    def __init__(self, *, numbers: int, categories: int, seed: int) -> None:
        """Prepare an unfitted classifier.

        Args:
            numbers: Leading columns that are numbers.
            categories: Following columns that are category codes.
            seed: For the boosted forest.
        """
        self._numbers, self._categories, self._seed = numbers, categories, seed
        self._pair = self._new_pair()
        self._weights = np.array([0.0, 0.5, 0.5])

    def fit(
        self,
        matrix: Floats,
        outcome: Floats,
        groups: NDArray[np.int64] | None = None,
    ) -> ChurnClassifier:
        """Learn from customers whose outcome is known.

        Args:
            matrix: One row per customer.
            outcome: 0 or 1 per row.
            groups: Customer per row where customers repeat.
        """
        # OpenMP threads spin while they wait: on two busy cores a fit took thirty times
        # as long as on one. One thread also adds up in one order, whatever the machine.
        with threadpool_limits(limits=1):
            self._weights = self._learned_weights(matrix, outcome, groups)
            for each in self._pair:
                each.fit(matrix, outcome)
        return self

    def predict(self, matrix: Floats) -> Floats:
        """P(outcome = 1) per row.

        Args:
            matrix: One row per customer.
        """
        with threadpool_limits(limits=1):
            return np.asarray(expit(_judgements(self._pair, matrix) @ self._weights))

    def _new_pair(self) -> tuple[Any, Any]:
        # Imported late: predicting customers needs no forest, and this costs a second.
        from sklearn.ensemble import HistGradientBoostingClassifier

        numbers, columns = self._numbers, self._numbers + self._categories
        forest = HistGradientBoostingClassifier(
            learning_rate=0.04,
            max_iter=180,
            max_leaf_nodes=8,
            min_samples_leaf=40,
            l2_regularization=5.0,
            early_stopping=False,
            categorical_features=list(range(numbers, columns)) or None,
            random_state=self._seed,
        )
        return spline_logistic(numbers, self._categories), forest

    def _learned_weights(
        self, matrix: Floats, outcome: Floats, groups: NDArray[np.int64] | None
    ) -> Floats:
        """Constant and weights of the log-odds of both, from customers kept back."""
        start = self._weights
        if min(outcome.sum(), len(outcome) - outcome.sum()) < 2 * _INNER_FOLDS:
            return start
        judged, known = [], []
        for learn, test in _splits(
            matrix, outcome, folds=_INNER_FOLDS, seed=self._seed, groups=groups
        ):
            pair = self._new_pair()
            for each in pair:
                each.fit(matrix[learn], outcome[learn])
            judged.append(_judgements(pair, matrix[test]))
            known.append(outcome[test])
        log_odds, seen = np.concatenate(judged), np.concatenate(known)

        def loss(weights: Floats) -> float:
            score = log_odds @ weights
            misfit = np.logaddexp(0.0, score).sum() - (seen * score).sum()
            return float(misfit + _PRIOR_STRENGTH * ((weights - start) ** 2).sum())

        return np.asarray(minimize(loss, start, method="BFGS").x)


def _judgements(pair: tuple[Any, Any], matrix: Floats) -> Floats:
    """One row per customer: one, and the log-odds of either classifier."""
    odds = [
        logit(np.clip(each.predict_proba(matrix)[:, 1], 1e-6, 1.0 - 1e-6))
        for each in pair
    ]
    return np.column_stack([np.ones(len(matrix)), *odds])


def _splits(
    matrix: Floats,
    outcome: Floats,
    *,
    folds: int,
    seed: int,
    groups: NDArray[np.int64] | None,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Rows to learn from and rows to score, of splits whose rows to learn have both outcomes.

    Very large tables are split once.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    splitter: Any = (
        StratifiedKFold(folds, shuffle=True, random_state=seed)
        if groups is None
        else StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    )
    for learn, test in splitter.split(matrix, outcome, groups):
        if len(np.unique(outcome[learn])) < 2:
            continue
        yield learn, test
        if len(outcome) > _ONE_SPLIT_ROWS:
            return


def cross_validate(
    frame: pl.DataFrame,
    outcome: Floats,
    *,
    folds: int = 5,
    seed: int,
    alarm: float = 0.87,
    groups: NDArray[np.int64] | None = None,
) -> ClassifierReport:
    """Score a churn classifier on customers that it did not learn from.

    Args:
        frame: One row per customer: features only, known at the as-of date.
        outcome: 0 or 1 per row.
        folds: Parts; fewer where the rarer outcome is rarer still. Very large tables are
            scored on one part only.
        seed: For the split and the forest.
        alarm: AUC above which the score is taken for a leak.
        groups: Customer per row where customers repeat: they never straddle a split.

    Raises:
        InputError: If no column is usable or an outcome occurs less than twice.
    """
    features = prepare_features(frame)
    if not features.number_names and not features.category_names:
        raise InputError(
            f"{_TASK}: none of {len(frame.columns)} columns is a number or a category; "
            "expected at least one feature; check which columns are left out."
        )
    rarer = int(min(outcome.sum(), len(outcome) - outcome.sum()))
    if rarer < 2:
        raise InputError(
            f"{_TASK}: the rarer outcome occurs {rarer} time(s) in {len(outcome)} rows; "
            "expected both at least twice; check the target and its positive value."
        )
    folds = max(2, min(folds, rarer))
    matrix = features.matrix
    probabilities = np.full(len(outcome), np.nan)
    scored = 0
    for learn, test in _splits(matrix, outcome, folds=folds, seed=seed, groups=groups):
        model = ChurnClassifier(
            numbers=len(features.number_names),
            categories=len(features.category_names),
            seed=seed,
        )
        model.fit(
            matrix[learn], outcome[learn], None if groups is None else groups[learn]
        )
        probabilities[test] = model.predict(matrix[test])
        scored += 1
    known = np.isfinite(probabilities)
    scores = score_probabilities(probabilities[known], outcome[known])
    return ClassifierReport(
        scores=scores,
        calibration=calibrate(probabilities[known], outcome[known]),
        probabilities=probabilities,
        leak_alarm=(scores.auc or 0.0) > alarm,
        suspicious=suspicious_columns(features, outcome, alarm=alarm),
        dropped=features.dropped,
        numbers=features.number_names,
        categories=features.category_names,
        folds=scored,
    )
