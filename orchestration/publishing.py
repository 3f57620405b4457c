"""Write, audit, swap: from the private warehouse to the file that analysts open.

The new file is built beside the old one, checked against the warehouse and only then
moved into place, so a reader sees the previous or the next snapshot and nothing
between. Knows DuckDB and the file system; knows no Dagster and no business rule.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from orchestration.errors import PublishError

STORAGE_VERSION = "v1.2.0"
"""Storage format of the published file: readable by DuckDB 1.2 and everything later."""

_PUBLICATION = """
create table pub.main.publication (
    run_id varchar not null,
    as_of_date date not null,
    published_at timestamp not null,
    tidycrm_version varchar not null,
    item_type varchar not null,
    item_name varchar not null,
    row_count bigint,
    watermark timestamp,
    synced_at timestamp,
    is_stale boolean not null,
    stale_since timestamp,
    stale_reason varchar
)
"""

_PUBLICATION_COMMENTS = {
    "run_id": "Run that published this file; the same id as in the Dagster UI.",
    "as_of_date": "Date up to which data count.",
    "published_at": "Instant of publication, UTC.",
    "tidycrm_version": "Version of tidycrm that published.",
    "item_type": "table: a published table; source: a landed object of a source.",
    "item_name": "Name of the table, or <source>/<object>.",
    "row_count": "Rows of the table; for a source, current rows incl. deleted ones.",
    "watermark": "For a source: extraction instant of its newest landed change, UTC.",
    "synced_at": "For a source: when it was last read completely, UTC.",
    "is_stale": "For a source: whether it could not be read for this publication, so "
    "that its data are those of synced_at.",
    "stale_since": "For a stale source: when it could first not be read, UTC.",
    "stale_reason": "For a stale source: code of the error, such as "
    "service_unavailable or credentials.",
}


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """One table to publish."""

    name: str
    relation: str
    """Quoted `schema.table` in the warehouse, or a Parquet path."""
    is_parquet: bool = False
    order_by: Sequence[str] = ()
    comments: Mapping[str, str] = field(default_factory=dict)
    """Column comments of a table that does not come from the warehouse."""


@dataclass(frozen=True, slots=True)
class SourceWatermark:
    """How far one landed object of one source reaches."""

    name: str
    row_count: int
    watermark: datetime | None
    synced_at: datetime | None = None
    stale_since: datetime | None = None
    stale_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """What one publication wrote."""

    file: Path
    run_id: str
    row_counts: Mapping[str, int]
    versions_kept: int


def quote(identifier: str) -> str:
    """Quote an SQL identifier.

    Example:
        >>> quote('a"b')
        '"a""b"'
    """
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote an SQL string literal, for the few statements that take no parameters.

    Example:
        >>> literal("it's")
        "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def publish(
    *,
    warehouse: Path,
    out: Path,
    tables: Sequence[PublishedTable],
    sources: Sequence[SourceWatermark],
    run_id: str,
    as_of: date,
    published_at: datetime,
    version: str,
    keep_versions: int,
    parquet: bool,
) -> Publication:
    """Publish the named tables as `crm.duckdb` (and Parquet) in `out`.

    Args:
        warehouse: The private database, opened read-only.
        out: Folder of the published file.
        tables: What to publish, in this order.
        sources: Watermarks that the `publication` table tells.
        run_id: Names the version.
        as_of: Date up to which the data count.
        published_at: Instant of the publication, UTC.
        version: Version of tidycrm.
        keep_versions: Files kept under `versions/`, this one included.
        parquet: Whether `parquet/<table>.parquet` is written as well.

    Raises:
        PublishError: The file written differs from the warehouse; nothing was swapped.
    """
    versions = out / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    remove_leftovers(out)
    building = out / f".building-{run_id}.duckdb"
    instant = published_at.replace(tzinfo=None)
    try:
        with _builder(warehouse, building) as connection:
            counts = {
                table.name: _copy(connection, table, warehouse.stem) for table in tables
            }
            _write_publication(
                connection,
                [
                    (run_id, as_of, instant, version, *item)
                    for item in _publication_items(counts, sources)
                ],
            )
            connection.execute("checkpoint pub")
        _audit(building, counts)
        # The Parquet copy and the kept version come first: once crm.duckdb is
        # swapped, everything that belongs to it is already there.
        if parquet:
            _publish_parquet(building, versions / f"parquet-{run_id}", out / "parquet")
        kept = versions / f"crm_{run_id}.duckdb"
        kept.unlink(missing_ok=True)
        os.link(building, kept)
        _flush(building)
        building.replace(out / "crm.duckdb")
        _flush(out)
    finally:
        building.unlink(missing_ok=True)
        building.with_suffix(".duckdb.wal").unlink(missing_ok=True)
    remaining = _prune(versions, keep_versions, current=run_id)
    return Publication(out / "crm.duckdb", run_id, counts, remaining)


def remove_leftovers(out: Path) -> None:
    """Delete what a killed publication left half-made."""
    for leftover in out.glob(".building-*"):
        leftover.unlink()


@contextmanager
def _builder(warehouse: Path, building: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    # Views in the warehouse name their catalog, which is the stem of its file.
    source = quote(warehouse.stem)
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {literal(str(warehouse))} as {source} (read_only)")
        connection.execute(
            f"attach {literal(str(building))} as pub "
            f"(storage_version {literal(STORAGE_VERSION)})"
        )
        yield connection
        connection.execute("detach pub")
        connection.execute(f"detach {source}")
    finally:
        connection.close()


def _copy(
    connection: duckdb.DuckDBPyConnection, table: PublishedTable, catalog: str
) -> int:
    if table.is_parquet:
        origin = f"read_parquet({literal(table.relation)})"
    else:
        origin = f"{quote(catalog)}.{table.relation}"
    order = ", ".join(quote(column) for column in table.order_by) or "all"
    connection.execute(
        f"create table pub.main.{quote(table.name)} as "
        f"select * from {origin} order by {order}"
    )
    if not table.is_parquet:
        _copy_comments(connection, table, catalog)
    for column, text in table.comments.items():
        connection.execute(
            f"comment on column pub.main.{quote(table.name)}.{quote(column)} "
            f"is {literal(text)}"
        )
    expected = _count(connection, origin)
    written = _count(connection, f"pub.main.{quote(table.name)}")
    if expected != written:
        raise PublishError(
            f"Publishing {table.name}: {expected} rows were expected from the "
            f"warehouse and {written} were written. Nothing was published; run "
            "`tidycrm sync` again, and report this if it comes back."
        )
    return written


def _copy_comments(
    connection: duckdb.DuckDBPyConnection, table: PublishedTable, catalog: str
) -> None:
    schema, name = (part.strip('"') for part in table.relation.split("."))
    target = f"pub.main.{quote(table.name)}"
    described = connection.execute(
        "select comment from ("
        "select database_name, schema_name, table_name, comment from duckdb_tables() "
        "union all "
        "select database_name, schema_name, view_name, comment from duckdb_views()) "
        "where database_name = ? and schema_name = ? and table_name = ? "
        "and comment is not null",
        [catalog, schema, name],
    ).fetchall()
    for (text,) in described:
        connection.execute(f"comment on table {target} is {literal(text)}")
    columns = connection.execute(
        "select column_name, comment from duckdb_columns() "
        "where database_name = ? and schema_name = ? and table_name = ? "
        "and comment is not null order by column_index",
        [catalog, schema, name],
    ).fetchall()
    for column, text in columns:
        connection.execute(
            f"comment on column {target}.{quote(column)} is {literal(text)}"
        )


def _publication_items(
    counts: Mapping[str, int], sources: Sequence[SourceWatermark]
) -> Iterator[tuple[object, ...]]:
    for name, rows in counts.items():
        yield "table", name, rows, None, None, False, None, None
    for source in sorted(sources, key=lambda each: each.name):
        yield (
            "source",
            source.name,
            source.row_count,
            _naive(source.watermark),
            _naive(source.synced_at),
            source.stale_since is not None,
            _naive(source.stale_since),
            source.stale_reason,
        )


def _naive(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC).replace(tzinfo=None)


def _write_publication(
    connection: duckdb.DuckDBPyConnection, rows: Sequence[tuple[object, ...]]
) -> None:
    connection.execute(_PUBLICATION)
    connection.executemany(
        f"insert into pub.main.publication values ({', '.join('?' * len(rows[0]))})",
        rows,
    )
    connection.execute(
        "comment on table pub.main.publication is 'One row per published table and "
        "per landed object of a source: what this file holds and how fresh it is.'"
    )
    for column, text in _PUBLICATION_COMMENTS.items():
        connection.execute(
            f"comment on column pub.main.publication.{column} is {literal(text)}"
        )


def _audit(building: Path, counts: Mapping[str, int]) -> None:
    """Open the finished file as an analyst would and compare every row count."""
    with duckdb.connect(str(building), read_only=True) as reader:
        for name, expected in counts.items():
            found = _count(reader, quote(name))
            if found != expected:
                raise PublishError(
                    f"Checking the new published file: table {name} has {found} rows, "
                    f"{expected} were written. The old file stays in place; the disk "
                    "may be full or failing."
                )


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0


def _publish_parquet(building: Path, folder: Path, link: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with duckdb.connect(str(building), read_only=True) as reader:
        names = [row[0] for row in reader.execute("show tables").fetchall()]
        for name in names:
            target = literal(str(folder / f"{name}.parquet"))
            reader.execute(
                f"copy {quote(name)} to {target} (format parquet, compression zstd)"
            )
    # A symbolic link is the only way to swap a folder in one step.
    pending = link.with_name(f".building-parquet-{folder.name}")
    pending.unlink(missing_ok=True)
    pending.symlink_to(Path("versions") / folder.name)
    if link.exists() and not link.is_symlink():
        shutil.rmtree(link)
    pending.replace(link)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _prune(versions: Path, keep: int, *, current: str) -> int:
    files = sorted(
        versions.glob("crm_*.duckdb"),
        key=lambda file: (file.stem == f"crm_{current}", file.stat().st_mtime_ns),
    )
    for outdated in files[:-keep]:
        outdated.unlink()
        run_id = outdated.stem.removeprefix("crm_")
        shutil.rmtree(versions / f"parquet-{run_id}", ignore_errors=True)
    return min(len(files), keep)
