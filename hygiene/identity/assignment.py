"""Which golden id each cluster gets: a pure function of the old ledger and the clusters.

What belongs here: set-based SQL over the tables `old_members`, `old_ids` and `current`.
What does not: files, clocks or matching.

The rule. Every (cluster, old id) pair has votes: the cluster's records that the id owned
last. Pairs are taken in one total order: most votes, live before retired, the older id
(minted earlier, then founded earlier, then by name), the part that holds the id's
founding record, then the cluster with the earlier founder. A pair counts if neither its
cluster nor its id is taken yet. So the id that owns most of a cluster survives, ties go
to the older id, the largest part of a split keeps the id, and no id is used twice.

Clusters that are left over mint an id from their founding record, the earliest by
creation time and key: prefix + 20 hex digits of its key's SHA-256. A cluster that never
merged or split therefore gets the same id from an empty ledger, provided that records
which joined later were also created later. (What remains: a record created earlier that
arrives later, or a founder that disappears, changes what an empty ledger would mint; the
ledger itself keeps the id.) If a founder mints again, because it was split off, a
generation number is added to the key: ids are never reused.

A record's assignment to an id begins with the run that puts it there and ends with the
run that moves it or no longer has it. Should a clock go backwards, a run counts as of the
latest one before it, so that assignments of a record follow each other.
"""

from __future__ import annotations

from datetime import datetime

import duckdb

from hygiene.errors import EngineError

_CANDIDATES = """
CREATE OR REPLACE TABLE candidates AS
WITH votes AS (
    SELECT
        current.cluster,
        old_members.golden_id,
        count(*) AS votes,
        bool_or(current.source_record_key = old_ids.founding_source_record_key)
            AS has_founder
    FROM current
    INNER JOIN old_members USING (source_record_key)
    INNER JOIN old_ids ON old_members.golden_id = old_ids.golden_id
    GROUP BY current.cluster, old_members.golden_id
)
SELECT
    votes.*,
    row_number() OVER (
        ORDER BY
            votes.votes DESC,
            old_ids.status = 'live' DESC,
            old_ids.minted_at,
            old_ids.founded_at NULLS LAST,
            votes.golden_id,
            votes.has_founder DESC,
            founders.founded_at NULLS LAST,
            founders.founding_source_record_key
    ) AS place
FROM votes
INNER JOIN old_ids USING (golden_id)
INNER JOIN founders USING (cluster)
"""

_FOUNDERS = """
CREATE OR REPLACE TABLE founders AS
SELECT
    cluster,
    source_record_key AS founding_source_record_key,
    created_at AS founded_at,
    count(*) OVER (PARTITION BY cluster) AS records
FROM current
QUALIFY row_number() OVER (
    PARTITION BY cluster ORDER BY arrival NULLS LAST, created_at NULLS LAST,
    source_record_key
) = 1
"""

_ROUND = """
INSERT INTO assigned
SELECT cluster, golden_id FROM (
    SELECT
        *,
        min(place) OVER (PARTITION BY cluster) AS best_of_cluster,
        min(place) OVER (PARTITION BY golden_id) AS best_of_id
    FROM candidates
    WHERE cluster NOT IN (SELECT cluster FROM assigned)
        AND golden_id NOT IN (SELECT golden_id FROM assigned)
)
WHERE place = best_of_cluster AND place = best_of_id
"""

_MINTED = """
CREATE OR REPLACE TABLE minted AS
WITH generations AS (
    SELECT founding_source_record_key, max(generation) + 1 AS generation
    FROM old_ids GROUP BY founding_source_record_key
), fresh AS (
    SELECT
        founders.*,
        coalesce(generations.generation, 0)::INTEGER AS generation
    FROM founders
    LEFT JOIN generations USING (founding_source_record_key)
    WHERE founders.cluster NOT IN (SELECT cluster FROM assigned)
)
SELECT
    *,
    $prefix || substr(sha256(
        founding_source_record_key
        || CASE WHEN generation > 0 THEN '#' || generation ELSE '' END
    ), 1, 20) AS golden_id
FROM fresh
"""

_LOSERS = """
CREATE OR REPLACE TABLE losers AS
SELECT
    candidates.golden_id,
    owners.golden_id AS survivor,
    candidates.votes
FROM candidates
INNER JOIN owners USING (cluster)
WHERE candidates.golden_id NOT IN (SELECT golden_id FROM assigned)
QUALIFY row_number() OVER (
    PARTITION BY candidates.golden_id ORDER BY candidates.votes DESC, candidates.place
) = 1
"""

_EVENTS = """
CREATE OR REPLACE TABLE fresh_events AS
SELECT golden_id, 'minted' AS event, NULL::VARCHAR AS related_golden_id,
    records AS record_count
FROM minted
UNION ALL
SELECT assigned.golden_id, 'revived', NULL, founders.records
FROM assigned
INNER JOIN founders USING (cluster)
INNER JOIN old_ids USING (golden_id)
WHERE old_ids.status = 'retired'
UNION ALL
SELECT golden_id, 'merged', survivor, votes FROM losers
UNION ALL
SELECT candidates.golden_id, 'split', owners.golden_id, candidates.votes
FROM candidates
INNER JOIN owners USING (cluster)
LEFT JOIN losers ON candidates.golden_id = losers.golden_id
WHERE owners.golden_id <> candidates.golden_id
    AND (losers.survivor IS NULL OR losers.survivor <> owners.golden_id)
UNION ALL
SELECT old_ids.golden_id, 'retired', NULL, (
    SELECT count(*) FROM old_members WHERE old_members.golden_id = old_ids.golden_id
)
FROM old_ids
WHERE old_ids.status = 'live'
    AND old_ids.golden_id NOT IN (SELECT golden_id FROM candidates)
"""

