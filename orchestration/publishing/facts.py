"""The table `publication`: what a published file holds, and how fresh it is.

Belongs here: its shape, its comments, and the state of sources that it tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from orchestration.publishing.sql import literal

_PUBLICATION = """
create table pub.main.publication (
    run_id varchar not null,
    as_of_date date not null,
    published_at timestamp not null,
    tidycrm_version varchar not null,
    contract_version integer not null,
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
    "contract_version": "Version of the tables' shape: it grows when a column goes or "
    "changes its type (publish.contract_version in tidycrm.yml).",
    "item_type": "table: a published table; view: computed from tables when it is "
    "read; source: a landed object of a source.",
    "item_name": "Name of the table or view, or <source>/<object>.",
    "row_count": "Rows of the table; for a source, current rows incl. deleted ones; "
    "empty for a view, whose rows nobody counts.",
    "watermark": "For a source: extraction instant of its newest landed change, UTC.",
    "synced_at": "For a source: when it was last read completely, UTC.",
    "is_stale": "For a source: whether it could not be read for this publication, so "
    "that its data are those of synced_at.",
    "stale_since": "For a stale source: when it could first not be read, UTC.",
    "stale_reason": "For a stale source: code of the error, such as "
    "service_unavailable or credentials.",
}


@dataclass(frozen=True, slots=True)
class SourceWatermark:
    """How far one landed object of one source reaches."""

    name: str
    row_count: int
    watermark: datetime | None
    synced_at: datetime | None = None
    stale_since: datetime | None = None
    stale_reason: str | None = None


def publication_items(
    counts: Mapping[str, int],
    views: Sequence[str],
    sources: Sequence[SourceWatermark],
) -> Iterator[tuple[object, ...]]:
    """Columns of `publication` from item_type on: tables, views, then sources."""
    for name, rows in counts.items():
        yield "table", name, rows, None, None, False, None, None
    for name in views:
        yield "view", name, None, None, None, False, None, None
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


def write_publication(
    connection: duckdb.DuckDBPyConnection, rows: Sequence[tuple[object, ...]]
) -> None:
    """Create and fill `publication` in the database attached as `pub`."""
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
