"""Clusters: no chains, constraints always hold, and order never matters."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.matching.clustering import (
    PairWeights,
    average_link,
    draw_between_parts,
    find_components,
    label_components,
)

_NOTHING = np.zeros(0, dtype=np.int64)


def pairs_of(weights: dict[tuple[int, int], float]) -> PairWeights:
    ordered = sorted(weights)
    return PairWeights(
        np.array([left for left, _ in ordered], dtype=np.int64),
        np.array([right for _, right in ordered], dtype=np.int64),
        np.array([weights[pair] for pair in ordered], dtype=np.float64),
    )


def cluster(
    records: int,
    weights: dict[tuple[int, int], float],
    *,
    must: list[tuple[int, int]] | None = None,
    apart: list[tuple[int, int]] | None = None,
    threshold: float = 0.0,
    prior: float = 0.0,
    limit: int = 100,
) -> list[int]:
    pairs = pairs_of(weights)
    must_array = np.array(must or [], dtype=np.int64).reshape(-1, 2)
    apart_array = np.array(apart or [], dtype=np.int64).reshape(-1, 2)
    groups = label_components(records, must_array[:, 0], must_array[:, 1])
    components = find_components(
        records, pairs, groups, threshold=threshold, limit=limit
    )
    return average_link(
        components.label,
        pairs,
        groups,
        apart_array[:, 0],
        apart_array[:, 1],
        threshold=threshold,
        prior_weight=prior,
    ).tolist()


def test_one_strong_edge_does_not_chain_two_people() -> None:
    weights = {(0, 1): 20.0, (2, 3): 20.0, (1, 2): 8.0}
    weights |= {(0, 2): -15.0, (0, 3): -15.0, (1, 3): -15.0}
    assert cluster(4, weights) == [0, 0, 2, 2]


def test_a_weak_member_stays_with_those_who_agree_on_average() -> None:
    weights = {(0, 1): 20.0, (0, 2): 9.0, (1, 2): -3.0}
    assert cluster(3, weights) == [0, 0, 0]


def test_many_pairs_say_more_than_one_but_far_less_than_their_sum() -> None:
    square = {(0, 1): 30.0, (2, 3): 30.0}
    between = {(0, 2): 11.0, (0, 3): 8.0, (1, 2): 8.0, (1, 3): 8.0}
    assert cluster(4, square | between, threshold=10, prior=-10.0) == [0, 0, 0, 0]
    between = {(0, 2): 11.0, (0, 3): 1.0, (1, 2): 1.0, (1, 3): 1.0}
    assert cluster(4, square | between, threshold=10, prior=-10.0) == [0, 0, 2, 2]


def test_no_number_of_pairs_adds_more_than_five_bits() -> None:
    # Namesakes of two firms: each pair says too little, and all say the same.
    square = {(0, 1): 30.0, (2, 3): 30.0}
    between = dict.fromkeys([(0, 2), (0, 3), (1, 2), (1, 3)], -4.5)
    assert cluster(4, square | between | {(0, 2): 1.0}, prior=-30.0) == [0, 0, 0, 0]
    between = dict.fromkeys([(0, 2), (0, 3), (1, 2), (1, 3)], -7.5)
    assert cluster(4, square | between | {(0, 2): 1.0}, prior=-30.0) == [0, 0, 2, 2]


def test_must_links_hold_against_the_weights() -> None:
    assert cluster(3, {(0, 1): -30.0, (1, 2): 5.0}, must=[(0, 1)])[:2] == [0, 0]


def test_a_cannot_link_is_not_crossed_through_a_third_record() -> None:
    weights = {(0, 1): 20.0, (1, 2): 19.0, (0, 2): 18.0}
    assert cluster(3, weights, apart=[(0, 2)]) == [0, 0, 2]


def test_too_large_components_are_split_at_higher_thresholds() -> None:
    chain = {(n, n + 1): 3.0 if n % 3 == 2 else 9.0 for n in range(11)}
    pairs = pairs_of(chain)
    found = find_components(12, pairs, np.arange(12), threshold=0.0, limit=4)
    assert found.split == 1
    assert found.label.tolist() == [0, 0, 0, 3, 3, 3, 6, 6, 6, 9, 9, 9]


def test_a_component_that_no_threshold_splits_is_left_as_it_is() -> None:
    pairs = pairs_of({(n, n + 1): 9.0 for n in range(5)})
    found = find_components(6, pairs, np.arange(6), threshold=0.0, limit=3)
    assert len(set(found.label.tolist())) == 6


def test_parts_of_a_split_component_are_asked_by_a_few_records_each() -> None:
    chain = {(n, n + 1): 3.0 if n % 3 == 2 else 9.0 for n in range(8)}
    # Records 9 to 11 are a component of their own, which is small enough.
    pairs = pairs_of(chain | {(9, 10): 9.0, (10, 11): 9.0})
    found = find_components(12, pairs, np.arange(12), threshold=0.0, limit=4)
    assert found.whole.tolist() == [0] * 9 + [9] * 3
    left, right = draw_between_parts(found, found.label, members=2, most_parts=3)
    asked = list(zip(left.tolist(), right.tolist(), strict=True))
    assert asked == [
        (a, b) for a in (0, 1, 3, 4) for b in (3, 4, 6, 7) if a // 3 < b // 3
    ]
    left, _ = draw_between_parts(found, found.label, members=2, most_parts=2)
    assert not len(left), "too many parts"


def test_nothing_to_cluster_gives_singletons() -> None:
    assert cluster(3, {}) == [0, 1, 2]


@st.composite
def _worlds(
    draw: st.DrawFn,
) -> tuple[int, dict[tuple[int, int], float], list[tuple[int, int]]]:
    records = draw(st.integers(2, 8))
    every = [(a, b) for a in range(records) for b in range(a + 1, records)]
    weights = {
        pair: float(draw(st.integers(-12, 12))) + pair[0] / 100 + pair[1] / 10000
        for pair in every
    }
    apart = draw(st.lists(st.sampled_from(every), max_size=3, unique=True))
    return records, weights, apart


@settings(max_examples=60, deadline=None)
@given(world=_worlds(), seed=st.integers(0, 9))
def test_constraints_hold_and_numbering_does_not_matter(
    world: tuple[int, dict[tuple[int, int], float], list[tuple[int, int]]], seed: int
) -> None:
    records, weights, apart = world
    labels = cluster(records, weights, apart=apart)
    assert all(labels[one] != labels[other] for one, other in apart)
    assert all(labels[label] == label for label in labels)
    order = np.random.default_rng(seed).permutation(records).tolist()
    moved = {
        (min(order[a], order[b]), max(order[a], order[b])): weight
        for (a, b), weight in weights.items()
    }
    apart_moved = [(order[a], order[b]) for a, b in apart]
    again = cluster(records, moved, apart=apart_moved)
    together = {(a, b) for a, b in weights if labels[a] == labels[b]}
    assert together == {
        (a, b) for a, b in weights if again[order[a]] == again[order[b]]
    }
