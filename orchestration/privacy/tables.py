"""Searching and rewriting tables: Parquet files, DuckDB files, SQLite files.

Belongs here: which rows of a table are about a person, and the SQL that takes them out.
A row that exists because of the person goes. A row of the books (a fact) or of a company
stays and loses what names the person, so that sums stay what they were.
"""

from __future__ import annotations

import os
import re
import sqlite3
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from connectors.landing.suppression import ERASED, is_personal_column
from orchestration.privacy.needles import Needles
from orchestration.publishing.sql import literal, quote
from orchestration.publishing.views import read_views, write_view

KEPT_TABLES = frozenset(
    f"identity_{table}{part}"
    for table in ("events", "redirects", "runs")
    for part in ("", "_contact", "_account")
)
"""Tables of ids without any other data: an id that was used must never be used again."""

_CUSTOMER = "customer_id"
"""Revenue of nobody that is known belongs to the customer `unknown`, as marts have it."""

# Accepted: golden_contact_id, customer_id, source_record_key_l, old_id, entity_id.
_KEY = re.compile(
    r"(^|_)(golden_((contact|account)_)?id|customer_id|contact_id|person_id|"
    r"source_record_key|source_record_id|merged_into_key|entity_id|record_key)(_[lr])?$"
)
_STAYS = re.compile(
    r"^(fct_|dim_user)|account|compan|opportunit|deals|tickets|invoice|order"
)


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows that were removed, and rows that lost values and stayed."""

    removed: int = 0
    rewritten: int = 0

    def __add__(self, other: Counted) -> Counted:
        return Counted(self.removed + other.removed, self.rewritten + other.rewritten)

    def __bool__(self) -> bool:
        return bool(self.removed or self.rewritten)


@dataclass(frozen=True, slots=True)
class Plan:
    """How one table is searched and rewritten: fragments of SQL."""

    hit: str
    gone: str
    select: str


def plan_table(
    name: str, columns: Sequence[tuple[str, str]], needles: Needles
) -> Plan | None:
    """Say how a table is treated; None if it cannot hold text.

    Args:
        name: Name of the table.
        columns: Name and type of every column.
        needles: What to look for.
    """
    texts = [
        (column, kind)
        for column, kind in columns
        if kind == "VARCHAR" or not _is_plain(kind)
    ]
    if not texts or not (needles.words or needles.ids):
        return None
    # A pattern that matches nothing, where there is no word to look for.
    pattern = literal(needles.sql if needles.words else r"[^\s\S]")
    ids = "(" + (", ".join(map(literal, needles.ids)) or "NULL") + ")"
    keys = [
        column for column, kind in texts if kind == "VARCHAR" and _KEY.search(column)
    ]
    about = " OR ".join(f"{quote(key)} IN {ids}" for key in keys) or "false"
    about = f"coalesce({about}, false)"
    joined = ", ".join(f"{quote(column)}::VARCHAR" for column, _ in texts)
    mentioned = f"regexp_matches(concat_ws(chr(31), {joined}), {pattern})"
    if name in KEPT_TABLES:
        return Plan(f"({mentioned})", "false", _rewritten(texts, pattern, ids, "false"))
    hit = f"({about} OR {mentioned})"
    gone = "false" if _STAYS.match(name) else about
    return Plan(hit, gone, _rewritten(texts, pattern, ids, about))


def _rewritten(
    texts: Sequence[tuple[str, str]], pattern: str, ids: str, about: str
) -> str:
    parts = []
    for column, kind in texts:
        name = quote(column)
        if kind != "VARCHAR":
            value = (
                f"CASE WHEN regexp_matches({name}::VARCHAR, {pattern}) THEN NULL "
                f"ELSE {name} END"
            )
        else:
            other = f"regexp_replace({name}, {pattern}, {literal(ERASED)}, 'g')"
            # A cell that is nothing but the person becomes empty: no text stands for it.
            empty = f"{name} IN {ids} OR regexp_full_match({name}, {pattern})"
            if is_personal_column(column):
                empty += f" OR ({about})"
            gone = "'unknown'" if column == _CUSTOMER else "NULL"
            value = f"CASE WHEN {empty} THEN {gone} ELSE {other} END"
        parts.append(f"{value} AS {name}")
    return f"* REPLACE ({', '.join(parts)})"


def _is_plain(kind: str) -> bool:
    nested = "[" in kind or kind.startswith(("STRUCT", "MAP", "UNION", "JSON"))
    return not (nested or kind == "BLOB")


def describe(
    connection: duckdb.DuckDBPyConnection, relation: str
) -> list[tuple[str, str]]:
    """Name and type of every column of a relation."""
    rows = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return [(str(row[0]), str(row[1])) for row in rows]


def scrub_parquet(path: Path, needles: Needles, *, dry_run: bool = False) -> Counted:
    """Rewrite one exchanged table without the person; nothing if they are not in it."""
    relation = f"read_parquet({literal(str(path))}, hive_partitioning = false)"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        plan = plan_table(_table_of(path), describe(connection, relation), needles)
        if plan is None:
            return Counted()
        counted = _count(connection, relation, plan)
        if not counted or dry_run:
            return counted
        temporary = path.with_name(f".{path.name}.erasing")
        connection.execute(
            f"COPY ({_statement(relation, plan)}) TO {literal(str(temporary))} "
            "(FORMAT parquet, COMPRESSION zstd)"
        )
    _flush(temporary)
    temporary.replace(path)
    return counted


def scrub_database(
    origin: Path, target: Path, needles: Needles, *, storage: str
) -> Counted:
    """Copy a DuckDB file without the person: deleted rows would stay in the old file.

    Args:
        origin: The file; stays as it is.
        target: The new file, written only if there is something to take out.
        needles: What to take out.
        storage: DuckDB storage version of the new file.
    """
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"ATTACH {literal(str(origin))} AS old (READ_ONLY)")
        tables = _tables(connection)
        plans = {}
        total = Counted()
        for table in tables:
            relation = f"old.main.{quote(table)}"
            plan = plan_table(table, describe(connection, relation), needles)
            counted = _count(connection, relation, plan) if plan else Counted()
            if counted:
                plans[table] = plan
                total += counted
        if not total:
            return total
        target.unlink(missing_ok=True)
        connection.execute(
            f"ATTACH {literal(str(target))} AS fresh "
            f"(STORAGE_VERSION {literal(storage)})"
        )
        for table in tables:
            relation = f"old.main.{quote(table)}"
            plan = plans.get(table)
            select = _statement(relation, plan) if plan else f"SELECT * FROM {relation}"
            connection.execute(f"CREATE TABLE fresh.main.{quote(table)} AS {select}")
        _copy_comments(connection, tables)
        # Views hold no rows: over the new tables they show what is left.
        for view in read_views(connection, "old"):
            write_view(connection, "fresh", view)
        connection.execute("CHECKPOINT fresh")
        connection.execute("DETACH fresh")
    _flush(target)
    return total


def hits_in_parquet(path: Path, needles: Needles, *, words_only: bool = False) -> int:
    """Rows of a Parquet file that are about the person, or only those with a word."""
    if words_only:
        needles = Needles(needles.words, ())
    relation = f"read_parquet({literal(str(path))}, hive_partitioning = false)"
    with duckdb.connect() as connection:
        return _mentions(connection, relation, _table_of(path), needles)


def hits_in_database(path: Path, needles: Needles) -> int:
    """Rows of a DuckDB file that are about the person."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH {literal(str(path))} AS old (READ_ONLY)")
        return sum(
            _mentions(connection, f"old.main.{quote(table)}", table, needles)
            for table in _tables(connection)
        )


