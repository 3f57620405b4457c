"""What systems of record and stewards say of pairs: rulings, CRM merges, sync ids, hierarchy.

What belongs here: reading must-links, cannot-links and suspicions, and settling what
happens when they contradict each other. What does not: scores.

Order of authority: a steward's cannot-link, a steward's must-link, merges recorded by a
CRM, sync ids and lead conversions, what keeps two records apart (the account hierarchy;
two active users of one portal), the model. A cannot-link is
never crossed, also not through a chain of weaker must-links: the chain loses its weakest
link that would cross it.

A suspicion (`crm_duplicate`: a duplicate rule of the CRM found two records alike) binds
nobody. It makes the two a candidate pair, which the model decides; if it does not merge
them, a person is asked, unless they have next to nothing in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from hygiene.errors import InputError
from hygiene.matching.clustering import Integers, label_components
from hygiene.matching.specification import Entity, Specification
from hygiene.parquet_exchange import quote_literal, register_parquet

SUSPICION = "crm_duplicate"
"""Evidence of pairs that the CRM suspects to be duplicates: neither same nor different."""
_AUTHORITY = {
    "steward": 0,
    "crm_merge": 1,
    "sync_id": 2,
    "lead_conversion": 2,
    "other_user": 3,
    SUSPICION: 4,
}
_LINKS = tuple(name for name in _AUTHORITY if name != "steward")
_APART = "other_user"
_RULING_COLUMNS = (
    "source_record_key_l",
    "source_record_key_r",
    "ruling",
    "author",
    "ruled_at",
    "reason",
)


@dataclass(frozen=True, slots=True)
class Constraints:
    """Which records must stay together or apart, after contradictions are settled.

    Attributes:
        groups: Group of each record, numbered by its smallest record; records of one
            group stay together.
        barred_left: One record of each pair that stays apart.
        barred_right: The other record.
        must_links: Must-links between records of this run.
        cannot_links: Pairs that stay apart.
        overruled: Must-links that a stronger cannot-link defeated.
        unknown_rulings: Rulings about records that are not in this run.
    """

    groups: Integers
    barred_left: Integers
    barred_right: Integers
    must_links: int
    cannot_links: int
    overruled: int
    unknown_rulings: int


def add_suspected(
    connection: duckdb.DuckDBPyConnection,
    links: Path,
    specification: Specification,
) -> None:
    """Add to `candidates` the pairs that a CRM suspects and no blocking rule found.

    They are not marked as found by a rule (`found_by` is 0), so that no model is trained
    on them: a duplicate rule compares the same fields as the model does.

    Args:
        connection: Connection that holds `candidates` and `features`.
        links: Parquet of pairs that a system of record speaks of.
        specification: The model; `match_key` is the number of its rules.
    """
    _read_links(connection, links, specification.entity)
    found = connection.execute(
        f"SELECT count(*) FROM links_file WHERE evidence = '{SUSPICION}'"
    ).fetchone()
    if not found or not found[0]:  # else millions of candidates are read for nothing
        return
    connection.execute(
        f"""
        INSERT INTO candidates
        SELECT DISTINCT
            least(l.unique_id, r.unique_id)::INTEGER AS unique_id_l,
            greatest(l.unique_id, r.unique_id)::INTEGER AS unique_id_r,
            0::BIGINT AS found_by, {len(specification.blocking_rules)} AS match_key
        FROM links_file
        INNER JOIN features AS l ON source_record_key_l = l.source_record_key
        INNER JOIN features AS r ON source_record_key_r = r.source_record_key
        ANTI JOIN candidates
            ON candidates.unique_id_l = least(l.unique_id, r.unique_id)
            AND candidates.unique_id_r = greatest(l.unique_id, r.unique_id)
        WHERE evidence = '{SUSPICION}' AND l.unique_id <> r.unique_id
        """
    )


def load_evidence(
    connection: duckdb.DuckDBPyConnection,
    links: Path,
    rulings: Path | None,
    *,
    entity: Entity,
    has_parent: bool,
) -> int:
    """Create the table `evidence`: one row per pair, the strongest evidence only.

    Args:
        connection: Connection with the tables `features` and `standardised_file`.
        links: Parquet of pairs that a system of record says are the same, or
            (`other_user`) are two people, or (`crm_duplicate`) suspects to be the same.
        rulings: CSV of a steward's rulings, or a folder of such files; optional.
        entity: What is matched.
        has_parent: Whether accounts carry the key of their parent.

    Returns:
        Rulings about records that are not in this run.
    """
    _read_links(connection, links, entity)
    ranks = " ".join(f"WHEN '{name}' THEN {_AUTHORITY[name]}" for name in _LINKS)
    connection.execute(
        "CREATE TEMP TABLE claims (key_l VARCHAR, key_r VARCHAR, decided_by VARCHAR, "
        "authority INTEGER, is_same BOOLEAN, ruled_at VARCHAR)"
    )
    connection.execute(
        "INSERT INTO claims SELECT source_record_key_l, source_record_key_r, evidence, "
        f"CASE evidence {ranks} END, "
        f"CASE evidence WHEN '{SUSPICION}' THEN NULL ELSE evidence <> '{_APART}' END, "
        "NULL FROM links_file"
    )
    for file in _ruling_files(rulings):
        _load_rulings(connection, file)
    if entity is Entity.ACCOUNT and has_parent:
        connection.execute(
            "INSERT INTO claims SELECT source_record_key, parent_source_record_key, "
            "'model', 3, false, NULL FROM standardised_file "
            "WHERE parent_source_record_key IS NOT NULL"
        )
    connection.execute(
        """
        CREATE TEMP TABLE evidence AS
        SELECT
            least(l.unique_id, r.unique_id) AS unique_id_l,
            greatest(l.unique_id, r.unique_id) AS unique_id_r,
            claims.decided_by, claims.authority, claims.is_same
        FROM claims
        INNER JOIN features AS l ON claims.key_l = l.source_record_key
        INNER JOIN features AS r ON claims.key_r = r.source_record_key
        WHERE l.unique_id <> r.unique_id
        QUALIFY row_number() OVER (
            PARTITION BY unique_id_l, unique_id_r
            ORDER BY authority, ruled_at DESC NULLS LAST, is_same, decided_by
        ) = 1
        """
    )
    row = connection.execute(
        "SELECT count(*) FROM claims WHERE authority = 0 AND ("
        "key_l NOT IN (SELECT source_record_key FROM features) OR "
        "key_r NOT IN (SELECT source_record_key FROM features))"
    ).fetchone()
    return int(row[0]) if row else 0


def _read_links(
    connection: duckdb.DuckDBPyConnection, links: Path, entity: Entity
) -> None:
    register_parquet(
        connection,
        "links_file",
        links,
        required=["source_record_key_l", "source_record_key_r", "evidence"],
        task=f"Reading {entity} links",
    )
    unknown_kind = connection.execute(
        "SELECT count(*) FROM links_file WHERE evidence IS NULL "
        f"OR evidence NOT IN {_LINKS}"
    ).fetchone()
    if unknown_kind and unknown_kind[0]:
        raise InputError(
            f"Reading {entity} links: {unknown_kind[0]} rows of {links.name} have an "
            f"unknown evidence; expected one of {', '.join(_LINKS)}; check "
            "the model that writes the links."
        )


def _ruling_files(rulings: Path | None) -> Sequence[Path]:
    if rulings is None or not rulings.exists():
        return ()
    return sorted(rulings.glob("*.csv")) if rulings.is_dir() else (rulings,)


def _load_rulings(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    try:
        connection.execute(
            "CREATE OR REPLACE TEMP VIEW rulings_file AS SELECT * FROM read_csv("
            f"{quote_literal(str(file))}, header = true, all_varchar = true)"
        )
        columns = [
            str(row[0])
            for row in connection.execute("DESCRIBE rulings_file").fetchall()
        ]
    except duckdb.Error as error:
        raise InputError(
            f"Reading steward rulings: {file.name} is not readable as CSV "
            f"({type(error).__name__}); expected a header line with "
            f"{', '.join(_RULING_COLUMNS)}; correct the file."
        ) from error
    missing = [name for name in _RULING_COLUMNS[:3] if name not in columns]
    if missing:
        raise InputError(
            f"Reading steward rulings: {file.name} lacks the column(s) "
            f"{', '.join(missing)}; expected {', '.join(_RULING_COLUMNS)}; correct "
            "the file."
        )
    unknown = connection.execute(
        "SELECT count(*) FROM rulings_file WHERE ruling IS NULL "
        "OR trim(lower(ruling)) NOT IN ('must_link', 'cannot_link')"
    ).fetchone()
    if unknown and unknown[0]:
        raise InputError(
            f"Reading steward rulings: {unknown[0]} rows of {file.name} have an unknown "
            "ruling; expected must_link or cannot_link; correct the file."
        )
    ruled_at = "ruled_at" if "ruled_at" in columns else "NULL"
    connection.execute(
        "INSERT INTO claims SELECT trim(source_record_key_l), "
        "trim(source_record_key_r), 'steward', 0, "
        f"trim(lower(ruling)) = 'must_link', {ruled_at} FROM rulings_file"
    )


def settle_constraints(
    connection: duckdb.DuckDBPyConnection, records: int, unknown_rulings: int
) -> Constraints:
    """Turn the table `evidence` into groups and barred pairs without contradictions.

    Args:
        connection: Connection with the table `evidence`.
        records: Number of records.
        unknown_rulings: Passed through to the result.

    Returns:
        The constraints.
    """
    found = connection.sql(
        "SELECT unique_id_l, unique_id_r, authority, is_same FROM evidence "
        "WHERE is_same IS NOT NULL ORDER BY authority, unique_id_l, unique_id_r"
    ).fetchnumpy()
    left = np.asarray(found["unique_id_l"], dtype=np.int64)
    right = np.asarray(found["unique_id_r"], dtype=np.int64)
    authority = np.asarray(found["authority"], dtype=np.int64)
    same = np.asarray(found["is_same"], dtype=bool)
    must_left, must_right = left[same], right[same]
    rulings = ~same & (authority == _AUTHORITY["steward"])
    groups = label_components(records, must_left, must_right)
    crossed = groups[left[rulings]] == groups[right[rulings]]
    overruled = 0
    if crossed.any():
        suspicious = set(groups[left[rulings]][crossed].tolist())
        in_question = np.isin(groups[must_left], list(suspicious))
        kept = ~in_question
        kept[in_question] = _without_crossing(
            must_left[in_question],
            must_right[in_question],
            left[rulings][crossed],
            right[rulings][crossed],
        )
        overruled = int((~kept).sum())
        groups = label_components(records, must_left[kept], must_right[kept])
    apart = ~same
    # A merge recorded by a CRM outranks the hierarchy that it has made obsolete.
    apart &= groups[left] != groups[right]
    return Constraints(
        groups=groups,
        barred_left=left[apart],
        barred_right=right[apart],
        must_links=int(same.sum()),
        cannot_links=int(apart.sum()),
        overruled=overruled,
        unknown_rulings=unknown_rulings,
    )


def _without_crossing(
    must_left: Integers,
    must_right: Integers,
    barred_left: Integers,
    barred_right: Integers,
) -> list[bool]:
    """Add must-links in order of authority, leaving out those that cross a ruling.

    Runs only over groups that a steward contradicted: a handful of records.
    """
    leader: dict[int, int] = {}
    enemies: dict[int, set[int]] = {}

    def find(record: int) -> int:
        root = record
        while leader.setdefault(root, root) != root:
            root = leader[root]
        leader[record] = root
        return root

    for one, other in zip(barred_left.tolist(), barred_right.tolist(), strict=True):
        enemies.setdefault(one, set()).add(other)
        enemies.setdefault(other, set()).add(one)
    members: dict[int, set[int]] = {}
    kept: list[bool] = []
    for one, other in zip(must_left.tolist(), must_right.tolist(), strict=True):
        first, second = find(one), find(other)
        if first == second:
            kept.append(True)
            continue
        ours = members.setdefault(first, {first})
        theirs = members.setdefault(second, {second})
        hostile = any(enemies.get(record, set()) & theirs for record in ours)
        kept.append(not hostile)
        if not hostile:
            low, high = min(first, second), max(first, second)
            leader[high] = low
            members[low] = ours | theirs
    return kept
