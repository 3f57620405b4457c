"""Pairwise and B-cubed scores of a clustering, from one contingency table.

What belongs here: the arithmetic, as set-based SQL over (cluster, entity) counts. Pairs
are never enumerated: a cluster of n records holds n(n-1)/2 pairs, so counts suffice and
a million records take a second. What does not: thresholds of acceptance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hygiene.errors import InputError
from hygiene.parquet_exchange import (
    open_connection,
    quote_identifier,
    register_parquet,
)

_TASK = "Scoring clusters against the truth"
_KEY = "source_record_key"
_CLUSTER_COLUMNS = ("golden_contact_id", "golden_account_id", "golden_id", "cluster_id")

_COUNTS = """
CREATE TEMP TABLE cells AS
SELECT clusters.{cluster} AS cluster_id, truth.{entity} AS entity_id, count(*) AS n
FROM clusters INNER JOIN truth USING (source_record_key)
GROUP BY ALL
"""

_SCORES = """
WITH cluster_sizes AS (
    SELECT cluster_id, sum(n)::BIGINT AS n, count(*) AS entities
    FROM cells GROUP BY cluster_id
), entity_sizes AS (
    SELECT entity_id, sum(n)::BIGINT AS n, count(*) AS clusters
    FROM cells GROUP BY entity_id
), per_cell AS (
    SELECT
        cells.n,
        cells.n::DOUBLE / cluster_sizes.n AS precision_share,
        cells.n::DOUBLE / entity_sizes.n AS recall_share
    FROM cells
    INNER JOIN cluster_sizes USING (cluster_id)
    INNER JOIN entity_sizes USING (entity_id)
)
SELECT
    (SELECT coalesce(sum(n), 0)::BIGINT FROM cells),
    (SELECT count(*) FROM cluster_sizes),
    (SELECT count(*) FROM entity_sizes),
    (SELECT coalesce(sum(n * (n - 1) // 2), 0)::BIGINT FROM cells),
    (SELECT coalesce(sum(n * (n - 1) // 2), 0)::BIGINT FROM cluster_sizes),
    (SELECT coalesce(sum(n * (n - 1) // 2), 0)::BIGINT FROM entity_sizes),
    (SELECT sum(n * precision_share) / sum(n) FROM per_cell),
    (SELECT sum(n * recall_share) / sum(n) FROM per_cell),
    (SELECT coalesce(max(n), 0) FROM cluster_sizes),
    (SELECT coalesce(max(entities), 0) FROM cluster_sizes),
    (SELECT count(*) FROM cluster_sizes WHERE entities > 1),
    (SELECT count(*) FROM entity_sizes WHERE clusters > 1)
"""


@dataclass(frozen=True, slots=True)
class AccuracyReport:
    """How close clusters come to the truth.

    Attributes:
        records: Records that have both a cluster and a truth.
        unscored_records: Clustered records without a truth; they count nowhere.
        unclustered_records: Records of the truth without a cluster; they count nowhere.
        clusters: Clusters among the scored records.
        entities: True entities among the scored records.
        true_pairs: Pairs of records that are truly one entity.
        predicted_pairs: Pairs of records in one cluster.
        correct_pairs: Pairs that are both.
        pairwise_precision: Correct pairs per predicted pair; 1 if none was predicted.
        pairwise_recall: Correct pairs per true pair; 1 if there is none.
        pairwise_f1: Harmonic mean of the two.
        bcubed_precision: Mean over records of the share of its cluster that is right.
        bcubed_recall: Mean over records of the share of its entity that was found.
        bcubed_f1: Harmonic mean of the two.
        largest_cluster: Records in the largest cluster.
        most_entities_in_a_cluster: How many entities the worst cluster mixes.
        mixed_clusters: Clusters that mix at least two entities.
        split_entities: Entities that are spread over at least two clusters.
    """

    records: int
    unscored_records: int
    unclustered_records: int
    clusters: int
    entities: int
    true_pairs: int
    predicted_pairs: int
    correct_pairs: int
    pairwise_precision: float
    pairwise_recall: float
    pairwise_f1: float
    bcubed_precision: float
    bcubed_recall: float
    bcubed_f1: float
    largest_cluster: int
    most_entities_in_a_cluster: int
    mixed_clusters: int
    split_entities: int


def score(
    clusters: Path,
    truth: Path,
    *,
    cluster_column: str | None = None,
    truth_column: str | None = None,
) -> AccuracyReport:
    """Compare clusters with the truth over the records that both files know.

    Args:
        clusters: Parquet with `source_record_key` and a cluster id.
        truth: Parquet with `source_record_key` and an entity id.
        cluster_column: Column of the cluster id; found by its usual names if omitted.
        truth_column: Column of the entity id; the only other column if omitted.

    Returns:
        Counts, pairwise and B-cubed scores, and the worst clusters.

    Raises:
        InputError: If a file or a column is missing, or a key repeats.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import polars as pl
        >>> folder = Path(TemporaryDirectory().name)
        >>> folder.mkdir()
        >>> keys = {"source_record_key": ["a", "b", "c"]}
        >>> found, truth = folder / "found.parquet", folder / "truth.parquet"
        >>> pl.DataFrame({**keys, "cluster_id": [1, 1, 1]}).write_parquet(found)
        >>> pl.DataFrame({**keys, "person_id": [1, 1, 2]}).write_parquet(truth)
        >>> round(score(found, truth).pairwise_precision, 3)
        0.333
    """
    with open_connection(clusters.parent) as connection:
        cluster_columns = register_parquet(
            connection, "clusters", clusters, required=[_KEY], task=_TASK
        )
        truth_columns = register_parquet(
            connection, "truth", truth, required=[_KEY], task=_TASK
        )
        cluster = cluster_column or _only(
            [name for name in _CLUSTER_COLUMNS if name in cluster_columns],
            clusters,
            "a cluster id",
        )
        entity = truth_column or _only(
            [name for name in truth_columns if name != _KEY], truth, "an entity id"
        )
        for view, column, columns, path in (
            ("clusters", cluster, cluster_columns, clusters),
            ("truth", entity, truth_columns, truth),
        ):
            if column not in columns:
                raise InputError(
                    f"{_TASK}: {path.name} has no column {column}; expected one of "
                    "its columns; name the column that holds the id."
                )
            repeated = connection.execute(
                f"SELECT count(*) - count(DISTINCT {_KEY}) FROM {view}"
            ).fetchone()
            if repeated and repeated[0]:
                raise InputError(
                    f"{_TASK}: {path.name} has {repeated[0]} repeated keys; expected "
                    "one row per source record; remove the repeats."
                )
        connection.execute(
            _COUNTS.format(
                cluster=quote_identifier(cluster), entity=quote_identifier(entity)
            )
        )
        row = connection.execute(_SCORES).fetchone()
        outside = connection.execute(
            "SELECT (SELECT count(*) FROM clusters ANTI JOIN truth USING "
            "(source_record_key)), (SELECT count(*) FROM truth ANTI JOIN clusters "
            "USING (source_record_key))"
        ).fetchone()
    assert row is not None  # noqa: S101  an aggregate always returns one row
    assert outside is not None  # noqa: S101
    correct, predicted, true = int(row[3]), int(row[4]), int(row[5])
    precision = correct / predicted if predicted else 1.0
    recall = correct / true if true else 1.0
    b_precision = 1.0 if row[6] is None else float(row[6])
    b_recall = 1.0 if row[7] is None else float(row[7])
    return AccuracyReport(
        records=int(row[0]),
        unscored_records=int(outside[0]),
        unclustered_records=int(outside[1]),
        clusters=int(row[1]),
        entities=int(row[2]),
        true_pairs=true,
        predicted_pairs=predicted,
        correct_pairs=correct,
        pairwise_precision=precision,
        pairwise_recall=recall,
        pairwise_f1=_harmonic(precision, recall),
        bcubed_precision=b_precision,
        bcubed_recall=b_recall,
        bcubed_f1=_harmonic(b_precision, b_recall),
        largest_cluster=int(row[8]),
        most_entities_in_a_cluster=int(row[9]),
        mixed_clusters=int(row[10]),
        split_entities=int(row[11]),
    )


def _harmonic(first: float, second: float) -> float:
    return 2 * first * second / (first + second) if first + second else 0.0


def _only(names: Sequence[str], path: Path, what: str) -> str:
    if len(names) != 1:
        raise InputError(
            f"{_TASK}: {path.name} has {len(names)} columns that could be {what}; "
            "expected exactly one; name the column."
        )
    return names[0]
