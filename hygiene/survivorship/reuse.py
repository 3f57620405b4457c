"""Golden records of an earlier run, kept where nothing under them has changed.

What belongs here: telling which golden records have to be merged anew, and putting the
others beside the new ones. What does not: merging; without kept marks the run gives the
same rows, only later.

A golden record depends on its own members and on nothing else in the table: on their
values, on when their fields changed, on corrections by hand and, where a value must not
be overwritten, on its own last value. A mark is a digest of all that per golden id. What
every golden record depends on (rules, code, engine, columns) is digested once; if any of
it changes, everything is merged anew.

    <folder>/
        CURRENT.json          digest of the rules, of both tables, name of the file
        marks-<id>.parquet    golden id and its mark

`CURRENT.json` is replaced last and names the tables by their content: killed at any
moment, or with tables from elsewhere, the next run merges everything. The folder holds no
values, only golden ids and digests, and is safe to delete.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import uuid4

import duckdb
import polars as pl

from hygiene.kept_state import read_pointer, replace_pointer
from hygiene.parquet_exchange import (
    quote_identifier,
    quote_literal,
    register_parquet,
    synchronise,
    write_parquet,
)
from hygiene.survivorship.fields import GROUPS, expected_columns
from hygiene.survivorship.rules import Strategy, SurvivorshipRules, custom_sql

logger = logging.getLogger(__name__)

FORMAT_VERSION = 1
_MOST = 0.5
"""Share of golden records from which on copying the others saves nothing."""
_FETCHED = "_extracted_at"
_MARK = "members, left_mark, right_mark"


@dataclass(frozen=True, slots=True)
class Tables:
    """The two results of merging, and everything that they are made of.

    Attributes:
        entity: contact or account.
        golden: Parquet of golden records.
        lineage: Parquet of the lineage of their fields.
        rules: Which value survives.
        columns: Columns of the standardised records.
        field_changes: Parquet of when fields changed; optional.
        as_of: Day for which overrides have to be valid.
    """

    entity: str
    golden: Path
    lineage: Path
    rules: SurvivorshipRules
    columns: Sequence[str]
    field_changes: Path | None
    as_of: date | None


@dataclass(frozen=True, slots=True)
class Reuse:
    """What has to be merged anew.

    Attributes:
        is_partial: Whether some golden records are kept; then `changed` holds the ids
            to merge and `outdated` the ids whose kept rows no longer hold.
        reason: Why, in one sentence.
        digest: What all golden records depend on.
    """

    is_partial: bool
    reason: str
    digest: str = ""


def find_changed(
    connection: duckdb.DuckDBPyConnection, tables: Tables, folder: Path
) -> Reuse:
    """Create `marks` of all golden ids; compare them with those of the last run.

    Args:
        connection: Connection with `records`, `every_cluster` and `book`.
        tables: What is merged.
        folder: Where the last run kept its marks.

    Returns:
        What has to be merged.
    """
    _mark(connection, tables)
    digest = _digest(connection, tables)
    problem = _load(connection, tables, folder, digest)
    if problem is not None:
        return Reuse(False, f"Every golden record was merged: {problem}.", digest)
    connection.execute(
        "CREATE TEMP TABLE changed AS SELECT golden_id FROM marks "
        f"ANTI JOIN kept_marks USING (golden_id, {_MARK}) "
        # Corrections by hand are counted in every run, and they are few.
        f"UNION SELECT golden_{tables.entity}_id FROM every_cluster SEMI JOIN book "
        "ON every_cluster.source_record_key = book.source_record_key "
        "AND book.entity = ?",
        [tables.entity],
    )
    connection.execute(
        "CREATE TEMP TABLE outdated AS SELECT golden_id FROM changed UNION "
        "SELECT golden_id FROM kept_marks ANTI JOIN marks USING (golden_id)"
    )
    changed, golden = _count(connection, "changed"), _count(connection, "marks")
    share = f"{changed} of {golden} golden records have new, changed or lost members"
    if changed > _MOST * golden:
        return Reuse(False, f"Every golden record was merged: {share}.", digest)
    return Reuse(
        True, f"{share} or a correction by hand; the others were kept.", digest
    )


def keep_marks(
    connection: duckdb.DuckDBPyConnection, tables: Tables, reuse: Reuse, folder: Path
) -> None:
    """Keep the marks for the next run; call it when both tables are written.

    Args:
        connection: Connection with `marks`.
        tables: What was merged.
        reuse: What `find_changed` returned.
        folder: The folder to write to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = uuid4().hex[:12]
    write_parquet(
        connection,
        f"SELECT golden_id, {_MARK} FROM marks",
        folder / f"marks-{name}.parquet",
    )
    replace_pointer(
        folder, name, {"digest": reuse.digest, **_contents(tables), "file": name}
    )


