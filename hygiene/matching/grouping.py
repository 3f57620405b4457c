"""From compared candidate pairs to clusters: weighing, completing, average link.

What belongs here: which further pairs have to be compared before records are grouped,
and the order of the steps. What does not: finding candidates, thresholds, the arithmetic
of clustering (`clustering.py`).

A component that is too large to be compared in full is split at higher thresholds, and
each part is grouped by itself. If it is one customer with five hundred records, its
parts are that customer's; so the groups of one split component are asked once more, by
a few records each, and grouped by the same rule.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from hygiene.matching.clustering import (
    Components,
    Integers,
    PairWeights,
    average_link,
    draw_between_parts,
    find_components,
    hold_back,
)
from hygiene.matching.edges import MatchRun
from hygiene.matching.evidence import Constraints
from hygiene.matching.vectors import compare_pairs, context_weight_sql, weigh_sql

_SPEAKERS = 4
"""Records that speak for a group of a split component."""
_MOST_PARTS = 500
"""Groups of a split component up to which they are asked again; time grows with the cube."""


@dataclass(frozen=True, slots=True)
class ReadPairs:
    """Weighed pairs of one table.

    Attributes:
        pairs: The pairs and their weights, prior included.
        agrees: Which of them may be merged by their weight.
    """

    pairs: PairWeights
    agrees: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Limits:
    """From where pairs are merged.

    Attributes:
        threshold: Least weight of a merge.
        prior_weight: Part of every weight that is prior and not evidence.
        agreement_sql: SQL of whether a scored pair may be merged by its weight.
    """

    threshold: float
    prior_weight: float
    agreement_sql: str


@dataclass(frozen=True, slots=True)
class Grouping:
    """What was grouped.

    Attributes:
        clusters: Cluster of each record, numbered by its smallest record.
        completed_pairs: Pairs that were compared besides the candidates.
        split_components: Components that were too large to be compared in full.
    """

    clusters: Integers
    completed_pairs: int
    split_components: int


def group_records(
    run: MatchRun,
    candidates: ReadPairs,
    constraints: Constraints,
    limits: Limits,
    *,
    measure: Callable[[str], AbstractContextManager[None]],
) -> Grouping:
    """Group records by the evidence of all pairs between them.

    Args:
        run: The run; its connection gets `completion_scores`, the pairs that were
            compared besides the candidates.
        candidates: The scored candidate pairs.
        constraints: Which records must, and which must not, stay together.
        limits: From where pairs are merged.
        measure: Takes the time of a stage.

    Returns:
        The clusters and counts.
    """
    with measure("components"):
        components = find_components(
            run.features.records,
            _held(candidates, limits),
            constraints.groups,
            threshold=limits.threshold,
            limit=run.settings.max_component_size,
        )
        completed = _complete(run.connection, components.label)
    with measure("score_components"):
        more = _score_completion(run, limits)
    with measure("cluster"):
        every = _together(candidates, more)
        clusters = _link(
            components.label, every, constraints.groups, constraints, limits
        )
        if components.split:
            asked = _ask_parts(run, components, clusters, limits)
            completed += len(asked.pairs.left)
            clusters = _link(components.whole, asked, clusters, constraints, limits)
    return Grouping(clusters, completed, components.split)


def score_pairs(run: MatchRun, vectors: str, table: str) -> None:
    """Create a table of weighed pairs: answers, witnesses' weights, and the total.

    Args:
        run: The run.
        vectors: Table of compared pairs.
        table: Table to create.
    """
    specification = run.specification
    weighed = weigh_sql(specification, run.parameters, vectors)
    kept = [f"gamma_{item.name}" for item in specification.comparisons]
    kept += sorted(
        {f"mw_{name}" for doubt in specification.doubts for name, _ in doubt.witnesses}
    )
    run.connection.execute(
        f"CREATE OR REPLACE TABLE {table} AS SELECT unique_id_l, unique_id_r, "
        f"match_key, {', '.join(kept)}, {context_weight_sql(specification)} AS weight "
        f"FROM ({weighed})"
    )


def total_weight_sql(prior_weight: float) -> str:
    """Return SQL of a scored pair's weight with the prior, in bits."""
    return f"(weight + ({prior_weight!r}))"


