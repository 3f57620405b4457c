"""From pair weights to clusters: average link inside components, with hard constraints.

What belongs here: pure functions on integer record numbers and weights. What does not:
scoring, thresholds, files or names of anything.

Why not connected components. One wrong edge joins two clusters, and the chance of one
wrong edge grows with the number of pairs: at a million records chains of hundreds of
people appear. Average link merges two groups only if *all* the pairs between them agree
on average. It needs every pair inside a component to be scored, because a pair that was
never compared is no evidence against a match.

Why not the plain average. Twenty pairs that all say "rather the same" say more than one
pair, though far less than twenty independent ones would: they are the same two people
seen again. The average evidence of two groups (the weight without the prior) is
therefore multiplied by the number of pairs to the power 0.15. One pair counts as one,
four as 1.2, a hundred as 2. Without it large groups are torn apart by the records that
hold least; a power of 0.3 or more chains colleagues and households.

What the number adds is limited to five bits, because it only repeats what the pairs say:
a name and a job title that four namesakes share are in all of their pairs. Where each
pair says five bits too little, no number of them says enough.

Groups are merged inside components at the merge threshold only: at least one pair has
to reach it by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_BATCH_CELLS = 2_000_000
_GROWTH = 0.15
"""How the evidence of a group grows with its pairs: 0 is the average, 1 the sum."""
_MOST_GROWTH = 5.0
"""Bits that the number of pairs can add to their average evidence."""
_HELD_SHARE = 0.5
"""Share of the evidence needed for a merge that a pair without the required agreement, or
with an open conflict, can contribute at most."""


@dataclass(frozen=True, slots=True)
class PairWeights:
    """Weighted pairs of record numbers, left < right.

    Attributes:
        left: Smaller record number of each pair.
        right: Larger record number of each pair.
        weight: Evidence in bits.
    """

    left: Integers
    right: Integers
    weight: Floats

    def where(self, mask: npt.NDArray[np.bool_]) -> PairWeights:
        """Return the pairs that a mask selects."""
        return PairWeights(self.left[mask], self.right[mask], self.weight[mask])


@dataclass(frozen=True, slots=True)
class Components:
    """Groups of records that may belong together.

    Attributes:
        label: Component of each record, numbered by its smallest record.
        split: Components that were larger than the limit and were split first.
        whole: The same before any was split.
    """

    label: Integers
    split: int
    whole: Integers


def label_components(records: int, left: Integers, right: Integers) -> Integers:
    """Number connected components by their smallest record.

    Args:
        records: Number of records.
        left: One end of each edge.
        right: The other end.

    Returns:
        The smallest record number of each record's component.

    Example:
        >>> label_components(4, np.array([1]), np.array([3])).tolist()
        [0, 1, 2, 1]
    """
    graph = coo_array(
        (np.ones(len(left), dtype=np.int8), (left, right)), shape=(records, records)
    )
    _, labels = connected_components(graph, directed=False)
    smallest = np.full(int(labels.max()) + 1 if records else 0, records, dtype=np.int64)
    np.minimum.at(smallest, labels, np.arange(records))
    result: Integers = smallest[labels]
    return result


def find_components(
    records: int, pairs: PairWeights, groups: Integers, *, threshold: float, limit: int
) -> Components:
    """Find components at a threshold, splitting those that are too large to complete.

    A component above the limit is cut again at thresholds that rise by one bit, until
    it fits. Records that must stay together always do, whatever the limit.

    Args:
        records: Number of records.
        pairs: Scored pairs.
        groups: Group of each record; records of one group must stay together.
        threshold: Least weight of an edge.
        limit: Most records of a component.

    Returns:
        The components.
    """
    strong = pairs.where(pairs.weight >= threshold)
    order = np.arange(records)
    labels = label_components(
        records,
        np.concatenate([strong.left, order]),
        np.concatenate([strong.right, groups]),
    )
    whole = labels
    split = 0
    level = threshold
    while True:
        sizes = np.bincount(labels, minlength=records)
        too_large = sizes > limit
        inside = (
            too_large[labels[strong.left]] if len(strong.left) else np.zeros(0, bool)
        )
        if not inside.any():
            return Components(labels, split, whole)
        if level == threshold:
            split = int(too_large.sum())
        level += 1.0
        inner = strong.where(inside & (strong.weight >= level))
        members = np.flatnonzero(too_large[labels])
        relabelled = label_components(
            records,
            np.concatenate([inner.left, members]),
            np.concatenate([inner.right, groups[members]]),
        )
        labels = labels.copy()
        labels[members] = relabelled[members]
        same = labels[strong.left] == labels[strong.right]
        strong = strong.where(same & ((strong.weight >= level) | ~inside))
        if not len(inner.left):
            return Components(labels, split, whole)


def draw_between_parts(
    components: Components, clusters: Integers, *, members: int, most_parts: int
) -> tuple[Integers, Integers]:
    """Draw pairs that say whether clusters of one split component belong together.

    Only the first few records of each cluster are asked, so that the number of pairs
    depends on the number of clusters and not on their size.

    Args:
        components: Components, some of which were split.
        clusters: Cluster of each record, numbered by its smallest record.
        members: Records that speak for a cluster, those with the smallest numbers.
        most_parts: Most clusters of a component; one with more stays as it was split.

    Returns:
        Left and right record numbers of the pairs, left < right.
    """
    split = np.unique(components.whole[components.whole != components.label])
    records = np.flatnonzero(np.isin(components.whole, split))
    records = records[np.argsort(clusters[records], kind="stable")]
    speakers = records[_place_in_run(clusters[records]) < members]
    whole = components.whole[speakers]
    none = np.zeros(0, dtype=np.int64)
    lefts, rights = [none], [none]
    for number in split:
        asked = np.sort(speakers[whole == number])
        if len(np.unique(clusters[asked])) > most_parts:
            continue
        left, right = (asked[side] for side in np.triu_indices(len(asked), 1))
        apart = clusters[left] != clusters[right]
        lefts.append(left[apart])
        rights.append(right[apart])
    return np.concatenate(lefts), np.concatenate(rights)


def _place_in_run(values: Integers) -> Integers:
    """Count each value's place among the equal values beside it, from 0."""
    begins = np.flatnonzero(np.diff(values, prepend=-1))
    lengths = np.diff(np.r_[begins, len(values)])
    place: Integers = np.arange(len(values)) - np.repeat(begins, lengths)
    return place