def combine(
    connection: duckdb.DuckDBPyConnection, fresh: Path, out: Path, key: str
) -> int:
    """Put newly merged rows into their places in a table of the last run.

    Args:
        connection: Connection with `outdated`.
        fresh: Parquet of the new rows, in the order of the key.
        out: The table to replace, in the order of the key.
        key: Column with the golden id.

    Returns:
        Rows of the table.
    """
    outdated = connection.execute("SELECT golden_id FROM outdated").pl()["golden_id"]
    if outdated.is_empty():
        return _rows(out)
    temporary = out.with_name(f".{out.name}.{uuid4().hex}.tmp")
    try:
        # Both parts are in order: merging them is much cheaper than sorting them again.
        (
            pl.scan_parquet(out)
            .filter(~pl.col(key).is_in(outdated.implode()))
            .merge_sorted(pl.scan_parquet(fresh), key=key)
            .sink_parquet(temporary, compression="zstd", row_group_size=100_000)
        )
        synchronise(temporary)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    return _rows(out)


def _rows(path: Path) -> int:
    return int(pl.scan_parquet(path).select(pl.len()).collect().item())


def _mark(connection: duckdb.DuckDBPyConnection, tables: Tables) -> None:
    """Create `marks`: per golden id a digest of all that it is made of."""
    names = _columns_read(tables)
    # When a record was fetched counts only where nothing else tells its age.
    age = [name for name in ("modified_at", "created_at") if name in names]
    values = [quote_identifier(name) for name in names]
    if _FETCHED in tables.columns:
        values.append(f"coalesce({', '.join([*age, _FETCHED])})")
        names.append(_FETCHED)
    values += ["record_key", "touched.mark", "by_hand.mark"]
    listed = ", ".join(
        ["source_record_key AS record_key", *map(quote_identifier, names)]
    )
    connection.execute(
        f"""
        CREATE TEMP TABLE marks AS
        WITH touched AS ({_touched_query(connection, tables)}),
        by_hand AS (
            SELECT source_record_key AS record_key,
                sum(hash(field, value, set_at, until, replaced, place)) AS mark
            FROM book WHERE entity = $entity
                AND ($as_of IS NULL OR until IS NULL OR until >= $as_of)
            GROUP BY source_record_key
        ), last AS ({_last_query(connection, tables)}),
        digests AS (
            SELECT golden_id, count(*) AS members,
                sum(hash({", ".join(values)})) AS left_mark,
                bit_xor(hash({", ".join(reversed(values))}))::HUGEINT AS right_mark
            FROM (
                SELECT source_record_key AS record_key,
                    golden_{tables.entity}_id AS golden_id FROM every_cluster
            )
            INNER JOIN (SELECT {listed} FROM records) USING (record_key)
            LEFT JOIN touched USING (record_key)
            LEFT JOIN by_hand USING (record_key)
            GROUP BY golden_id
        )
        -- Sums of 64-bit digests fit; text, because Parquet has no such integers.
        SELECT golden_id, members, left_mark::VARCHAR AS left_mark,
            (right_mark + coalesce(last.mark, 0))::VARCHAR AS right_mark
        FROM digests LEFT JOIN last USING (golden_id)
        """,
        {"entity": tables.entity, "as_of": tables.as_of},
    )


def _columns_read(tables: Tables) -> list[str]:
    """List the columns that merging reads, apart from key and time of the fetch."""
    return [
        name
        for name in expected_columns(tables.entity)
        if name in tables.columns and name not in {"source_record_key", _FETCHED}
    ]


