"""Reading delimited text: the fast way when the file is regular, else the careful way.

Belongs here: the order of steps. Encoding, structure, header and clean-up are siblings.

Fast: numpy proves that every quote is where it must be and counts cells per record; then
Polars parses the file and the counts must agree. Careful: `records` splits it row by row
and sets damaged lines aside.
"""

from __future__ import annotations

import mmap
import re
import tempfile
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from connectors.errors import EmptyFileError, SourceConfigError
from connectors.tabular.encoding import CleanText, clean_text, spool
from connectors.tabular.finish import (
    ERROR_CELLS,
    RawTable,
    finish_table,
    store_rows,
)
from connectors.tabular.header import (
    HEAD_ROWS,
    FoundHeader,
    HeadRow,
    find_header,
    merge_notes,
    usual_width,
    widen,
)
from connectors.tabular.model import (
    LINE,
    REJECTED_ROWS,
    Header,
    Note,
    NoteCode,
    ReadOptions,
    RejectReason,
    TableRead,
)
from connectors.tabular.records import Record, RecordReader, find_delimiter
from connectors.tabular.structure import Structure, scan_structure

_SNIFF = 256 * 1024
_CHUNK = 50_000
_ERROR_CELL = re.compile("|".join(map(re.escape, ERROR_CELLS)).encode())
# Below this a table is kept in memory; above it, it is spooled to the working folder.
_IN_MEMORY = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How a clean text is to be split, and where its data begin."""

    text: CleanText
    delimiter: str
    start: int
    first_line: int
    found: FoundHeader
    header: Header
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Rows after the header, however they were read, as made by `store_rows`."""

    stored: pl.LazyFrame
    count: int
    rejected: pl.DataFrame
    notes: tuple[Note, ...] = ()


def read_delimited(
    source: Path | BinaryIO | bytes,
    options: ReadOptions | None = None,
    *,
    name: str | None = None,
    workdir: Path | None = None,
) -> TableRead:
    r"""Read a CSV, TSV or other delimited text as raw text.

    Args:
        source: Path, binary stream or bytes.
        options: Overrides of what is otherwise found out.
        name: How messages and the result call the file; the path's name by default.
        workdir: Folder for copies of large files; it must outlive the result. Without
            one the table is held in memory.

    Raises:
        EmptyFileError: The file holds no text.
        EncodingError: The bytes are no text in any encoding tried.
        SourceConfigError: An option contradicts the file.

    Example:
        >>> read = read_delimited(b"id;name\n007;Ann\n\n", name="people.csv")
        >>> read.delimiter, read.blank_rows, read.frame.collect().rows()
        (';', 1, [('007', 'Ann', 2)])
    """
    options = options or ReadOptions()
    called = name or (source.name if isinstance(source, Path) else "the file")
    with tempfile.TemporaryDirectory(prefix="tidycrm-") as temporary:
        scratch = workdir or Path(temporary)
        path = spool(source, scratch)
        text = clean_text(path, scratch, name=called, encoding=options.encoding)
        return _read(text, options, workdir, scratch)


def _read(
    text: CleanText, options: ReadOptions, workdir: Path | None, scratch: Path
) -> TableRead:
    size = text.path.stat().st_size
    if size == 0:
        raise EmptyFileError(
            f"reading {text.name}: the file is empty; export it again, with its header"
        )
    spool_folder = (workdir or scratch) if size > _IN_MEMORY else None
    with (
        text.path.open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as buffer,
    ):
        layout = _find_layout(text, buffer, options)
        structure = scan_structure(
            text.path, layout.delimiter, layout.start, layout.first_line
        )
        layout = _widen(layout, structure)
        find_errors = options.error_cells_to_null and bool(_ERROR_CELL.search(buffer))
        rows = None
        if structure.is_regular and not _may_swallow(layout, structure, buffer):
            rows = _read_fast(
                layout, structure, buffer, find_errors=find_errors, spool=spool_folder
            )
        if rows is None:
            rows = _read_carefully(
                layout, buffer, find_errors=find_errors, spool=spool_folder
            )
        raw = RawTable(
            name=text.name,
            stored=rows.stored,
            rows=rows.count,
            header=layout.header,
            rejected=rows.rejected,
            preamble_rows=layout.found.first_row,
            notes=(*text.notes, *layout.notes, *rows.notes),
            encoding=text.encoding,
            delimiter=layout.delimiter,
        )
        read = finish_table(raw, options)
        if workdir is None and spool_folder is not None:
            # The temporary folder is about to go.
            read = replace(read, frame=read.frame.collect().lazy())
        return read


