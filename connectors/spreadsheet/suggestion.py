"""What a file looks like to this connector, for people who write its configuration.

Belongs here: the suggested mapping of an unknown file and the sentences of `doctor`. Only
the first part of a text file is read, so that asking costs seconds at any size.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from connectors.landing import InputFingerprint
from connectors.mapped_tables import (
    FoundTable,
    MappedBy,
    SpreadsheetObject,
    Suggestion,
    TableMapping,
    map_columns,
)
from connectors.spreadsheet.config import TableConfig
from connectors.spreadsheet.files import FoundFile, read_tables
from connectors.tabular import FileKind, detect_kind

_HEAD_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingSuggestion:
    """How one table would be read and mapped.

    Attributes:
        table: File, with member and sheet where there are such.
        sheet: Sheet, for workbooks.
        object: The object that recognises most of its headers.
        header_row: Line of the header.
        columns: Canonical name to header, as recognised.
        suggestions: Headers that look like open canonical columns.
        unmapped: Other headers; they are kept under their own name.
        rows: Rows seen; for long text files those of the first part.
    """

    table: str
    sheet: str | None
    object: SpreadsheetObject
    header_row: int
    columns: dict[str, str]
    suggestions: tuple[Suggestion, ...]
    unmapped: tuple[str, ...]
    rows: int


def suggest_mapping(
    path: Path, item: SpreadsheetObject | None = None
) -> list[MappingSuggestion]:
    """Suggest an object and a mapping for every table of a file.

    Args:
        path: Text, workbook or ZIP.
        item: What the rows are; found out when None.

    Raises:
        PermanentError: The file cannot be read, or has no header.
    """
    with tempfile.TemporaryDirectory(prefix="tidycrm-") as folder:
        table = TableConfig(path=str(path), object=item or SpreadsheetObject.CONTACTS)
        return [
            _suggest(found, item) for found in _read_head(path, table, Path(folder))
        ]


def describe_table(path: Path, table: TableConfig) -> Iterator[str]:
    """Say how the tables of one file would be mapped."""
    with tempfile.TemporaryDirectory(prefix="tidycrm-") as folder:
        for found in _read_head(path, table, Path(folder)):
            read = found.read
            mapping = map_columns(
                read.header, table.object, table.columns, name=read.name
            )
            mapped = [
                each
                for each in mapping.columns
                if each.mapped_by is not MappedBy.HEADER
            ]
            pairs = ", ".join(f"{each.landed} = {each.header!r}" for each in mapped)
            yield (
                f"{table.object.value}: {read.name}, header in line {read.header.line}, "
                f"{pairs or 'no column recognised'}"
            )
            others = len(mapping.columns) - len(mapped)
            if others:
                yield f"{read.name}: {others} other columns are kept under their own names"
            for each in mapping.suggestions:
                yield (
                    f"{read.name}: column {each.header!r} may be {each.canonical}; map it "
                    "under `columns` if it is"
                )


def _read_head(path: Path, table: TableConfig, workdir: Path) -> Iterator[FoundTable]:
    """Read the tables of a file, of a long text only its first whole lines."""
    size = path.stat().st_size if path.is_file() else 0
    if size > _HEAD_BYTES and detect_kind(path) is FileKind.DELIMITED:
        head = workdir / path.name
        with path.open("rb") as stream:
            block = stream.read(_HEAD_BYTES)
        head.write_bytes(block[: block.rfind(b"\n") + 1] or block)
        path = head
    fingerprint = InputFingerprint(name=path.name, sha256="", bytes=size)
    file = FoundFile(path=path, fingerprint=fingerprint)
    yield from read_tables(file, table, workdir)


def _suggest(found: FoundTable, item: SpreadsheetObject | None) -> MappingSuggestion:
    read = found.read
    candidates = [item] if item else list(SpreadsheetObject)
    mappings = {
        each: map_columns(read.header, each, {}, name=read.name) for each in candidates
    }
    best = max(candidates, key=lambda each: _recognised(mappings[each]))
    mapping = mappings[best]
    return MappingSuggestion(
        table=read.name,
        sheet=read.sheet,
        object=best,
        header_row=read.header.line,
        columns={
            each.landed: each.header
            for each in mapping.columns
            if each.mapped_by is MappedBy.SYNONYM
        },
        suggestions=mapping.suggestions,
        unmapped=tuple(
            each.header for each in mapping.columns if each.mapped_by is MappedBy.HEADER
        ),
        rows=read.rows,
    )


def _recognised(mapping: TableMapping) -> int:
    return sum(each.mapped_by is MappedBy.SYNONYM for each in mapping.columns)
