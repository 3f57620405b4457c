"""How good the model is, told by what CRMs and stewards know already, with uncertainty.

What belongs here: labels from evidence and rulings, and the estimates over them. What
does not: the model, which never sees these labels: a pair's weight comes from its fields
alone, so evidence is an independent witness.

Recall: of the pairs that a CRM merged, that a sync id joins or that a steward ruled the
same, the share whose weight alone reaches the merge threshold. A pair that blocking never
found counts as missed.

Precision: of the pairs that reach the threshold and that a label can judge, the share
that it confirms. A sync id judges the partner's other suitors: when a record is synced
with P, a match with Q of P's source and object contradicts it, unless P and Q are linked
or match each other. A steward's ruling judges its own pair, and so does a portal that
knows both records as two active users.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from hygiene.parquet_exchange import open_connection, register_parquet

_Z = 1.959963984540054
"""Standard normal quantile of a two-sided 95 % interval."""

_LABELS = """
CREATE TABLE labels AS
SELECT least(l, r) AS l, greatest(l, r) AS r, bool_and(is_same) AS is_same
FROM (
    SELECT source_record_key_l AS l, source_record_key_r AS r, true AS is_same
    FROM links WHERE evidence IN ('crm_merge', 'sync_id')
    UNION ALL
    SELECT source_record_key_l, source_record_key_r, false
    FROM links WHERE evidence = 'other_user'
    UNION ALL
    SELECT source_record_key_l, source_record_key_r, ruling = 'must_link'
    FROM rulings WHERE status = 'in_force' AND ruling IN ('must_link', 'cannot_link')
)
WHERE l IN (SELECT source_record_key FROM records)
    AND r IN (SELECT source_record_key FROM records)
GROUP BY ALL
"""
_ACCEPTED = """
CREATE TABLE accepted AS
SELECT least(source_record_key_l, source_record_key_r) AS l,
    greatest(source_record_key_l, source_record_key_r) AS r
FROM edges WHERE match_weight >= $threshold
"""
_JUDGED = """
WITH same AS (
    SELECT l, r FROM labels WHERE is_same
    UNION SELECT r, l FROM labels WHERE is_same
), both_ways AS (
    SELECT l, r FROM accepted UNION ALL SELECT r, l FROM accepted
), partners AS (
    SELECT same.l AS record, same.r AS partner,
        split_part(same.r, ':', 1) || ':' || split_part(same.r, ':', 2) AS place
    FROM same
    INNER JOIN links ON least(same.l, same.r)
            = least(links.source_record_key_l, links.source_record_key_r)
        AND greatest(same.l, same.r)
            = greatest(links.source_record_key_l, links.source_record_key_r)
    WHERE links.evidence = 'sync_id'
), suitors AS (
    SELECT least(both_ways.l, both_ways.r) AS l, greatest(both_ways.l, both_ways.r) AS r,
        bool_or(both_ways.r = partners.partner) AS is_partner,
        bool_or(
            EXISTS (SELECT 1 FROM same
                WHERE same.l = partners.partner AND same.r = both_ways.r)
            OR EXISTS (SELECT 1 FROM both_ways AS other
                WHERE other.l = partners.partner AND other.r = both_ways.r)
        ) AS is_open
    FROM both_ways
    INNER JOIN partners ON both_ways.l = partners.record
        AND split_part(both_ways.r, ':', 1) || ':' || split_part(both_ways.r, ':', 2)
            = partners.place
    GROUP BY ALL
), judged AS (
    SELECT l, r, CASE WHEN is_partner THEN true WHEN is_open THEN NULL ELSE false END
        AS is_right
    FROM suitors
    ANTI JOIN labels USING (l, r)
    UNION ALL
    SELECT l, r, is_same FROM accepted INNER JOIN labels USING (l, r)
)
SELECT count(*) FILTER (is_right), count(is_right) FROM judged
"""
_RECALL = """
SELECT count(accepted.l), count(*) FROM labels
LEFT JOIN accepted USING (l, r) WHERE is_same
"""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share with its uncertainty.

    Attributes:
        hits: Cases that count.
        cases: Cases in all.
        low: Lower end of the 95 % interval.
        high: Upper end.
    """

    hits: int
    cases: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        """The share itself; none without cases."""
        return self.hits / self.cases if self.cases else None

    def __str__(self) -> str:
        if not self.cases:
            return "unknown: no labels"
        return (
            f"{self.hits / self.cases:.1%} ({self.low:.1%} to {self.high:.1%}, "
            f"{self.cases} labels)"
        )


