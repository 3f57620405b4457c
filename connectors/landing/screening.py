"""What a batch may not bring into the landing zone: erased people, text past its time.

Belongs here: the screen that every batch passes before it is compared with what is
landed, and the same screen for files that are landed already. What is on the suppression
list is in `suppression`; how files are rewritten is in `scrubbing`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from connectors.landing.capture import ROW_GROUP, quote_identifier, row_hash_expression
from connectors.landing.incoming import Incoming
from connectors.landing.model import SnapshotBatch
from connectors.landing.schema import METADATA_SCHEMA
from connectors.landing.scrubbing import scrub_parquet, scrub_rejects
from connectors.landing.suppression import Origin, Suppression

# Accepted as a day: "2024-05-01", "2024-05-01T10:00:00Z".
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TEXT = re.compile(r"^(description|content|comments?|body|notes?|hs_.*_body|.*_text)$")

TEXT_OF_ACTIVITIES: Mapping[str, tuple[str, ...]] = {
    "task": ("activitydate", "createddate"),
    "event": ("activitydate", "createddate"),
    "case": ("closeddate", "createddate"),
    "tickets": ("closed_date", "createdate"),
    "calls": ("hs_timestamp", "createdate"),
    "emails": ("hs_timestamp", "createdate"),
    "meetings": ("hs_timestamp", "createdate"),
    "notes": ("hs_timestamp", "createdate"),
    "tasks": ("hs_timestamp", "hs_createdate"),
    "communications": ("hs_timestamp", "hs_createdate"),
}
"""Objects with text about people, and the columns that tell how old it is, best first."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What may not be landed.

    Attributes:
        suppression: Who was erased; none if nobody was.
        text_since: Running text of activities before this day is left out; none keeps
            all.
    """

    suppression: Suppression = field(
        default_factory=lambda: Suppression("", frozenset())
    )
    text_since: date | None = None

    def __bool__(self) -> bool:
        return bool(self.suppression) or self.text_since is not None


def screen_incoming(
    incoming: Incoming, batch: SnapshotBatch, screen: Screen, work: Path
) -> Incoming:
    """Take out of a batch what may not be landed; `suppressed` counts the rows."""
    if not screen:
        return incoming
    origin = Origin(batch.source_type, batch.object, batch.source_name)
    target = work / "screened.parquet"
    done = scrub_parquet(
        incoming.path, target, origin, screen.suppression, renumber=True
    )
    if done:
        target.replace(incoming.path)
    if clear_old_text(incoming.path, target, origin, screen.text_since):
        target.replace(incoming.path)
    rejected, dropped = scrub_rejects(incoming.rejected, screen.suppression)
    return replace(
        incoming,
        rows=incoming.rows - done.removed,
        rejected=rejected,
        suppressed=done.removed + dropped,
    )


def clear_old_text(path: Path, target: Path, origin: Origin, since: date | None) -> int:
    """Write a file of rows without the running text of old activities.

    Args:
        path: Landed or incoming rows.
        target: Written only if some row has text that is too old.
        origin: Where the rows are from.
        since: First day whose text stays.

    Returns:
        Rows whose text was left out.
    """
    ages = TEXT_OF_ACTIVITIES.get(origin.object)
    if since is None or ages is None:
        return 0
    schema = pl.read_parquet_schema(path)
    data = [name for name in schema if name not in METADATA_SCHEMA]
    texts = [quote_identifier(name) for name in data if _TEXT.match(name)]
    days = [quote_identifier(name) for name in ages if name in data]
    if not texts or not days:
        return 0
    day = f"coalesce({', '.join(days)})"
    # Days are compared as text: a day that is written in another way keeps its text.
    old = f"(regexp_matches({day}, '{_DAY}') AND {day}[1:10] < '{since.isoformat()}')"
    filled = f"({' OR '.join(f'{name} IS NOT NULL' for name in texts)})"
    # The folders are named like partitions, which would hide a column `source`.
    origin_sql = f"read_parquet('{_escaped(path)}', hive_partitioning = false)"
    with duckdb.connect() as connection:
        row = connection.execute(
            f"SELECT count(*) FROM {origin_sql} WHERE {old} AND {filled}"
        ).fetchone()
        count = int(row[0]) if row else 0
        if not count:
            return 0
        cleared = ", ".join(
            f"CASE WHEN {old} THEN NULL ELSE {name} END AS {name}" for name in texts
        )
        rows = f"SELECT * REPLACE ({cleared}) FROM {origin_sql}"
        if "_row_hash" in schema:
            fresh = row_hash_expression(data)
            rows = f"SELECT * REPLACE ({fresh} AS _row_hash) FROM ({rows})"
        connection.execute(
            f"COPY ({rows} ORDER BY _load_seq) TO '{_escaped(target)}' "
            f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"
        )
    return count


def _escaped(path: Path) -> str:
    return str(path).replace("'", "''")