def read_pairs(
    connection: duckdb.DuckDBPyConnection, table: str, weight: str, agreement: str
) -> ReadPairs:
    """Read scored pairs in the order of their records.

    Args:
        connection: The run's connection.
        table: Table of scored pairs.
        weight: SQL of a pair's weight.
        agreement: SQL of whether it may be merged by its weight.

    Returns:
        The pairs.
    """
    rows = connection.sql(
        f"SELECT unique_id_l, unique_id_r, {weight} AS total, "
        f"{agreement} AS agrees FROM {table} ORDER BY unique_id_l, unique_id_r"
    ).fetchnumpy()
    return ReadPairs(
        PairWeights(
            np.asarray(rows["unique_id_l"], dtype=np.int64),
            np.asarray(rows["unique_id_r"], dtype=np.int64),
            np.asarray(rows["total"], dtype=np.float64),
        ),
        np.asarray(rows["agrees"], dtype=bool),
    )


def _complete(connection: duckdb.DuckDBPyConnection, labels: Integers) -> int:
    """Create `completion`: pairs inside a component that blocking did not find."""
    connection.register(
        "component_of",
        pl.DataFrame({"unique_id": np.arange(len(labels)), "component": labels}),
    )
    connection.execute(
        """
        CREATE OR REPLACE TABLE completion AS
        WITH sized AS (
            SELECT *, count(*) OVER (PARTITION BY component) AS size FROM component_of
        )
        SELECT l.unique_id::INTEGER AS unique_id_l, r.unique_id::INTEGER AS unique_id_r,
            0::BIGINT AS found_by, -1 AS match_key
        FROM sized AS l
        INNER JOIN sized AS r ON l.component = r.component AND l.unique_id < r.unique_id
        ANTI JOIN candidates
            ON candidates.unique_id_l = l.unique_id
            AND candidates.unique_id_r = r.unique_id
        WHERE l.size > 2 AND r.size > 2
        """
    )
    connection.unregister("component_of")
    row = connection.execute("SELECT count(*) FROM completion").fetchone()
    return int(row[0]) if row else 0


def _score_completion(run: MatchRun, limits: Limits) -> ReadPairs:
    """Create `completion_scores` of the pairs in `completion`, and read them."""
    compare_pairs(run.connection, run.specification, "completion", "completion_vectors")
    score_pairs(run, "completion_vectors", "completion_scores")
    return read_pairs(
        run.connection,
        "completion_scores",
        total_weight_sql(limits.prior_weight),
        limits.agreement_sql,
    )


def _ask_parts(
    run: MatchRun, components: Components, clusters: Integers, limits: Limits
) -> ReadPairs:
    """Compare a few records of each group with those of the component's other groups.

    Pairs that are known already are compared once more: candidates were chosen because
    they are alike, so they alone would speak too well of two groups.
    """
    connection = run.connection
    left, right = draw_between_parts(
        components, clusters, members=_SPEAKERS, most_parts=_MOST_PARTS
    )
    connection.register(
        "between_parts",
        pl.DataFrame({"unique_id_l": left, "unique_id_r": right}),
    )
    connection.execute(
        "CREATE OR REPLACE TABLE part_pairs AS SELECT unique_id_l::INTEGER AS unique_id_l, "
        "unique_id_r::INTEGER AS unique_id_r, 0::BIGINT AS found_by, -1 AS match_key "
        "FROM between_parts"
    )
    connection.unregister("between_parts")
    compare_pairs(connection, run.specification, "part_pairs", "between_vectors")
    score_pairs(run, "between_vectors", "between_scores")
    connection.execute(
        "INSERT INTO completion_scores SELECT * FROM between_scores "
        "ANTI JOIN scores USING (unique_id_l, unique_id_r) "
        "ANTI JOIN completion_scores AS known USING (unique_id_l, unique_id_r)"
    )
    return read_pairs(
        connection,
        "between_scores",
        total_weight_sql(limits.prior_weight),
        limits.agreement_sql,
    )


def _link(
    labels: Integers,
    pairs: ReadPairs,
    groups: Integers,
    constraints: Constraints,
    limits: Limits,
) -> Integers:
    return average_link(
        labels,
        _held(pairs, limits),
        groups,
        constraints.barred_left,
        constraints.barred_right,
        threshold=limits.threshold,
        prior_weight=limits.prior_weight,
    )


def _held(pairs: ReadPairs, limits: Limits) -> PairWeights:
    return hold_back(
        pairs.pairs,
        pairs.agrees,
        threshold=limits.threshold,
        prior_weight=limits.prior_weight,
    )


def _together(first: ReadPairs, second: ReadPairs) -> ReadPairs:
    return ReadPairs(
        PairWeights(
            np.concatenate([first.pairs.left, second.pairs.left]),
            np.concatenate([first.pairs.right, second.pairs.right]),
            np.concatenate([first.pairs.weight, second.pairs.weight]),
        ),
        np.concatenate([first.agrees, second.agrees]),
    )