def _find_layout(text: CleanText, buffer: mmap.mmap, options: ReadOptions) -> _Layout:
    start, first_line = 0, 1
    if options.delimiter is not None:
        if len(options.delimiter) != 1 or not options.delimiter.isascii():
            raise SourceConfigError(
                f"reading {text.name}: delimiter {options.delimiter!r} must be one ASCII "
                "character; correct it, or leave it out to have it found"
            )
        delimiter = options.delimiter
    else:
        sample = buffer[:_SNIFF]
        delimiter, start, first_line = find_delimiter(
            sample, is_complete=len(sample) == len(buffer)
        )
    reader = RecordReader(buffer, delimiter)
    head = [
        HeadRow(record.line, record.cells)
        for record in islice(reader.records(start, first_line), HEAD_ROWS)
    ]
    found = find_header(head, options, name=text.name)
    if found is None:
        raise EmptyFileError(
            f"reading {text.name}: the file holds blank lines only; export it again, "
            "with its header"
        )
    # Rows that are usually wider than their header get unnamed columns for the rest.
    body = head[found.rows_until_data :]
    header, more = widen(found.header, usual_width(body) if len(body) > 1 else 0)
    return _Layout(
        text=text,
        delimiter=delimiter,
        start=start,
        first_line=first_line,
        found=found,
        header=header,
        notes=tuple(merge_notes(found.notes, more)),
    )


def _widen(layout: _Layout, structure: Structure) -> _Layout:
    """A file without header is as wide as its widest row."""
    if layout.header.row_count or not len(structure):
        return layout
    header, _ = widen(layout.header, min(int(structure.cells.max()), 10_000))
    return replace(layout, header=header)


def _may_swallow(layout: _Layout, structure: Structure, buffer: mmap.mmap) -> bool:
    """Whether a record over several lines has the wrong width: an open quote, perhaps."""
    skip = layout.found.rows_until_data
    if not structure.has_quotes or len(structure) <= skip:
        return False
    last = buffer[int(structure.starts[-1]) : int(structure.ends[-1])].count(b"\n") + 1
    spans = np.append(np.diff(structure.lines), last)[skip:]
    return bool(
        ((spans > 1) & (structure.cells[skip:] != len(layout.header.columns))).any()
    )


def _read_fast(
    layout: _Layout,
    structure: Structure,
    buffer: mmap.mmap,
    *,
    find_errors: bool,
    spool: Path | None,
) -> _Rows | None:
    """Parse with Polars; None when its rows do not agree with the structure."""
    names = layout.header.names
    width, skip = len(names), layout.found.rows_until_data
    cells, lines = structure.cells[skip:], structure.lines[skip:]
    count = len(cells)
    if count == 0:
        return _no_rows(names)
    columns = [f"column_{number}" for number in range(width)]
    scan = pl.scan_csv(
        layout.text.path,
        has_header=False,
        separator=layout.delimiter,
        quote_char='"' if structure.has_quotes else None,
        skip_lines=int(lines[0]) - 1,
        schema=dict.fromkeys(columns, pl.String()),
        missing_columns="insert",
        extra_columns="ignore",
        row_index_name="_index",
        raise_if_empty=False,
    )
    line_of = pl.col("_index").cast(pl.Int64) + int(lines[0])
    if int(lines[-1]) - int(lines[0]) != count - 1:
        line_of = pl.col("_index").map_batches(
            lambda index: pl.Series(lines[index.to_numpy()]),
            return_dtype=pl.Int64,
            is_elementwise=True,
        )
    frame = scan.select(
        line_of.alias(LINE),
        *(pl.col(old).alias(new) for old, new in zip(columns, names, strict=True)),
    )
    stored = store_rows(frame, names, find_errors=find_errors, spool=spool)
    if stored.select(pl.len()).collect().item() != count:
        return None
    rejected = _reject_wide(layout, structure, buffer, skip)
    if not rejected.is_empty():
        stored = stored.filter(~pl.col(LINE).is_in(rejected[LINE].implode()))
    return _Rows(
        stored=stored,
        count=count - rejected.height,
        rejected=rejected,
        notes=_short_rows(int(((cells < width) & (cells > 1)).sum())),
    )


