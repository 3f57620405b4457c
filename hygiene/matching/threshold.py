"""Where records are merged: a rule that needs no labels and follows the data.

What belongs here: the choice of the merge and the review threshold from the scored
pairs. What does not: scoring and clustering.

The rule, `expected_false_share`. Scores are log2 odds whose prior was estimated from the
same pairs (`prior.py`), so a pair of weight w is false with probability 1/(1 + 2^w).
Two conditions, and the higher weight wins:

1. The weight is at least 1.58: odds of three to one, because a wrong merge mixes two
   customers and costs more than a missed one, which shows as a duplicate.
2. Among all pairs at or above it, the expected share of false ones is at most one in a
   hundred. This is what grows with the number of records: a million records have a
   million times a million chances of looking alike, and the doubtful zone fills up
   faster than the certain one.

In a table of few fields (name and birth date, name and town) hardly a pair is as certain
as the second condition asks for, and next to nothing would be merged. Where the limit
costs more than one in twenty of the matches that the first condition leaves, it is raised
by one in a hundred, to five in a hundred at most.

A fixed probability such as 0.95 has neither property: the weight that is best by the
truth moves by more than ten bits between data sets, and upwards with their size.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hygiene.matching.report import Threshold
from hygiene.matching.settings import MatchSettings

_FALSE_SHARES = (0.01, 0.02, 0.03, 0.04, 0.05)
"""Limits of the expected share of false pairs; the first one that most matches meet."""
_LEAST_MATCHES = 0.95
"""Share of the expected matches that a limit has to leave."""
_LEAST_WEIGHT = math.log2(3.0)
"""A wrong merge costs as much as three missed ones: odds of three to one, in bits."""
_STEP = 0.25


def choose_threshold(
    weights: npt.NDArray[np.float64],
    settings: MatchSettings,
    *,
    records: int,
    prior: float,
) -> Threshold:
    """Choose the merge and the review threshold for a run.

    Args:
        weights: Weights of the scored pairs that may be merged, in bits.
        settings: Overrides of the rule.
        records: Records in the run.
        prior: Estimated probability that two random records are one entity.

    Returns:
        The thresholds and why.

    Example:
        >>> few = np.array([-9.0, 0.0, 1.0, 12.0, 14.0])
        >>> choose_threshold(few, MatchSettings(), records=9, prior=0.1).rule
        'expected_false_share'
    """
    if settings.auto_match_weight is not None:
        merge = settings.auto_match_weight
        rule = "settings"
        reason = f"Set to {merge:.2f} bits in the configuration."
    else:
        needed = _LEAST_MATCHES * _matches(weights, _LEAST_WEIGHT)
        for limit in _FALSE_SHARES:
            merge, share, accepted = _lowest_acceptable(weights, limit)
            if _matches(weights, merge) >= needed:
                break
        rule = "expected_false_share"
        reason = (
            f"{records} records, {len(weights)} scored pairs, about one match in "
            f"{1 / prior:.0f} random pairs: at {merge:.2f} bits {accepted} pairs are "
            f"accepted, of which {share:.2%} are expected to be false "
            f"(limit {limit:.0%})."
        )
    review = (
        settings.review_weight
        if settings.review_weight is not None
        else merge - settings.review_margin
    )
    return Threshold(merge, min(review, merge), rule, reason)


def _lowest_acceptable(
    weights: npt.NDArray[np.float64], limit: float
) -> tuple[float, float, int]:
    positive = np.sort(weights[weights >= 0.0])[::-1]
    if not len(positive):
        return _LEAST_WEIGHT, 0.0, 0
    false = np.cumsum(1.0 / (1.0 + np.exp2(positive)))
    count = np.arange(1, len(positive) + 1)
    for step in range(max(int((positive[0] - _LEAST_WEIGHT) / _STEP), 0) + 2):
        level = _LEAST_WEIGHT + step * _STEP
        accepted = int(np.searchsorted(-positive, -level, side="right"))
        if accepted == 0:
            return level, 0.0, 0
        share = float(false[accepted - 1] / count[accepted - 1])
        if share <= limit:
            return level, share, accepted
    return max(float(positive[0]), _LEAST_WEIGHT), 0.0, 1


def _matches(weights: npt.NDArray[np.float64], level: float) -> float:
    """Expect so many matches among the pairs at or above a level."""
    return float((1.0 / (1.0 + np.exp2(-weights[weights >= level]))).sum())