@dataclass(frozen=True, slots=True)
class LabelledAccuracy:
    """What labels say about the model in one run.

    Attributes:
        entity: contact or account.
        threshold: Weight from which records are merged.
        recall: Share of the known matches that the model finds by itself.
        precision: Share of the judged matches that are confirmed.
    """

    entity: str
    threshold: float
    recall: Estimate
    precision: Estimate


def wilson(hits: int, cases: int) -> Estimate:
    """Estimate a share with Wilson's score interval at 95 %.

    The interval stays inside 0 to 1 and is honest for few cases and extreme shares.
    Formula: E. B. Wilson, "Probable inference, the law of succession, and statistical
    inference", JASA 22 (1927).

    Args:
        hits: Cases that count.
        cases: Cases in all.

    Returns:
        The share; the whole range without cases.

    Example:
        >>> found = wilson(9, 10)
        >>> round(found.low, 3), round(found.high, 3)
        (0.596, 0.982)
    """
    if not cases:
        return Estimate(0, 0, 0.0, 1.0)
    share = hits / cases
    scale = 1 + _Z**2 / cases
    centre = (share + _Z**2 / (2 * cases)) / scale
    half = _Z / scale * math.sqrt(share * (1 - share) / cases + _Z**2 / (4 * cases**2))
    return Estimate(hits, cases, max(centre - half, 0.0), min(centre + half, 1.0))


def estimate_accuracy(
    edges: Path,
    links: Path,
    rulings_status: Path,
    standardised: Path,
    *,
    threshold: float,
    entity: Literal["contact", "account"],
    scratch: Path,
) -> LabelledAccuracy:
    """Hold the model against the labels of a run.

    Args:
        edges: Parquet of decided edges, with the weights.
        links: Parquet of pairs that a system of record says are the same.
        rulings_status: Rulings with their status; may be absent.
        standardised: Parquet of standardised records.
        threshold: Weight from which records are merged.
        entity: contact or account.
        scratch: Folder for temporary files.

    Returns:
        Recall and precision.

    Raises:
        InputError: If a file is missing or malformed.
    """
    task = f"Estimating the accuracy of {entity} matching"
    with open_connection(scratch) as connection:
        pair = ["source_record_key_l", "source_record_key_r"]
        register_parquet(
            connection, "edges", edges, required=[*pair, "match_weight"], task=task
        )
        register_parquet(
            connection, "links", links, required=[*pair, "evidence"], task=task
        )
        register_parquet(
            connection,
            "records",
            standardised,
            required=["source_record_key"],
            task=task,
        )
        if rulings_status.is_file():
            register_parquet(
                connection, "rulings", rulings_status, required=pair, task=task
            )
        else:
            connection.execute(
                "CREATE TABLE rulings (source_record_key_l VARCHAR, "
                "source_record_key_r VARCHAR, ruling VARCHAR, status VARCHAR)"
            )
        connection.execute(_LABELS)
        connection.execute(_ACCEPTED, {"threshold": threshold})
        recall = wilson(*_two(connection, _RECALL))
        precision = wilson(*_two(connection, _JUDGED))
    return LabelledAccuracy(entity, threshold, recall, precision)


def _two(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, int]:
    row = connection.execute(query).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)