def _reject_wide(
    layout: _Layout, structure: Structure, buffer: mmap.mmap, skip: int
) -> pl.DataFrame:
    """Set records aside that have text beyond the last column (few, one by one)."""
    width = len(layout.header.columns)
    rejects = []
    for index in np.flatnonzero(structure.cells[skip:] > width) + skip:
        raw = buffer[int(structure.starts[index]) : int(structure.ends[index])]
        reader = RecordReader(raw, layout.delimiter)
        for record in reader.records(line=int(structure.lines[index])):
            reject = _judge_wide(record, width, raw)
            if reject is not None:
                rejects.append(reject)
    return pl.DataFrame(rejects, schema=REJECTED_ROWS, orient="row")


def _judge_wide(
    record: Record, width: int, raw: bytes
) -> tuple[int, str, str, str] | None:
    if not any(cell.strip() for cell in record.cells[width:]):
        return None
    return (
        record.line,
        RejectReason.EXTRA_CELLS.value,
        f"{len(record.cells)} cells, expected {width}",
        raw.decode().rstrip("\r\n"),
    )


def _read_carefully(
    layout: _Layout, buffer: mmap.mmap, *, find_errors: bool, spool: Path | None
) -> _Rows:
    """Parse row by row, in chunks; for files whose quotes cannot be trusted."""
    names = layout.header.names
    width, skip = len(names), layout.found.rows_until_data
    reader = RecordReader(buffer, layout.delimiter, width)
    records = islice(reader.records(layout.start, layout.first_line), skip, None)
    rejects: list[tuple[int, str, str, str]] = []
    parts: list[pl.LazyFrame] = []
    count = short = stray = 0
    schema: dict[str, pl.DataType] = dict.fromkeys(names, pl.String())
    while chunk := list(islice(records, _CHUNK)):
        rows: list[list[str | int | None]] = []
        for record in chunk:
            if record.is_broken:
                rejects.append(
                    (
                        record.line,
                        RejectReason.BROKEN_QUOTE.value,
                        "a quote is not closed, or closes in the middle of a cell",
                        record.raw,
                    )
                )
                continue
            cells = record.cells
            if len(cells) > width:
                raw = layout.delimiter.join(cells).encode()
                reject = _judge_wide(record, width, raw)
                if reject is not None:
                    rejects.append(reject)
                    continue
            stray += record.has_stray_quotes
            short += 1 < len(cells) < width
            padding: list[str | int | None] = [None] * (width - len(cells))
            rows.append([*cells[:width], *padding, record.line])
        count += len(rows)
        frame = pl.DataFrame(rows, schema={**schema, LINE: pl.Int64()}, orient="row")
        parts.append(
            store_rows(frame.lazy(), names, find_errors=find_errors, spool=spool)
        )
    notes = list(_short_rows(short))
    if stray:
        notes.append(Note(NoteCode.STRAY_QUOTES, f"{stray} rows, taken as characters"))
    if not parts:
        return _no_rows(names)
    return _Rows(
        stored=pl.concat(parts),
        count=count,
        rejected=pl.DataFrame(rejects, schema=REJECTED_ROWS, orient="row"),
        notes=tuple(notes),
    )


def _no_rows(names: list[str]) -> _Rows:
    schema: dict[str, pl.DataType] = dict.fromkeys(names, pl.String())
    empty = pl.LazyFrame(schema={**schema, LINE: pl.Int64()})
    return _Rows(
        stored=store_rows(empty, names, find_errors=False, spool=None),
        count=0,
        rejected=pl.DataFrame(schema=REJECTED_ROWS),
    )


def _short_rows(count: int) -> tuple[Note, ...]:
    if not count:
        return ()
    return (Note(NoteCode.SHORT_ROWS, f"{count} rows have fewer cells, padded"),)
