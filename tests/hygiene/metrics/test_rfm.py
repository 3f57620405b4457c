"""RFM scores: equal customers are equal, and the order of rows is nothing."""

from __future__ import annotations

import numpy as np
import polars as pl

from hygiene.metrics import SEGMENTS, score_rfm


def table(customers: int) -> pl.DataFrame:
    rng = np.random.default_rng(4)
    purchases = np.minimum(rng.geometric(0.5, customers), 9)
    return pl.DataFrame(
        {
            "customer_key": [f"c{i:04}" for i in range(customers)],
            "days_since_purchase": rng.integers(0, 700, customers),
            "purchases": purchases,
            "revenue": np.round(purchases * rng.uniform(5, 50, customers), 2),
        }
    )


def test_ties_share_a_score_in_any_order() -> None:
    rows = table(500)
    scored = score_rfm(rows)
    assert scored.equals(score_rfm(rows.sample(fraction=1, shuffle=True, seed=1)))
    assert (
        scored.group_by("purchases")
        .agg(pl.col("frequency_score").n_unique())["frequency_score"]
        .max()
        == 1
    )


def test_scores_rise_with_what_they_measure() -> None:
    scored = score_rfm(table(500))
    for value, score, sign in (
        ("days_since_purchase", "recency_score", -1),
        ("purchases", "frequency_score", 1),
        ("revenue", "monetary_score", 1),
    ):
        ordered = scored.sort(sign * pl.col(value))[score].to_list()
        assert ordered == sorted(ordered)
        assert scored[score].min() == 1
        assert scored[score].max() == 5


def test_every_combination_of_scores_has_a_name() -> None:
    names = {name for name, _, _ in SEGMENTS}
    scored = score_rfm(table(2000))
    assert set(scored["segment"]) <= names
    covered = {
        (recency, worth)
        for recency in range(1, 6)
        for worth in (1 + step / 2 for step in range(9))
        if any(
            low <= recency <= high and least <= worth <= most
            for _, (low, high), (least, most) in SEGMENTS
        )
    }
    assert len(covered) == 45


def test_one_customer_is_scored() -> None:
    assert score_rfm(table(1)).height == 1
    assert score_rfm(table(0)).height == 0
