"""One object of a snapshot, put together from the tables that hold parts of it.

Belongs here: collecting rows, rejects and remarks, and turning them into a batch. What
makes a row usable is the vendor's decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from connectors.errors import SourceFileError
from connectors.landing import REJECTED_INPUT, LoadMode, SnapshotBatch, SourceFile
from connectors.snapshots.config import SnapshotFilesConfig
from connectors.snapshots.extraction import PreparedObject
from connectors.snapshots.pieces import Piece
from connectors.snapshots.versions import raw_text_expression, resolve_versions
from connectors.tabular import LINE, NoteCode, TableRead

BAD_RECORD_ID = "bad_record_id"


@dataclass(slots=True)
class ObjectParts:
    """What the tables of a snapshot hold of one object, as they are read."""

    object_name: str
    frames: list[pl.LazyFrame] = field(default_factory=list)
    rejected: list[pl.DataFrame] = field(default_factory=list)
    files: list[SourceFile] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    rows: int = 0
    blank_rows: int = 0
    has_unreadable_rows: bool = False

    def add_table(
        self,
        piece: Piece,
        table: TableRead,
        frame: pl.LazyFrame,
        headers: dict[str, str],
    ) -> None:
        """Add the usable rows of one table.

        Args:
            piece: Where the table comes from.
            table: The table as read: its rejects, blank rows and remarks count.
            frame: Data columns and metadata of the usable rows.
            headers: Column name to header as in the file.
        """
        if not table.rejected.is_empty():
            self.rejected.append(
                table.rejected.select(
                    pl.lit(piece.label).alias("_source_file"),
                    pl.col(LINE).alias("_source_line"),
                    "reason_code",
                    "reason_detail",
                    "raw_text",
                )
            )
        for name, header in headers.items():
            self.headers.setdefault(name, header)
        self.frames.append(frame)
        self.files.append(piece.source_file(table.rows + table.rejected.height, table))
        self.rows += table.rows
        self.blank_rows += table.blank_rows
        # Vendors report repeated columns themselves, under the names that land.
        self.notes += [
            f"{piece.label}: {note}"
            for note in table.notes
            if note.code is not NoteCode.DUPLICATE_HEADER
        ]

    def reject_ids(
        self,
        piece: Piece,
        rows: pl.LazyFrame,
        names: Sequence[str],
        detail: str,
    ) -> None:
        """Set rows of a table aside that have no usable record id."""
        rejected = rows.select(
            pl.lit(piece.label).alias("_source_file"),
            pl.col(LINE).alias("_source_line"),
            pl.lit(BAD_RECORD_ID).alias("reason_code"),
            pl.lit(detail).alias("reason_detail"),
            raw_text_expression(names),
        ).collect()
        self.rejected.append(rejected)
        self.rows -= rejected.height

    def merge(self, order_by: Sequence[str], workdir: Path) -> pl.LazyFrame:
        """Put the parts together and keep the newest version of each record."""
        frame = pl.concat(self.frames, how="diagonal")
        unreadable = sum(rejects.height for rejects in self.rejected)
        if unreadable and not self.rows:
            files = ", ".join(file.member or file.name for file in self.files)
            raise SourceFileError(
                f"reading {self.object_name} from {files}: none of {unreadable} rows has "
                "a usable record id; expected an export of records. Check the delimiter, "
                "the encoding and the id column"
            )
        frame, superseded = resolve_versions(frame, order_by, workdir)
        self.has_unreadable_rows = unreadable > 0
        if unreadable:
            self.warnings.append(
                f"{self.object_name}: {unreadable} rows could not be read and were set "
                "aside; because a missing record may be among them, no record was marked "
                "as deleted"
            )
        if superseded.height:
            self.notes.append(
                f"{superseded.height} older versions of records superseded and set aside"
            )
            self.rejected.append(superseded)
            self.rows -= superseded.height
        return frame

    def to_prepared(
        self,
        frame: pl.LazyFrame,
        config: SnapshotFilesConfig,
        source_type: str,
        extracted_at: datetime,
    ) -> PreparedObject:
        """Make the batch; rows that could not be read forbid to infer deletions."""
        batch = SnapshotBatch(
            source_type=source_type,
            object=self.object_name,
            source_name=config.name,
            frame=frame,
            extracted_at=extracted_at,
            rejected=_concat_rejected(self.rejected),
            files=tuple(self.files),
            mode=LoadMode.DELTA if self.has_unreadable_rows else config.mode,
            header_names=self.headers,
            blank_rows=self.blank_rows,
            notes=tuple(self.notes),
            allow_empty=config.allow_empty,
        )
        return PreparedObject(batch=batch, rows=self.rows)


def _concat_rejected(rejected: Sequence[pl.DataFrame]) -> pl.DataFrame:
    empty = pl.DataFrame(schema=REJECTED_INPUT)
    return pl.concat([empty, *(each.select(list(REJECTED_INPUT)) for each in rejected)])
