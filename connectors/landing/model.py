"""Values that cross the border of the landing zone.

Belongs here: what a connector hands in (`SnapshotBatch`) and what it gets back
(`LoadResult`, `Manifest`, `SourceReport`). No I/O, no change capture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

import polars as pl

from connectors.errors import ConnectorError
from connectors.landing.schema import TypeHint
from connectors.usage import Usage

Frame: TypeAlias = pl.DataFrame | pl.LazyFrame | Sequence[Path]
Progress: TypeAlias = Callable[[str, int, int], None]
"""Called as `progress(label, done, total)`; labels hold file and object names only."""


class LoadMode(StrEnum):
    """Whether absence from a batch means that a record is gone."""

    FULL = "full"
    DELTA = "delta"


class DriftKind(StrEnum):
    """What changed in the shape of an object."""

    COLUMN_ADDED = "column_added"
    COLUMN_REMOVED = "column_removed"
    COLUMN_RETYPED = "column_retyped"
    PICKLIST_CHANGED = "picklist_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One input that rows of a load came from.

    `header` and `delimiter` say how its cells were told apart, so that a row that was set
    aside can be put together again when the file itself is gone.
    """

    name: str
    sha256: str
    bytes: int
    rows: int = 0
    member: str | None = None
    sheet: str | None = None
    header: tuple[str, ...] | None = None
    delimiter: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnInfo:
    """One data column of a load."""

    name: str
    source_header: str
    type_hint: TypeHint


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftEvent:
    """One change of shape, as recorded in the manifest of the load that showed it."""

    kind: DriftKind
    column: str
    before: str | None
    after: str | None
    source_type: str
    object: str
    source_name: str
    load_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredDrift:
    """A change of shape that the source itself declares and no value shows."""

    kind: DriftKind
    column: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCounts:
    """Where every row of a batch went.

    `rows_read = new + changed + unchanged + repeated + superseded + rejected +
    suppressed`; blank rows are counted beside it and tombstones are not read from any
    file. Suppressed rows are about people who were erased: only their number is known.
    """

    rows_read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    tombstoned: int = 0
    repeated: int = 0
    superseded: int = 0
    rejected: int = 0
    rejected_new: int = 0
    blank: int = 0
    suppressed: int = 0

    def __add__(self, other: LoadCounts) -> LoadCounts:
        """Counts of two loads together."""
        return LoadCounts(
            **{
                item.name: getattr(self, item.name) + getattr(other, item.name)
                for item in fields(self)
            }
        )

    @property
    def landed(self) -> int:
        """Rows that this load adds to the landing zone."""
        return self.new + self.changed + self.tombstoned


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotBatch:
    """All rows of one object of one source, as read at one moment.

    Attributes:
        source_type: `salesforce`, `hubspot` or `spreadsheet`.
        object: Folder name of the object, lower-case.
        source_name: Name of the source in the configuration.
        frame: Data columns (text, named by `slug_column`) plus `_source_record_id` and,
            where known, `_is_deleted`, `_delete_kind`, `_merged_into`, `_source_file`,
            `_source_line`. A lazy frame is streamed and never held in memory as a whole.
        extracted_at: When the snapshot was taken (aware, or naive UTC).
        rejected: Rows that could not be parsed: `_source_file`, `_source_line`,
            `reason_code`, `reason_detail`, `raw_text`.
        files: Inputs, for the manifest.
        mode: FULL turns known ids that are absent into tombstones.
        header_names: Data column name to header as seen in the file.
        order_by: Data columns that decide which of two rows with one id is newer (the
            greatest wins, as text); ties are won by the later row.
        blank_rows: Blank rows skipped while reading, for the counts.
        notes: Remarks for the manifest: counts and column names, never cell values.
        allow_empty: Accept a full snapshot without rows, which deletes every record.
        gone: Ids (`_source_record_id`) that the source is known to hold no longer,
            although the batch is a delta; those that are landed alive get a tombstone
            unless the batch has a row for them.
        type_hints: Types that the source declares, by column; they win over what the
            values look like, so that a delta of three rows shows no false drift.
        declared_drift: Changes that only the source can tell, such as of a picklist.
    """

    source_type: str
    object: str
    source_name: str
    frame: Frame
    extracted_at: datetime
    rejected: pl.DataFrame | None = None
    files: Sequence[SourceFile] = ()
    mode: LoadMode = LoadMode.FULL
    header_names: Mapping[str, str] = field(default_factory=dict)
    order_by: Sequence[str] = ()
    blank_rows: int = 0
    notes: Sequence[str] = ()
    allow_empty: bool = False
    gone: pl.DataFrame | pl.LazyFrame | None = None
    type_hints: Mapping[str, TypeHint] = field(default_factory=dict)
    declared_drift: Sequence[DeclaredDrift] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What one load holds and how it came about (`manifest.json` beside its rows)."""

    format_version: int
    load_id: str
    source_type: str
    object: str
    source_name: str
    extracted_at: datetime
    files: tuple[SourceFile, ...]
    mode: LoadMode
    counts: LoadCounts
    columns: tuple[ColumnInfo, ...]
    drift: tuple[DriftEvent, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """What became of one batch.

    `load_id` and `path` are None when nothing had changed, so that no load was written.
    """

    source_type: str
    object: str
    source_name: str
    counts: LoadCounts
    load_id: str | None = None
    path: Path | None = None
    drift: tuple[DriftEvent, ...] = ()

    @property
    def is_written(self) -> bool:
        """Whether a load was added."""
        return self.load_id is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """What one extraction of one source did; every connector returns it.

    `is_unchanged` means that the receipt recognised every input, so nothing was parsed.
    `usage` is what a live source cost; files have none. `skipped` names what could not
    be read this time, with the reason; everything else was. `errors` are those reasons
    that leave the source incomplete: not what its account could never show.
    """

    source_type: str
    source_name: str
    loads: tuple[LoadResult, ...] = ()
    files_read: int = 0
    is_unchanged: bool = False
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    usage: Usage | None = None
    skipped: tuple[str, ...] = ()
    errors: tuple[ConnectorError, ...] = ()

    @property
    def counts(self) -> dict[str, LoadCounts]:
        """Counts per object, over all loads of the extraction."""
        found: dict[str, LoadCounts] = {}
        for load in self.loads:
            found[load.object] = found.get(load.object, LoadCounts()) + load.counts
        return found