_NEW_MEMBERS = """
CREATE OR REPLACE TABLE new_members AS
SELECT
    current.source_record_key,
    owners.golden_id,
    true AS is_present,
    CASE
        WHEN old_members.is_present AND old_members.golden_id = owners.golden_id
        THEN old_members.assigned_at
        ELSE $moved_at::TIMESTAMP
    END AS assigned_at
FROM current
INNER JOIN owners USING (cluster)
LEFT JOIN old_members ON current.source_record_key = old_members.source_record_key
UNION ALL
SELECT
    old_members.source_record_key,
    coalesce(losers.survivor, old_members.golden_id) AS golden_id,
    false AS is_present,
    NULL AS assigned_at
FROM old_members
LEFT JOIN losers USING (golden_id)
WHERE old_members.source_record_key NOT IN (SELECT source_record_key FROM current)
"""

# What began and ended in one instant was never in force.
NEW_ENDED = """
CREATE OR REPLACE TABLE new_ended AS
SELECT * FROM old_ended
UNION ALL
SELECT
    old_members.source_record_key,
    old_members.golden_id,
    old_members.assigned_at AS valid_from,
    $moved_at::TIMESTAMP AS valid_to
FROM old_members
LEFT JOIN new_members
    ON old_members.source_record_key = new_members.source_record_key
    AND old_members.golden_id = new_members.golden_id
    AND new_members.is_present
WHERE old_members.is_present
    AND old_members.assigned_at < $moved_at::TIMESTAMP
    AND new_members.source_record_key IS NULL
"""

_NEW_IDS = """
CREATE OR REPLACE TABLE new_ids AS
SELECT
    old_ids.golden_id,
    old_ids.founding_source_record_key,
    old_ids.generation,
    old_ids.founded_at,
    old_ids.minted_at,
    CASE
        WHEN old_ids.status = 'merged' OR losers.survivor IS NOT NULL THEN 'merged'
        WHEN assigned.golden_id IS NOT NULL THEN 'live'
        ELSE 'retired'
    END AS status,
    coalesce(losers.survivor, onwards.survivor, old_ids.merged_into) AS merged_into,
    CASE
        WHEN losers.survivor IS NOT NULL
            OR (old_ids.status = 'live' AND assigned.golden_id IS NULL
                AND old_ids.status <> 'merged')
            OR (old_ids.status = 'retired' AND assigned.golden_id IS NOT NULL)
        THEN $occurred_at::TIMESTAMP ELSE old_ids.changed_at
    END AS changed_at
FROM old_ids
LEFT JOIN losers ON old_ids.golden_id = losers.golden_id
LEFT JOIN losers AS onwards ON old_ids.merged_into = onwards.golden_id
LEFT JOIN assigned ON old_ids.golden_id = assigned.golden_id
UNION ALL
SELECT
    golden_id, founding_source_record_key, generation, founded_at,
    $occurred_at::TIMESTAMP, 'live', NULL, $occurred_at::TIMESTAMP
FROM minted
"""


def assign_ids(
    connection: duckdb.DuckDBPyConnection, *, prefix: str, occurred_at: datetime
) -> None:
    """Give every cluster of `current` an id and derive the new ledger.

    Creates `owners` (cluster, golden_id), `fresh_events`, `new_members`, `new_ended`,
    `new_ids`.

    Args:
        connection: Connection with the old ledger and `current` (source_record_key,
            cluster, arrival, created_at).
        prefix: Prefix of new ids.
        occurred_at: Instant of the run, UTC without a zone.

    Raises:
        EngineError: If two records hash to one id.
    """
    connection.execute(_FOUNDERS)
    connection.execute(_CANDIDATES)
    connection.execute(
        "CREATE OR REPLACE TABLE assigned (cluster BIGINT, golden_id VARCHAR)"
    )
    while True:  # each round settles at least the first pair that is left
        before = _count(connection, "assigned")
        connection.execute(_ROUND)
        if _count(connection, "assigned") == before:
            break
    connection.execute(_MINTED, {"prefix": prefix})
    clashes = connection.execute(
        "SELECT count(*) - count(DISTINCT golden_id) + count(*) FILTER "
        "(golden_id IN (SELECT golden_id FROM old_ids)) FROM minted"
    ).fetchone()
    if clashes and clashes[0]:
        raise EngineError(
            f"Minting golden ids: {clashes[0]} new ids are already taken; expected "
            "distinct hashes; nothing was written; report this as a defect."
        )
    connection.execute(
        "CREATE OR REPLACE TABLE owners AS SELECT cluster, golden_id FROM assigned "
        "UNION ALL SELECT cluster, golden_id FROM minted"
    )
    connection.execute(_LOSERS)
    connection.execute(_EVENTS)
    row = connection.execute(
        "SELECT greatest($now::TIMESTAMP, max(occurred_at)) FROM old_runs",
        {"now": occurred_at},
    ).fetchone()
    moved_at = {"moved_at": row[0] if row else occurred_at}
    connection.execute(_NEW_MEMBERS, moved_at)
    connection.execute(NEW_ENDED, moved_at)
    connection.execute(_NEW_IDS, {"occurred_at": occurred_at})


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0
