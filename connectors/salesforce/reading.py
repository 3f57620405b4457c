"""One snapshot of Salesforce files, read and ready to land.

Belongs here: what a CSV of Salesforce means: field names, ids, deletions and merges, and
which rows cannot be used. Recognition is in `recognition`, landing in `landing`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

import polars as pl

from connectors.errors import SourceFileError
from connectors.landing import (
    LoadMode,
    slug_column,
    unique_names,
)
from connectors.salesforce import recognition
from connectors.salesforce.config import SalesforceFilesConfig
from connectors.salesforce.ids import (
    ID_PATTERN,
    checksum_expression,
    is_record_id,
)
from connectors.salesforce.records import data_columns, identity_columns
from connectors.salesforce.reference import SOURCE_TYPE
from connectors.snapshots import (
    FileDone,
    ObjectParts,
    Piece,
    PreparedSnapshot,
    Snapshot,
    count_members,
    is_zip,
    open_pieces,
)
from connectors.tabular import LINE, ReadOptions, TableRead, read_delimited

_VERSION_ORDER = ("systemmodstamp", "lastmodifieddate")
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _IdFacts:
    """What the ids of one table are like."""

    bad: int
    short: int
    mismatched: int


class SnapshotReader:
    """Reads snapshots of one source; see `connectors.snapshots.extract_snapshots`."""

    def __init__(self, config: SalesforceFilesConfig, extracted_at: datetime) -> None:
        self._config = config
        self._extracted_at = extracted_at

    def __call__(
        self, snapshot: Snapshot, workdir: Path, file_done: FileDone
    ) -> PreparedSnapshot:
        """Read every file of a snapshot and merge the parts of each object."""
        if self._config.mode is LoadMode.FULL:
            recognition.check_data_export(
                [file.path.name for file in snapshot.files], snapshot.directory
            )
        parts: dict[str, ObjectParts] = {}
        notes: list[str] = []
        for file in snapshot.files:
            if is_zip(file):
                _, others = count_members(file, self._is_wanted(file.path.name))
                if others:
                    notes.append(
                        f"{file.name}: {others} members left aside (attachments, other "
                        "files, objects that are not wanted)"
                    )
            wanted = self._is_wanted(file.path.name)
            for piece in open_pieces(file, workdir, wanted):
                notes += self._read_piece(piece, parts, workdir)
            file_done(file.name)
        objects, warnings = [], []
        for name in sorted(parts):
            part = parts[name]
            frame = part.merge(_VERSION_ORDER, workdir)
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

    def _is_wanted(self, zip_name: str) -> _MemberFilter:
        return _MemberFilter(self._config, recognition.is_data_export(zip_name))

    def _read_piece(
        self, piece: Piece, parts: dict[str, ObjectParts], workdir: Path
    ) -> Iterator[str]:
        table = read_delimited(
            piece.path,
            ReadOptions(
                encoding=self._config.encoding,
                header_row=1,
                header_rows=1,
                error_cells_to_null=False,
                find_footers=False,
            ),
            name=piece.label,
            workdir=workdir,
        )
        headers = [column.header.strip() for column in table.header.columns]
        names = unique_names(
            slug_column(header, position) for position, header in enumerate(headers, 1)
        )
        if recognition.is_status_file(
            piece.stem, [header.lower() for header in headers], _last_values(table)
        ):
            yield f"{piece.label}: left aside, a success or error file of a data load"
            return
        table_names = table.header.names
        frame = table.frame.rename(dict(zip(table_names, names, strict=True)))
        object_name = self._recognise(piece, frame, names)
        if not self._config.wants(object_name):
            yield f"{piece.label}: left aside, {object_name} is not wanted"
            return
        part = parts.setdefault(object_name, ObjectParts(object_name))
        slugs = [slug_column(header, at) for at, header in enumerate(headers, 1)]
        repeated = [
            f"{header!r} as {name}"
            for name, slug, header in zip(names, slugs, headers, strict=True)
            if name != slug
        ]
        if repeated:
            part.notes.append(f"{piece.label}: repeated columns {', '.join(repeated)}")
        self._add_rows(
            piece, table, frame, dict(zip(names, headers, strict=True)), part
        )

    def _recognise(self, piece: Piece, frame: pl.LazyFrame, names: list[str]) -> str:
        mapped = recognition.mapped_object(piece.match_names, self._config.objects)
        if "id" not in names:
            raise SourceFileError(
                f"reading {piece.label}: it has no Id column (found {len(names)} columns"
                f"{': ' + ', '.join(names[:_SHOWN]) if names else ''}). Export it with "
                "Id; a report export belongs to a source of type spreadsheet"
            )
        if mapped is not None:
            return mapped
        zip_name = PurePosixPath(piece.file.name).name
        if piece.member is not None and recognition.is_data_export(zip_name):
            named = recognition.object_of_member(piece.member)
            if named is not None:
                return named
        prefixes = _count_prefixes(frame)
        return recognition.decide_object(
            piece.label,
            by_name=recognition.object_of_name(piece.stem),
            by_ids=recognition.object_of_ids(prefixes, names),
            prefixes=prefixes,
        )

    @staticmethod
    def _add_rows(
        piece: Piece,
        table: TableRead,
        frame: pl.LazyFrame,
        headers: dict[str, str],
        part: ObjectParts,
    ) -> None:
        names = list(headers)
        facts = _id_facts(frame)
        if facts.short:
            part.notes.append(
                f"{piece.label}: {facts.short} ids of 15 characters converted to 18"
            )
        if facts.mismatched:
            part.notes.append(
                f"{piece.label}: {facts.mismatched} ids fail their checksum; a tool may "
                "have changed the case of letters"
            )
        is_valid = pl.col("id").str.strip_chars().str.contains(ID_PATTERN)
        is_valid = is_valid.fill_null(False)
        usable = frame.filter(is_valid).select(
            *data_columns(names, has_short_ids=facts.short > 0),
            *identity_columns(names, has_short_ids=facts.short > 0),
            pl.lit(piece.label).alias("_source_file"),
            pl.col(LINE).alias("_source_line"),
        )
        part.add_table(piece, table, usable, headers)
        if facts.bad:
            detail = "Id is not 15 or 18 letters and digits"
            part.reject_ids(piece, frame.filter(~is_valid), names, detail)


@dataclass(frozen=True, slots=True)
class _MemberFilter:
    """Chooses the CSV members of a ZIP that hold wanted records."""

    config: SalesforceFilesConfig
    is_data_export: bool

    def __call__(self, member: str) -> bool:
        path = PurePosixPath(member)
        if path.suffix.lower() != ".csv" or path.name.startswith("."):
            return False
        # Attachments carry their record id as name, in folders of their own.
        if is_record_id(path.stem) and path.stem[0].isdigit():
            return False
        if not self.is_data_export:
            return True
        mapped = recognition.mapped_object([member, path.name], self.config.objects)
        named = mapped or recognition.object_of_member(member)
        return named is None or self.config.wants(named)


def _last_values(table: TableRead) -> list[str]:
    last = table.header.names[-1]
    sample = table.frame.select(last).head(50).collect()[last]
    return [value for value in sample.to_list() if value is not None]


def _count_prefixes(frame: pl.LazyFrame) -> dict[str, int]:
    ids = pl.col("id").str.strip_chars()
    counted = (
        frame.select(ids)
        .filter(pl.col("id").str.contains(ID_PATTERN))
        .group_by(pl.col("id").str.slice(0, 3).alias("prefix"))
        .len()
        .collect()
    )
    return dict(zip(counted["prefix"].to_list(), counted["len"].to_list(), strict=True))


def _id_facts(frame: pl.LazyFrame) -> _IdFacts:
    ids = pl.col("id").str.strip_chars()
    is_valid = ids.str.contains(ID_PATTERN).fill_null(False)
    is_long = is_valid & (ids.str.len_bytes() > 15)
    differs = checksum_expression(ids) != ids.str.slice(15)
    bad, short, mismatched = (
        frame.select(
            (~is_valid).sum().alias("bad"),
            (is_valid & (ids.str.len_bytes() == 15)).sum().alias("short"),
            (is_long & differs).sum().alias("mismatched"),
        )
        .collect()
        .row(0)
    )
    return _IdFacts(bad=bad, short=short, mismatched=mismatched)
