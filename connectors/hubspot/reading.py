"""One snapshot of HubSpot files, read and ready to land.

Belongs here: what an export of HubSpot means: property names, record ids, archived and
merged records. Labels and recognition are in their own modules.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath

import polars as pl

from connectors.errors import ColumnMappingError, SourceFileError
from connectors.hubspot import recognition
from connectors.hubspot.config import HubspotFilesConfig
from connectors.hubspot.header import HeaderMapping, map_header
from connectors.hubspot.merges import MERGED_IDS, find_merges, mark_merged
from connectors.hubspot.reference import (
    RECORD_ID,
    SOURCE_TYPE,
    TIMEZONE_COLUMN,
)
from connectors.landing import DeleteKind
from connectors.snapshots import (
    FileDone,
    ObjectParts,
    Piece,
    PreparedSnapshot,
    Snapshot,
    open_pieces,
)
from connectors.tabular import (
    LINE,
    FileKind,
    ReadOptions,
    TableRead,
    detect_kind,
    read_delimited,
    read_workbook,
    reject_damaged_ids,
)

TABLE_SUFFIXES = frozenset({".csv", ".xlsx", ".xls"})
_ARCHIVED = "hs_archived"
_TRUE = ("true", "1", "yes")
_VERSION_ORDER = ("hs_lastmodifieddate", "lastmodifieddate")
# Accepted: "12345". Rejected: "12,345", "0x1F", "".
_RECORD_ID = r"^\d+$"
# A workbook cell that holds a number may come out as "12345.0".
_FLOAT_ID = r"^(\d+)\.0+$"
_SHOWN = 5


class SnapshotReader:
    """Reads snapshots of one source; see `connectors.snapshots.extract_snapshots`."""

    def __init__(self, config: HubspotFilesConfig, extracted_at: datetime) -> None:
        self._config = config
        self._extracted_at = extracted_at

    def __call__(
        self, snapshot: Snapshot, workdir: Path, file_done: FileDone
    ) -> PreparedSnapshot:
        """Read every file of a snapshot and merge the parts of each object."""
        parts: dict[str, ObjectParts] = {}
        notes: list[str] = []
        for file in snapshot.files:
            for piece in open_pieces(file, workdir, _is_table):
                for table in self._read_tables(piece, workdir):
                    notes += self._add_table(piece, table, parts)
            file_done(file.name)
        objects, warnings = [], []
        for name in sorted(parts):
            part = parts[name]
            frame = part.merge(_VERSION_ORDER, workdir)
            merges = find_merges(frame)
            if merges.undecided:
                part.notes.append(
                    f"{merges.undecided} merged ids name each other or several "
                    "survivors; they are not marked as merged"
                )
            frame = mark_merged(frame, merges)
            objects.append(
                part.to_prepared(frame, self._config, SOURCE_TYPE, self._extracted_at)
            )
            warnings += part.warnings
            notes += [f"{name}: {note}" for note in part.notes]
        if not objects:
            notes.append(
                f"folder {snapshot.directory!r}: no file holds records of a wanted object"
            )
        return PreparedSnapshot(
            objects=tuple(objects),
            files_read=len(snapshot.files),
            notes=tuple(notes),
            warnings=tuple(warnings),
        )

    def _read_tables(self, piece: Piece, workdir: Path) -> list[TableRead]:
        kind = detect_kind(piece.path)
        options = ReadOptions(
            encoding=self._config.encoding,
            header_row=1,
            header_rows=1,
            fill_merged=False,
            error_cells_to_null=kind is FileKind.WORKBOOK,
            find_footers=False,
        )
        if kind is FileKind.WORKBOOK:
            return read_workbook(piece.path, options, name=piece.label, workdir=workdir)
        if kind is FileKind.DELIMITED:
            return [
                read_delimited(piece.path, options, name=piece.label, workdir=workdir)
            ]
        raise SourceFileError(
            f"reading {piece.label}: its content is {kind}, not the CSV or XLSX that its "
            "name says; export it again from HubSpot"
        )

    def _add_table(
        self, piece: Piece, table: TableRead, parts: dict[str, ObjectParts]
    ) -> Iterator[str]:
        label = piece.label if table.sheet is None else f"{piece.label} ({table.sheet})"
        header = [column.header.strip() for column in table.header.columns]
        object_name = recognition.mapped_object(piece.match_names, self._config.objects)
        if object_name is None:
            zip_stem = PurePosixPath(piece.file.name).stem
            object_name, notes = recognition.decide_object(
                label, f"{zip_stem} {piece.stem}", header, self._config.language
            )
            yield from notes
        mapping = map_header(
            header,
            object_name,
            label=label,
            language=self._config.language,
            columns=self._config.columns,
        )
        if RECORD_ID not in mapping.names:
            shown = ", ".join(repr(text) for text in header[:_SHOWN])
            raise ColumnMappingError(
                f"reading {label}: it has no Record ID column (found {len(header)} "
                f"columns: {shown}; labels read as {mapping.language}). Export it with "
                "Record ID, or name the column with "
                f"`columns: {{<label>: {RECORD_ID}}}`"
            )
        part = parts.setdefault(object_name, ObjectParts(object_name))
        part.notes += [f"{label}: {note}" for note in mapping.notes]
        self._add_rows(piece, table, mapping, header, part)

    def _add_rows(
        self,
        piece: Piece,
        table: TableRead,
        mapping: HeaderMapping,
        header: list[str],
        part: ObjectParts,
    ) -> None:
        names = list(mapping.names)
        id_column = table.header.names[names.index(RECORD_ID)]
        table = reject_damaged_ids(table, [id_column])
        renamed = dict(zip(table.header.names, names, strict=True))
        frame = table.frame.rename(renamed).with_columns(
            pl.col(name).str.strip_chars().str.replace(_FLOAT_ID, "$1")
            for name in names
            if _holds_ids(name)
        )
        is_valid = pl.col(RECORD_ID).str.contains(_RECORD_ID).fill_null(False)
        bad = frame.select((~is_valid).sum()).collect().item()
        usable = frame.filter(is_valid).select(
            *names,
            pl.lit(self._config.timezone, dtype=pl.String).alias(TIMEZONE_COLUMN),
            *_metadata_columns(names, piece.label),
        )
        headers = dict(zip(names, header, strict=True))
        part.add_table(piece, table, usable, headers)
        if bad:
            detail = "Record ID is not a whole number"
            part.reject_ids(piece, frame.filter(~is_valid), names, detail)


def _is_table(member: str) -> bool:
    path = PurePosixPath(member)
    return path.suffix.lower() in TABLE_SUFFIXES and not path.name.startswith(
        (".", "~$")
    )


def _holds_ids(name: str) -> bool:
    is_association = name.startswith("associated") and "id" in name
    return name in (RECORD_ID, MERGED_IDS, "hs_parent_company_id") or is_association


def _metadata_columns(names: list[str], label: str) -> list[pl.Expr]:
    flag = pl.lit(False)
    if _ARCHIVED in names:
        text = pl.col(_ARCHIVED).str.strip_chars().str.to_lowercase()
        flag = text.is_in(_TRUE).fill_null(False)
    return [
        pl.col(RECORD_ID).alias("_source_record_id"),
        flag.alias("_is_deleted"),
        pl.when(flag).then(pl.lit(DeleteKind.SOFT.value)).alias("_delete_kind"),
        pl.lit(None, dtype=pl.String).alias("_merged_into"),
        pl.lit(label).alias("_source_file"),
        pl.col(LINE).alias("_source_line"),
    ]