def average_link(
    labels: Integers,
    pairs: PairWeights,
    groups: Integers,
    forbidden_left: Integers,
    forbidden_right: Integers,
    *,
    threshold: float,
    prior_weight: float = 0.0,
) -> Integers:
    """Cluster each component by average link on the evidence of its pairs.

    Starting from groups that must stay together, the two groups with the strongest
    evidence between their records are merged while it reaches the threshold; a merge
    that would put a forbidden pair together is never made. Ties go to the groups with
    the smaller record numbers, so the result depends on the data alone.

    Args:
        labels: Component of each record.
        pairs: Every scored pair inside the components.
        groups: Group of each record, numbered by its smallest record.
        forbidden_left: One record of each pair that must stay apart.
        forbidden_right: The other record.
        threshold: Least weight of a merge.
        prior_weight: Part of every weight that is prior and not evidence.

    Returns:
        The cluster of each record, numbered by its smallest record.
    """
    same = labels[pairs.left] == labels[pairs.right]
    inner = pairs.where(same & (groups[pairs.left] != groups[pairs.right]))
    result = groups.copy()
    if not len(inner.left):
        return result
    heads = np.flatnonzero(groups == np.arange(len(groups)))
    component = labels[heads]
    order = np.lexsort((heads, component))
    heads, component = heads[order], component[order]
    starts = np.flatnonzero(np.r_[True, component[1:] != component[:-1]])
    sizes = np.diff(np.r_[starts, len(component)])
    position = np.zeros(len(labels), dtype=np.int64)
    position[heads] = np.arange(len(heads)) - np.repeat(starts, sizes)
    component_number = np.zeros(len(labels), dtype=np.int64)
    component_number[component[starts]] = np.arange(len(starts))

    home = component_number[labels[inner.left]]
    first = position[groups[inner.left]]
    second = position[groups[inner.right]]
    bars = labels[forbidden_left] == labels[forbidden_right]
    bar_home = component_number[labels[forbidden_left[bars]]]
    bar_first = position[groups[forbidden_left[bars]]]
    bar_second = position[groups[forbidden_right[bars]]]

    by_home = np.argsort(home, kind="stable")
    home, first, second = home[by_home], first[by_home], second[by_home]
    evidence = inner.weight[by_home] - prior_weight
    bar_order = np.argsort(bar_home, kind="stable")
    bar_home = bar_home[bar_order]
    bar_first, bar_second = bar_first[bar_order], bar_second[bar_order]

    for size in (np.flatnonzero(np.bincount(sizes)[2:]) + 2).tolist():
        members = np.flatnonzero(sizes == size)
        step = max(1, _BATCH_CELLS // (size * size))
        for begin in range(0, len(members), step):
            batch = members[begin : begin + step]
            slot = np.full(len(sizes), -1, dtype=np.int64)
            slot[batch] = np.arange(len(batch))
            chosen = slot[home] >= 0
            barred = slot[bar_home] >= 0
            merged = _merge_batch(
                len(batch),
                size,
                (
                    slot[home[chosen]],
                    first[chosen],
                    second[chosen],
                    evidence[chosen],
                ),
                (slot[bar_home[barred]], bar_first[barred], bar_second[barred]),
                threshold - prior_weight,
            )
            rows = starts[batch][:, None] + np.arange(size)[None, :]
            result[heads[rows]] = heads[starts[batch][:, None] + merged]
    clustered: Integers = result[groups]
    return clustered


def _merge_batch(
    batch: int,
    size: int,
    pairs: tuple[Integers, Integers, Integers, Floats],
    bars: tuple[Integers, Integers, Integers],
    threshold: float,
) -> Integers:
    """Run average link on many components of one size at once.

    Returns:
        Per component and group, the group it ended in (the smallest of its cluster).
    """
    slot, first, second, evidence = pairs
    total = np.zeros((batch, size, size))
    count = np.zeros((batch, size, size))
    low, high = np.minimum(first, second), np.maximum(first, second)
    np.add.at(total, (slot, low, high), evidence)
    np.add.at(count, (slot, low, high), 1.0)
    total += total.transpose(0, 2, 1)
    count += count.transpose(0, 2, 1)
    barred = np.zeros((batch, size, size), dtype=bool)
    barred[bars[0], bars[1], bars[2]] = True
    barred |= barred.transpose(0, 2, 1)
    upper = np.triu(np.ones((size, size), dtype=bool), 1)
    member_of = np.tile(np.arange(size, dtype=np.int64), (batch, 1))
    active = np.arange(batch)
    for _ in range(size - 1):
        usable = upper & (count[active] > 0) & ~barred[active]
        with np.errstate(divide="ignore", invalid="ignore"):
            average = np.where(usable, total[active] / count[active], -np.inf)
            grown = average * count[active] ** _GROWTH
        strength = np.where(usable, np.minimum(grown, average + _MOST_GROWTH), -np.inf)
        flat = strength.reshape(len(active), -1)
        best = flat.argmax(axis=1)
        going = flat[np.arange(len(active)), best] >= threshold
        if not going.any():
            break
        active, best = active[going], best[going]
        keep, gone = best // size, best % size
        for matrix in (total, count):
            matrix[active, keep, :] += matrix[active, gone, :]
            matrix[active, :, keep] = matrix[active, keep, :]
            matrix[active, gone, :] = 0.0
            matrix[active, :, gone] = 0.0
            matrix[active, keep, keep] = 0.0
        barred[active, keep, :] |= barred[active, gone, :]
        barred[active, :, keep] = barred[active, keep, :]
        row = member_of[active]
        row[row == gone[:, None]] = np.repeat(keep[:, None], size, axis=1)[
            row == gone[:, None]
        ]
        member_of[active] = row
    return member_of


def hold_back(
    pairs: PairWeights,
    mergeable: npt.NDArray[np.bool_],
    *,
    threshold: float,
    prior_weight: float,
) -> PairWeights:
    """Hold pairs that lack agreement, or have a conflict, well below the threshold.

    They can never cause a merge, also not by their number, but they do not forbid one
    either that the other records of the two groups support.

    Args:
        pairs: Pairs and their weights.
        mergeable: Which of them may be merged by their weight.
        threshold: Weight from which pairs are merged.
        prior_weight: The prior in bits.

    Returns:
        The same pairs, some with a smaller weight.
    """
    limit = prior_weight + _HELD_SHARE * (threshold - prior_weight)
    return PairWeights(
        pairs.left,
        pairs.right,
        np.where(mergeable, pairs.weight, np.minimum(pairs.weight, limit)),
    )