def scrub_sqlite(path: Path, needles: Needles, *, dry_run: bool = False) -> Counted:
    """Replace the words in every text of a SQLite file, and overwrite free pages."""

    def visit(connection: sqlite3.Connection, table: str, columns: list[str]) -> int:
        found = 0
        for column in columns:
            where = f"WHERE found({quote(column)})"
            name = quote(table)
            row = connection.execute(f"SELECT count(*) FROM {name} {where}").fetchone()
            found += row[0]
            if row[0] and not dry_run:
                connection.execute(
                    f"UPDATE {name} SET {quote(column)} = taken_out({quote(column)}) "
                    f"{where}"
                )
        return found

    count = _over_sqlite(path, needles, visit, clean=not dry_run)
    return Counted(0, count)


def hits_in_sqlite(path: Path, needles: Needles) -> int:
    """Cells of a SQLite file that hold any of the words, compressed ones included."""

    def visit(connection: sqlite3.Connection, table: str, columns: list[str]) -> int:
        tests = " + ".join(f"found({quote(column)})" for column in columns)
        row = connection.execute(
            f"SELECT coalesce(sum({tests}), 0) FROM {quote(table)}"
        ).fetchone()
        return int(row[0])

    return _over_sqlite(path, needles, visit, clean=False)


def _over_sqlite(
    path: Path,
    needles: Needles,
    visit: Callable[[sqlite3.Connection, str, list[str]], int],
    *,
    clean: bool,
) -> int:
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    try:
        connection.create_function("found", 1, lambda cell: _cell_found(cell, needles))
        connection.create_function(
            "taken_out", 1, lambda cell: _cell_out(cell, needles)
        )
        connection.execute("PRAGMA secure_delete = ON")
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' "
            "AND name NOT LIKE 'sqlite_%' ORDER BY name"
        ).fetchall()
        found = 0
        for (table,) in tables:
            columns = [
                row[1]
                for row in connection.execute(f"PRAGMA table_info({quote(table)})")
            ]
            found += visit(connection, table, columns)
        if found and clean:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return found
    finally:
        connection.close()


