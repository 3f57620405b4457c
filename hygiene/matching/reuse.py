"""Answers of an earlier run, reused for records that have not changed.

What belongs here: keeping what each pair answered, and comparing only pairs that are
new or have a changed record. What does not: deciding anything; without kept answers the
run gives the same edges, only later.

Equality with a full run holds by construction. Candidate pairs, the rarity of values,
the threshold and the clusters are computed from all records in every run, because one
new record can change them for everybody. An answer (`gamma_`) depends on the compared
values of its two records and on nothing else; it is taken over only if both are
unchanged and the questions are the same, down to the text of their SQL.

    <folder>/
        CURRENT.json                 fingerprint and the names of the files in force
        records-<id>.parquet         record number, key, digest of the compared values
        answers-<id>.parquet         pair of record numbers, one answer per comparison

`CURRENT.json` is replaced last: killed at any moment, the answers are the old or the new
ones. The folder holds no values, only keys and digests, and is safe to delete.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import duckdb

from hygiene.kept_state import read_pointer, replace_pointer
from hygiene.matching.namesakes import NAME_RARITIES
from hygiene.matching.specification import Specification
from hygiene.matching.vectors import (
    compare_pairs,
    compared_columns,
    gamma_sql,
    rarity_sql,
)
from hygiene.parquet_exchange import quote_literal, write_parquet

logger = logging.getLogger(__name__)

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Reuse:
    """What was taken over from an earlier run.

    Attributes:
        reused: Pairs whose answers were taken over.
        compared: Pairs that were compared now.
        changed_records: Records that are new or have changed.
        reason: Why the run compared what it compared, in one sentence.
    """

    reused: int
    compared: int
    changed_records: int
    reason: str


def compare_changed(
    connection: duckdb.DuckDBPyConnection,
    specification: Specification,
    folder: Path | None,
) -> Reuse:
    """Create `vectors` of all `candidates`, comparing only what has changed.

    Args:
        connection: Connection that holds `candidates`, `comparable` and `features`.
        specification: The model.
        folder: Where an earlier run kept its answers; none: everything is compared.

    Returns:
        Counts and the reason.
    """
    reason = "no answers are kept" if folder is None else None
    if folder is not None:
        _digest_records(connection, specification)
        reason = _load(connection, specification, folder)
    if reason is not None:
        compare_pairs(connection, specification, "candidates", "vectors")
        pairs = _count(connection, "candidates")
        records = _count(connection, "comparable")
        return Reuse(0, pairs, records, f"Every pair was compared: {reason}.")
    names = [item.name for item in specification.comparisons]
    answers = ", ".join(f"known.gamma_{name}" for name in names)
    rarities = ", ".join(
        f"{rarity_sql(item)} AS rarity_{item.name}"
        for item in specification.comparisons
    )
    of_values = ", ".join(
        f"l.rarity_{item.column} AS of_{item.column}"
        for item in specification.frequencies
    )
    limits = ", ".join(f"l.{name}" for name in NAME_RARITIES)
    ordered = ", ".join(f"gamma_{name}, rarity_{name}" for name in names)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE pairs_to_compare AS SELECT * FROM candidates "
        "ANTI JOIN known USING (unique_id_l, unique_id_r)"
    )
    compare_pairs(connection, specification, "pairs_to_compare", "new_vectors")
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE vectors AS
        SELECT unique_id_l, unique_id_r, found_by, match_key, {", ".join(NAME_RARITIES)},
            {ordered}
        FROM (
            SELECT *, {rarities} FROM (
                SELECT candidates.*, {limits}, {answers}{", " if of_values else ""}{of_values}
                FROM candidates
                INNER JOIN known USING (unique_id_l, unique_id_r)
                INNER JOIN comparable AS l ON candidates.unique_id_l = l.unique_id
            )
        )
        UNION ALL BY NAME SELECT * FROM new_vectors
        """
    )
    compared = _count(connection, "new_vectors")
    records = _count(connection, "comparable")
    changed = records - _count(connection, "unchanged")
    for table in ("new_vectors", "pairs_to_compare", "known", "unchanged"):
        connection.execute(f"DROP TABLE {table}")
    reused = _count(connection, "vectors") - compared
    return Reuse(
        reused,
        compared,
        changed,
        f"{changed} of {records} records are new or changed: {compared} pairs were "
        f"compared, the answers of {reused} were kept.",
    )


def keep_answers(
    connection: duckdb.DuckDBPyConnection, specification: Specification, folder: Path
) -> None:
    """Keep the answers of this run for the next one.

    Args:
        connection: Connection that holds `vectors` and what `compare_changed` left.
        specification: The model.
        folder: The folder to write to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = uuid4().hex[:12]
    answers = ", ".join(f"gamma_{item.name}" for item in specification.comparisons)
    write_parquet(
        connection,
        "SELECT unique_id, source_record_key, content FROM record_digests "
        "ORDER BY unique_id",
        folder / f"records-{name}.parquet",
    )
    write_parquet(
        connection,
        f"SELECT unique_id_l, unique_id_r, {answers} FROM vectors",
        folder / f"answers-{name}.parquet",
    )
    replace_pointer(
        folder, name, {"fingerprint": _fingerprint(specification), "files": name}
    )


def _fingerprint(specification: Specification) -> str:
    """Digest everything that an answer depends on besides the values."""
    questions = [
        [item.name, gamma_sql(item), list(item.columns)]
        for item in specification.comparisons
    ]
    text = json.dumps([FORMAT_VERSION, duckdb.__version__, questions])
    return hashlib.sha256(text.encode()).hexdigest()


def _digest_records(
    connection: duckdb.DuckDBPyConnection, specification: Specification
) -> None:
    """Create `record_digests`: per record a digest of its compared values."""
    # The length beside the hash: a chance collision of both is out of the question.
    columns = [f"comparable.{name}" for name in compared_columns(specification)]
    lengths = " + ".join(f"coalesce(length({column}), 0)" for column in columns)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE record_digests AS SELECT "
        "comparable.unique_id, features.source_record_key, "
        f"hash({', '.join(columns)})::VARCHAR || '-' || ({lengths}) AS content "
        "FROM comparable INNER JOIN features USING (unique_id)"
    )


def _load(
    connection: duckdb.DuckDBPyConnection,
    specification: Specification,
    folder: Path,
) -> str | None:
    """Create `unchanged` and `known`, or say why kept answers cannot be used."""
    kept = read_pointer(folder, "answers")
    if isinstance(kept, str):
        return kept
    if kept.get("fingerprint") != _fingerprint(specification):
        return "the questions of the model or the engine have changed"
    records = quote_literal(str(folder / f"records-{kept.get('files')}.parquet"))
    answers = quote_literal(str(folder / f"answers-{kept.get('files')}.parquet"))
    try:
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE unchanged AS SELECT "
            "kept.unique_id AS old_id, now.unique_id FROM read_parquet("
            f"{records}) AS kept INNER JOIN record_digests AS now "
            "ON kept.source_record_key = now.source_record_key "
            "AND kept.content = now.content"
        )
        gammas = ", ".join(f"gamma_{item.name}" for item in specification.comparisons)
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE known AS SELECT l.unique_id AS unique_id_l, "
            f"r.unique_id AS unique_id_r, {gammas} FROM read_parquet({answers}) AS a "
            "INNER JOIN unchanged AS l ON a.unique_id_l = l.old_id "
            "INNER JOIN unchanged AS r ON a.unique_id_r = r.old_id"
        )
    except duckdb.Error as error:
        logger.warning("kept answers are damaged: %s", type(error).__name__)
        return "the kept answers are damaged or incomplete"
    return None


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0
