"""Write, audit, swap: from the private warehouse to the file that analysts open.

The new file is built beside the old one, checked against the warehouse and only then
moved into place, so a reader sees the previous or the next snapshot and nothing
between. Knows DuckDB and the file system; knows no Dagster and no business rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import duckdb

from orchestration.errors import PublishError
from orchestration.publishing import versions
from orchestration.publishing.contract import check_contract
from orchestration.publishing.facts import (
    SourceWatermark,
    publication_items,
    write_publication,
)
from orchestration.publishing.masking import Masking, write_masked
from orchestration.publishing.sql import literal, quote
from orchestration.publishing.views import View, published_query, write_view

STORAGE_VERSION = "v1.2.0"
"""Storage format of the published file: readable by DuckDB 1.2 and everything later."""


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """One table to publish, or one view over published tables."""

    name: str
    relation: str
    """Quoted `schema.table` in the warehouse, or a Parquet path."""
    is_parquet: bool = False
    order_by: Sequence[str] = ()
    description: str = ""
    """What one row is, of a table that does not come from the warehouse."""
    comments: Mapping[str, str] = field(default_factory=dict)
    """Column comments of such a table."""
    is_view: bool = False
    """Computed when it is read: its rows are neither written nor counted."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What one publication wrote."""

    file: Path
    run_id: str
    row_counts: Mapping[str, int]
    versions_kept: int
    views: Sequence[str] = ()
    held_at: str | None = None
    """The older version that stays in place because somebody rolled back to it."""


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
    contract_version: int = 1,
    masking: Masking | None = None,
) -> Publication:
    """Publish the named tables and views as `crm.duckdb` (and Parquet) in `out`.

    While an older version is pinned, the new one is only kept beside it.

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
        contract_version: Version of the tables' shape that the configuration declares.
        masking: How `crm_masked.duckdb` is made; None writes none.

    Raises:
        PublishError: The file written differs from the warehouse, or its tables lack
            what analysts rely on; nothing was swapped.
    """
    kept = versions.Shelf(out)
    kept.folder.mkdir(parents=True, exist_ok=True)
    remove_leftovers(out)
    building = out / f".building-{run_id}.duckdb"
    masked = out / f".building-masked-{run_id}.duckdb"
    instant = published_at.replace(tzinfo=None)
    try:
        with _builder(warehouse, building) as connection:
            described = _described(connection, warehouse.stem)
            counts = {
                table.name: _copy(connection, table, warehouse.stem, described)
                for table in tables
                if not table.is_view
            }
            views = _create_views(connection, tables, warehouse.stem, described)
            write_publication(
                connection,
                [
                    (run_id, as_of, instant, version, contract_version, *item)
                    for item in publication_items(counts, views, sources)
                ],
            )
            connection.execute("checkpoint pub")
        _audit(building, counts, views)
        check_contract(kept.current, building, declared=contract_version)
        if masking is not None:
            write_masked(building, masked, masking, storage=STORAGE_VERSION)
            _audit(masked, counts, views)
        pin = kept.pin
        # The version with all that belongs to it is kept first; the swap comes last.
        kept.keep(run_id, building, masked if masking else None, parquet=parquet)
        if pin is None:
            kept.show(run_id)
    finally:
        for leftover in (building, masked):
            leftover.unlink(missing_ok=True)
            leftover.with_suffix(".duckdb.wal").unlink(missing_ok=True)
    remaining = kept.prune(keep_versions, newest=run_id)
    file = kept.file(run_id) if pin else kept.current
    return Publication(
        file, run_id, counts, remaining, views, pin.version if pin else None
    )


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
    connection: duckdb.DuckDBPyConnection,
    table: PublishedTable,
    catalog: str,
    described: Mapping[str, Sequence[tuple[str | None, str]]],
) -> int:
    if table.is_parquet:
        origin = f"read_parquet({literal(table.relation)})"
    else:
        origin = f"{quote(catalog)}.{table.relation}"
    order = ", ".join(quote(column) for column in table.order_by) or "all"
    target = f"pub.main.{quote(table.name)}"
    comments = [*described.get(table.relation, ()), *table.comments.items()]
    if table.description:
        comments.append((None, table.description))
    # One transaction, because every commit waits for the disk.
    connection.execute(
        "; ".join(
            [
                "begin",
                f"create table {target} as select * from {origin} order by {order}",
                *(
                    f"comment on {'table' if column is None else 'column'} {target}"
                    f"{'' if column is None else '.' + quote(column)} "
                    f"is {literal(text)}"
                    for column, text in comments
                ),
                "commit",
            ]
        )
    )
    expected = _count(connection, origin)
    written = _count(connection, target)
    if expected != written:
        raise PublishError(
            f"Publishing {table.name}: {expected} rows were expected from the "
            f"warehouse and {written} were written. Nothing was published; run "
            "`tidycrm sync` again, and report this if it comes back."
        )
    return written


def _create_views(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[PublishedTable],
    catalog: str,
    described: Mapping[str, Sequence[tuple[str | None, str]]],
) -> list[str]:
    """Create the views, after the tables that they read; return their names."""
    published = {
        table.relation: table.name
        for table in tables
        if not table.is_view and not table.is_parquet
    }
    views = [table for table in tables if table.is_view]
    for view in views:
        query = published_query(connection, catalog, view.relation, published)
        comments = described.get(view.relation, ())
        write_view(connection, "pub", View(view.name, query, comments))
    return [view.name for view in views]


def _described(
    connection: duckdb.DuckDBPyConnection, catalog: str
) -> dict[str, list[tuple[str | None, str]]]:
    """Comments by quoted `schema.table`: column name, or None for the table, and text.

    All at once: DuckDB walks every catalog for each question about its columns.
    """
    rows = connection.execute(
        "select schema_name, table_name, column_name, comment from ("
        "select database_name, schema_name, table_name, null as column_name, comment, "
        "0 as position from duckdb_tables() union all "
        "select database_name, schema_name, view_name, null, comment, 0 "
        "from duckdb_views() union all "
        "select database_name, schema_name, table_name, column_name, comment, "
        "column_index from duckdb_columns()) "
        "where database_name = ? and comment is not null order by all",
        [catalog],
    ).fetchall()
    found: dict[str, list[tuple[str | None, str]]] = {}
    for schema, table, column, text in rows:
        relation = f"{quote(schema)}.{quote(table)}"
        found.setdefault(relation, []).append((column, text))
    return found


def _audit(building: Path, counts: Mapping[str, int], views: Sequence[str]) -> None:
    """Open the finished file as an analyst would and compare every row count.

    Of a view it is enough that it finds its tables: counting could take longer than all
    the rest, and its rows are those of tables that were counted.
    """
    with duckdb.connect(str(building), read_only=True) as reader:
        for name, expected in counts.items():
            found = _count(reader, quote(name))
            if found != expected:
                raise PublishError(
                    f"Checking the new published file: table {name} has {found} rows, "
                    f"{expected} were written. The old file stays in place; the disk "
                    "may be full or failing."
                )
        for name in views:
            try:
                reader.execute(f"select * from {quote(name)} limit 0")
            except duckdb.Error as error:
                raise PublishError(
                    f"Checking the new published file: the view {name} cannot be read "
                    f"({type(error).__name__}). The old file stays in place; report "
                    "this."
                ) from None


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0