def _cell_found(cell: object, needles: Needles) -> int:
    if isinstance(cell, str):
        return int(needles.found_in(cell))
    if isinstance(cell, bytes):
        return int(needles.count_in_bytes(_inflated(cell)) > 0)
    return 0


def _cell_out(cell: Any, needles: Needles) -> Any:
    if isinstance(cell, str):
        return needles.taken_out(cell)
    if isinstance(cell, bytes):
        content = _inflated(cell)
        clean = needles.taken_out_of_bytes(content)
        return clean if content is cell else zlib.compress(clean)
    return cell


def _inflated(cell: bytes) -> bytes:
    try:
        return zlib.decompress(cell)
    except zlib.error:
        return cell


def _table_of(path: Path) -> str:
    return path.stem


def _tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'old' "
        "AND schema_name = 'main' ORDER BY table_name"
    ).fetchall()
    return [str(row[0]) for row in rows]


def _statement(relation: str, plan: Plan) -> str:
    return (
        f"SELECT {plan.select} FROM {relation} WHERE NOT ({plan.hit} AND {plan.gone})"
    )


def _count(connection: duckdb.DuckDBPyConnection, relation: str, plan: Plan) -> Counted:
    row = connection.execute(
        f"SELECT count(*) FILTER ({plan.gone}), count(*) FILTER (NOT {plan.gone}) "
        f"FROM {relation} WHERE {plan.hit}"
    ).fetchone()
    return Counted(int(row[0]), int(row[1])) if row else Counted()


def _mentions(
    connection: duckdb.DuckDBPyConnection, relation: str, name: str, needles: Needles
) -> int:
    columns = describe(connection, relation)
    plan = plan_table(name, columns, needles)
    if plan is None:
        return 0
    row = connection.execute(
        f"SELECT count(*) FROM {relation} WHERE {plan.hit}"
    ).fetchone()
    return int(row[0]) if row else 0


def _copy_comments(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[str]
) -> None:
    for table, text in connection.execute(
        "SELECT table_name, comment FROM duckdb_tables() "
        "WHERE database_name = 'old' AND comment IS NOT NULL"
    ).fetchall():
        connection.execute(
            f"COMMENT ON TABLE fresh.main.{quote(table)} IS {literal(text)}"
        )
    for table, column, text in connection.execute(
        "SELECT table_name, column_name, comment FROM duckdb_columns() "
        "WHERE database_name = 'old' AND comment IS NOT NULL "
        "AND list_contains($1::VARCHAR[], table_name)",
        [list(tables)],
    ).fetchall():
        connection.execute(
            f"COMMENT ON COLUMN fresh.main.{quote(table)}.{quote(column)} "
            f"IS {literal(text)}"
        )


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
