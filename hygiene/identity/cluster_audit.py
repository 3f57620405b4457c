"""What holds each golden record together, and how likely it is that it is one customer.

What belongs here: the audit of clusters that are decided. What does not: deciding, and
the explanation of single pairs (`hygiene.stewardship.reasons`).

A cluster is as sure as its least sure record: the record whose pairs with the others say
least, in bits on average. Evidence of a CRM or a steward counts as much as the strongest
weight, and neither a single weight nor its opposite counts beyond `STRONGEST_BITS` and
`WEAKEST_BITS`, because what lies beyond is the same findings counted again.

Read as odds, bits of a pair are overconfident: a cluster is chosen because its pairs look
alike. So they are calibrated: a logistic curve over the bits, fitted to the clusters that
production matching made of labelled tables, each table left out in turn for the error
that `benchmarks.purity` prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hygiene.parquet_exchange import open_connection, register_parquet, write_parquet

STRONGEST_BITS = 30.0
WEAKEST_BITS = -20.0
INTERCEPT = 2.31
"""Log odds of a pure cluster at zero bits; see `benchmarks/results`, cluster purity."""
SLOPE = 0.1224
"""Log odds per bit; one bit, taken at its word, would be log(2) = 0.69."""

_AUDIT = """
WITH pairs AS (
    SELECT golden_id, source_record_key_l, source_record_key_r, decided_by,
        -- Exact sums: an average must not depend on the order of the rows.
        CASE decided_by WHEN 'model'
            THEN greatest({weakest}, least({strongest}, match_weight))
            ELSE {strongest}
        END::DECIMAL(9, 3) AS bits
    FROM edges_file
    INNER JOIN (
        SELECT source_record_key, golden_{entity}_id AS golden_id FROM clusters_file
    ) ON source_record_key_l = source_record_key
    WHERE decision = 'auto_match'
), records AS (
    SELECT golden_id, source_record_key, round(avg(bits), 3) AS bits
    FROM (
        SELECT golden_id, source_record_key_l AS source_record_key, bits FROM pairs
        UNION ALL SELECT golden_id, source_record_key_r, bits FROM pairs
    )
    GROUP BY ALL
), links AS (
    SELECT golden_id,
        count(*) FILTER (decided_by = 'steward') AS steward_link_count,
        count(*) FILTER (decided_by NOT IN ('steward', 'model')) AS crm_link_count,
        count(*) FILTER (decided_by = 'model') AS model_link_count
    FROM pairs GROUP BY ALL
), clusters AS (
    SELECT golden_id, count(*) AS record_count,
        arg_min(
            source_record_key, struct_pack(b := bits, k := source_record_key)
        ) AS least_sure_source_record_key,
        min(bits) AS least_sure_bits
    FROM records GROUP BY ALL
)
SELECT '{entity}' AS entity_type, *,
    round(1 / (1 + exp(-({intercept} + {slope} * least_sure_bits))), 4)
        AS purity_probability
FROM clusters INNER JOIN links USING (golden_id)
ORDER BY golden_id
"""


@dataclass(frozen=True, slots=True)
class ClusterAudit:
    """How sure the clusters of one entity are.

    Attributes:
        clusters: Golden records of two records or more.
        expected_impure: How many of them hold more than one customer, as expected from
            their probabilities.
        doubtful: How many have a probability of being one customer below 0.9.
    """

    clusters: int
    expected_impure: float
    doubtful: int


def audit_clusters(
    edges: Path,
    clusters: Path,
    out: Path,
    *,
    entity: Literal["contact", "account"],
) -> ClusterAudit:
    """Write down what holds each golden record of two or more records together.

    Args:
        edges: Parquet of decided edges.
        clusters: Parquet with the golden id of each record.
        out: Parquet to replace: one row per golden record of two or more records with
            entity_type, golden_id, record_count, least_sure_source_record_key,
            least_sure_bits, steward_link_count, crm_link_count, model_link_count and
            purity_probability.
        entity: contact or account.

    Returns:
        Counts.

    Raises:
        InputError: If a file is missing or malformed.
    """
    task = f"Auditing the clusters of {entity}s"
    with open_connection(out.parent) as connection:
        register_parquet(
            connection,
            "edges_file",
            edges,
            required=["source_record_key_l", "source_record_key_r", "decided_by"],
            task=task,
        )
        register_parquet(
            connection,
            "clusters_file",
            clusters,
            required=["source_record_key", f"golden_{entity}_id"],
            task=task,
        )
        query = _AUDIT.format(
            entity=entity,
            weakest=WEAKEST_BITS,
            strongest=STRONGEST_BITS,
            intercept=INTERCEPT,
            slope=SLOPE,
        )
        write_parquet(connection, query, out)
        found = connection.execute(
            "SELECT count(*), coalesce(sum(1 - purity_probability), 0), "
            "count(*) FILTER (purity_probability < 0.9) FROM read_parquet(?)",
            [str(out)],
        ).fetchall()[0]
    return ClusterAudit(int(found[0]), float(found[1]), int(found[2]))