def _touched_query(connection: duckdb.DuckDBPyConnection, tables: Tables) -> str:
    """Digest per record when its fields changed; register `field_changes`."""
    path = tables.field_changes
    if path is None or not path.is_file():
        return "SELECT NULL::VARCHAR AS record_key, NULL::HUGEINT AS mark WHERE false"
    register_parquet(
        connection,
        "field_changes",
        path,
        required=["source_record_key", "field_name", "changed_at"],
        task=f"Merging {tables.entity}s",
    )
    return f"""
        SELECT record_key, sum(hash(field_name, newest)) AS mark FROM (
            SELECT source_record_key AS record_key, field_name,
                max(changed_at) AS newest
            FROM field_changes WHERE field_name IN ({_group_names(tables)})
            GROUP BY ALL
        ) GROUP BY record_key
    """


def _last_query(connection: duckdb.DuckDBPyConnection, tables: Tables) -> str:
    """Digest per golden id the values that must not be overwritten."""
    fields = [
        quote_literal(group.fields[0].name)
        for group in GROUPS[tables.entity]
        if Strategy.NEVER_OVERWRITE
        in tables.rules.strategies(tables.entity, group.name)
    ]
    if not fields or not tables.lineage.is_file():
        return "SELECT NULL::VARCHAR AS golden_id, NULL::HUGEINT AS mark WHERE false"
    register_parquet(
        connection,
        "last_lineage",
        tables.lineage,
        required=["golden_id", "field_name", "value", "rule"],
        task=f"Merging {tables.entity}s",
    )
    return (
        "SELECT golden_id, sum(hash(field_name, value)) AS mark FROM last_lineage "
        f"WHERE rule <> 'override' AND field_name IN ({', '.join(fields)}) "
        "GROUP BY golden_id"
    )


def _group_names(tables: Tables) -> str:
    return ", ".join(quote_literal(group.name) for group in GROUPS[tables.entity])


def _digest(connection: duckdb.DuckDBPyConnection, tables: Tables) -> str:
    """Digest what every golden record depends on."""
    tracked: list[tuple[object, ...]] = []
    if tables.field_changes is not None and tables.field_changes.is_file():
        tracked = connection.execute(
            "SELECT DISTINCT field_name, split_part(source_record_key, ':', 1), "
            "split_part(source_record_key, ':', 2) FROM field_changes "
            f"WHERE field_name IN ({_group_names(tables)}) ORDER BY ALL"
        ).fetchall()
    kinds = connection.execute(
        "SELECT column_name, column_type FROM (DESCRIBE records)"
    ).fetchall()
    read = {*_columns_read(tables), _FETCHED}
    code = [
        hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(Path(__file__).parent.glob("*.py"))
    ]
    text = json.dumps(
        [
            FORMAT_VERSION,
            duckdb.__version__,
            code,
            tables.entity,
            tables.rules.source_priority,
            [
                [group.name, *tables.rules.strategies(tables.entity, group.name)]
                for group in GROUPS[tables.entity]
            ],
            sorted([name, kind] for name, kind in kinds if name in read),
            tracked,
        ]
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _contents(tables: Tables) -> dict[str, str]:
    """Digest both tables, so that marks are never used with other ones."""
    found: dict[str, str] = {}
    for name, path in (("golden", tables.golden), ("lineage", tables.lineage)):
        with path.open("rb") as handle:
            found[name] = hashlib.file_digest(handle, "sha256").hexdigest()
    return found


def _load(
    connection: duckdb.DuckDBPyConnection, tables: Tables, folder: Path, digest: str
) -> str | None:
    """Create `kept_marks`, or say why they cannot be used."""
    if any(
        custom_sql(strategy) is not None
        for group in GROUPS[tables.entity]
        for strategy in tables.rules.strategies(tables.entity, group.name)
    ):
        return "a rule in SQL may look at the clock"
    kept = read_pointer(folder, "marks")
    if isinstance(kept, str):
        return kept
    if kept.get("digest") != digest:
        return "the rules, the columns, the tracked fields or the software have changed"
    try:
        if _contents(tables) != {
            name: kept.get(name) for name in ("golden", "lineage")
        }:
            return "the golden records are not those of the last run"
        path = quote_literal(str(folder / f"marks-{kept.get('file')}.parquet"))
        connection.execute(
            f"CREATE TEMP TABLE kept_marks AS SELECT golden_id, {_MARK} "
            f"FROM read_parquet({path})"
        )
    except (OSError, duckdb.Error) as error:
        logger.warning("kept marks are damaged: %s", type(error).__name__)
        return "the kept marks or the golden records are damaged or missing"
    return None


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0
