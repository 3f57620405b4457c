"""How likely two random records are one entity, estimated from the scored pairs.

What belongs here: the prior as a fixed point of its own consequences. What does not:
thresholds. Nobody has to guess the recall of a deterministic rule: given a prior, every
scored pair has a probability; their sum is the expected number of matches; divided by
all possible pairs it is the prior again. Pairs outside the blocks add next to nothing.
"""

from __future__ import annotations

import math

import duckdb
import numpy as np

_STEPS = 60
_BIN = 0.25


def estimate_prior(
    connection: duckdb.DuckDBPyConnection,
    weights_query: str,
    records: int,
    *,
    pairs_per_row: int = 1,
) -> float:
    """Estimate the probability that two random records are one entity.

    Args:
        connection: An open connection.
        weights_query: Query with one column `weight`, bits without a prior.
        records: Records in the table.
        pairs_per_row: Pairs that each row stands for, where they are a sample.

    Returns:
        The prior, never below one expected match in the whole table.
    """
    rows = connection.execute(
        f"SELECT round(weight / {_BIN}) * {_BIN} AS weight, count(*) AS pairs "
        f"FROM ({weights_query}) GROUP BY 1 ORDER BY 1"
    ).fetchall()
    possible = max(records * (records - 1) / 2, 1.0)
    least = min(1.0 / possible, 0.5)
    if not rows:
        return least
    weights = np.array([row[0] for row in rows], dtype=float)
    counts = np.array([row[1] for row in rows], dtype=float) * pairs_per_row
    prior = max(least, 1.0 / max(records, 2))
    for _ in range(_STEPS):
        odds = math.log2(prior / (1 - prior))
        probability = 1.0 / (1.0 + np.exp2(-np.clip(weights + odds, -60, 60)))
        expected = float((counts * probability).sum())
        updated = min(max(expected / possible, least), 0.5)
        if abs(updated - prior) <= 1e-4 * prior:
            return updated
        prior = updated
    return prior
