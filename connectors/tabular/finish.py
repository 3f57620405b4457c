"""From raw rows to a finished table: blanks, error cells, footers, damaged numbers.

Belongs here: everything that text files and sheets have in common once their rows exist
as columns. Vectorised: only rows with few filled cells are ever looked at one by one.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from connectors.tabular.footers import TAIL_ROWS, SparseRow, judge_sparse_rows
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

ERROR_CELLS = (
    "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!",
    "#ERROR!", "Loading...",  # Google Sheets: a formula it cannot read, or not computed yet
)  # fmt: skip
_FILLED = "_filled"
_LEAD = "_lead"
_ERRORS = "_errors"
_SAMPLE = 20_000
# Sheets and reports hold few sparse rows; a table full of them has no footers to find.
_MAX_SPARSE = 200_000

# Accepted: "1.23457E+17". Rejected: "1.5E3" (a plain small number), "1E5" (a product code).
SCIENTIFIC = r"^\s*[+-]?\d(?:[.,]\d+)?[eE]\+?(?:\d[2-9]|[1-9]\d)\s*$|^\s*\d[.,]\d{3,}[eE]\+?\d+\s*$"
# Accepted: "12345678901234500". Rejected: "123456789012345" (15 digits).
BEYOND_15 = r"^[1-9]\d{14}\d*0$"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """Rows after the header, in file order, as made by `store_rows`."""

    name: str
    stored: pl.LazyFrame
    rows: int
    header: Header
    rejected: pl.DataFrame
    preamble_rows: int
    notes: tuple[Note, ...]
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    has_1904_dates: bool = False


def store_rows(
    frame: pl.LazyFrame, names: list[str], *, find_errors: bool, spool: Path | None
) -> pl.LazyFrame:
    """Run the one pass over all cells: text columns plus `_line` in, stored rows out.

    Args:
        frame: Rows as parsed; the empty string becomes null.
        names: Text columns.
        find_errors: Turn spreadsheet errors into null and count them per row.
        spool: Folder for a Parquet copy; None keeps the rows in memory.
    """
    errors = pl.lit(0, dtype=pl.Int32)
    cells = [_empty_to_null(name) for name in names]
    if find_errors:
        errors = pl.sum_horizontal(
            pl.col(name).is_in(ERROR_CELLS) for name in names
        ).cast(pl.Int32)
        cells = [
            _error_to_null(cell, name) for cell, name in zip(cells, names, strict=True)
        ]
    rows = frame.select(*cells, LINE, errors.alias(_ERRORS)).with_columns(
        pl.sum_horizontal(pl.col(name).is_not_null() for name in names)
        .cast(pl.Int32)
        .alias(_FILLED),
        pl.coalesce(names).alias(_LEAD),
    )
    return materialise(rows, spool)


def finish_table(raw: RawTable, options: ReadOptions) -> TableRead:
    """Clean up the stored rows of a table: blanks, footers, unused columns."""
    names = raw.header.names
    notes = list(raw.notes)
    stored = raw.stored
    errors = stored.select(pl.col(_ERRORS).sum()).collect().item() or 0
    if errors:
        notes.append(
            Note(NoteCode.ERROR_CELLS, f"{errors} spreadsheet errors became null")
        )
    blank = _blank_lines(stored, names)
    aside = pl.DataFrame(schema=REJECTED_ROWS)
    if options.find_footers:
        aside = _find_non_records(stored, raw, blank)
    skip = [*blank, *aside[LINE].to_list()]
    header = _without_unused(raw.header, stored)
    names = header.names
    frame = stored.select(*names, LINE)
    if skip:
        gone = pl.Series(skip, dtype=pl.Int64).implode()
        frame = frame.filter(~pl.col(LINE).is_in(gone))
    if blank:
        notes.append(Note(NoteCode.BLANK_ROWS, f"{len(blank)} skipped"))
    kept = raw.rows - len(skip)
    notes += _suspicious_numbers(frame, names)
    if kept == 0:
        notes.append(Note(NoteCode.NO_ROWS, "the table has a header and no row"))
    return TableRead(
        name=raw.name,
        frame=frame,
        rows=kept,
        rejected=pl.concat([raw.rejected, aside]).sort(LINE),
        header=header,
        blank_rows=len(blank),
        preamble_rows=raw.preamble_rows,
        encoding=raw.encoding,
        delimiter=raw.delimiter,
        sheet=raw.sheet,
        has_1904_dates=raw.has_1904_dates,
        notes=tuple(notes),
    )


def materialise(frame: pl.LazyFrame, spool: Path | None) -> pl.LazyFrame:
    """Run a query once and scan its result, from disk when there is a folder for it."""
    if spool is None:
        return frame.collect().lazy()
    path = spool / f"table-{uuid.uuid4().hex}.parquet"
    frame.sink_parquet(path, compression="lz4", statistics=False)
    return pl.scan_parquet(path)


def reject_damaged_ids(read: TableRead, columns: list[str]) -> TableRead:
    """Set rows aside whose id is lost to scientific notation; note truncated ids.

    A spreadsheet shows 17 digits as `1.23457E+17` and saves what it shows: the id cannot
    be repaired. Ids of 16 digits and more that end in 0 may have lost their last digits.

    Args:
        read: A finished table.
        columns: Names of its id columns.
    """
    known = [name for name in columns if name in read.header.names]
    if not known:
        return read
    damaged = pl.any_horizontal(
        pl.col(name).str.contains(SCIENTIFIC).fill_null(False) for name in known
    )
    names = read.header.names
    bad = read.frame.filter(damaged).collect()
    beyond = (
        read.frame.select(pl.col(name).str.contains(BEYOND_15).sum() for name in known)
        .collect()
        .row(0)
    )
    notes = list(read.notes)
    for name, count in zip(known, beyond, strict=True):
        if count:
            notes.append(
                Note(
                    NoteCode.DIGITS_BEYOND_15,
                    f"{count} ids in column {name!r} have more than 15 digits and end in "
                    "0: a spreadsheet may have cut them; export the column as text",
                )
            )
    if bad.is_empty():
        return replace(read, notes=tuple(notes))
    notes.append(
        Note(
            NoteCode.SCIENTIFIC_NOTATION,
            f"{bad.height} rows rejected: their id in {known} was saved in scientific "
            "notation and cannot be repaired; export the column as text",
        )
    )
    rejected = rejected_rows(
        bad,
        names,
        RejectReason.ID_IN_SCIENTIFIC_NOTATION,
        "an id column holds a number such as 1.2E+17; export it as text",
    )
    return replace(
        read,
        frame=read.frame.filter(~damaged),
        rows=read.rows - bad.height,
        rejected=pl.concat([read.rejected, rejected]).sort(LINE),
        notes=tuple(notes),
    )


def reject_rows(
    read: TableRead, condition: pl.Expr, reason: RejectReason, detail: str
) -> TableRead:
    """Set the rows aside for which a condition over the table's columns holds."""
    mask = condition.fill_null(False)
    bad = read.frame.filter(mask).collect()
    if bad.is_empty():
        return read
    rejected = rejected_rows(bad, read.header.names, reason, detail)
    return replace(
        read,
        frame=read.frame.filter(~mask),
        rows=read.rows - bad.height,
        rejected=pl.concat([read.rejected, rejected]).sort(LINE),
    )


def rejected_rows(
    rows: pl.DataFrame, names: list[str], reason: RejectReason, detail: str
) -> pl.DataFrame:
    """Shape rows of a table as rejects; the raw text is the row as a JSON object."""
    return rows.select(
        pl.col(LINE),
        pl.lit(reason.value).alias("reason_code"),
        pl.lit(detail).alias("reason_detail"),
        pl.struct(names).struct.json_encode().alias("raw_text"),
    )


def _empty_to_null(name: str) -> pl.Expr:
    column = pl.col(name)
    return pl.when(column != "").then(column).alias(name)


def _error_to_null(cell: pl.Expr, name: str) -> pl.Expr:
    return pl.when(~pl.col(name).is_in(ERROR_CELLS)).then(cell).alias(name)


def _blank_lines(stored: pl.LazyFrame, names: list[str]) -> list[int]:
    """Lines of rows without text; rows of spaces only are blank, too."""
    suspects = stored.filter(
        (pl.col(_FILLED) == 0) | (pl.col(_LEAD).str.strip_chars() == "")
    )
    is_blank = pl.all_horizontal(
        pl.col(name).is_null() | (pl.col(name).str.strip_chars() == "")
        for name in names
    )
    lines: list[int] = suspects.filter(is_blank).select(LINE).collect()[LINE].to_list()
    return lines


def _find_non_records(
    stored: pl.LazyFrame, raw: RawTable, blank: list[int]
) -> pl.DataFrame:
    """Find totals, report footers and repeated headers."""
    names = raw.header.names
    width = len(names)
    found: list[pl.DataFrame] = []
    if raw.header.row_count == 1 and raw.header.is_certain and width > 1:
        texts = [column.header or None for column in raw.header.columns]
        repeated = pl.all_horizontal(
            pl.col(name).str.strip_chars().eq_missing(pl.lit(text, dtype=pl.String))
            for name, text in zip(names, texts, strict=True)
        )
        rows = (
            stored.filter(pl.col(_LEAD).str.strip_chars() == _first(texts))
            .filter(repeated)
            .collect()
        )
        found.append(
            rejected_rows(
                rows, names, RejectReason.REPEATED_HEADER, "the row repeats the header"
            )
        )
    limit = max(2, width // 2)
    tail = raw.rows - len(blank)
    # Narrow columns first: only the few rows that are picked are read in full.
    ranked = (
        stored.select(LINE, _FILLED)
        .filter(pl.col(_FILLED) > 0)
        .with_row_index("_rank")
        .with_columns(pl.col("_rank").cast(pl.Int64))
    )
    picked = (
        ranked.filter(
            (pl.col(_FILLED) <= limit) | (pl.col("_rank") >= tail - TAIL_ROWS)
        )
        .select(LINE, "_rank")
        .collect()
    )
    if picked.height <= _MAX_SPARSE:
        sparse = (
            stored.filter(pl.col(LINE).is_in(picked[LINE].implode()))
            .collect()
            .join(picked, on=LINE)
            .sort(LINE)
        )
        found += _judge(sparse, names, blank, tail)
    if not found:
        return pl.DataFrame(schema=REJECTED_ROWS)
    return pl.concat(found).unique(LINE, keep="first", maintain_order=True)


def _judge(
    sparse: pl.DataFrame, names: list[str], blank: list[int], filled_rows: int
) -> list[pl.DataFrame]:
    width = len(names)
    rows = [
        SparseRow(line=row[-2], cells=row[:width], rank=filled_rows - row[-1])
        for row in sparse.select(
            *names, LINE, pl.col("_rank").cast(pl.Int64)
        ).iter_rows()
    ]
    verdicts = judge_sparse_rows(rows, blank, width)
    found = []
    for reason, detail in (
        (RejectReason.TOTALS_ROW, "the row adds other rows up"),
        (RejectReason.FOOTER_ROW, "the row belongs to the footer of a report"),
    ):
        lines = [line for line, verdict in verdicts.items() if verdict is reason]
        if lines:
            picked = sparse.filter(pl.col(LINE).is_in(lines))
            found.append(rejected_rows(picked, names, reason, detail))
    return found


def _without_unused(header: Header, stored: pl.LazyFrame) -> Header:
    """Leave out columns that have neither a header nor a value."""
    nameless = [column.name for column in header.columns if not column.header]
    if not nameless or not header.row_count:
        return header
    counts = stored.select(pl.col(name).count() for name in nameless).collect().row(0)
    unused = {name for name, count in zip(nameless, counts, strict=True) if not count}
    kept = tuple(column for column in header.columns if column.name not in unused)
    return replace(header, columns=kept) if kept else header


def _first(texts: list[str | None]) -> str | None:
    return next((text for text in texts if text), None)


def _suspicious_numbers(frame: pl.LazyFrame, names: list[str]) -> list[Note]:
    """Note columns whose first rows hold numbers that a spreadsheet has damaged."""
    sample = frame.select(names).head(_SAMPLE).collect()
    notes = []
    for code, pattern, text in (
        (
            NoteCode.SCIENTIFIC_NOTATION,
            SCIENTIFIC,
            "hold numbers in scientific notation",
        ),
        (
            NoteCode.DIGITS_BEYOND_15,
            BEYOND_15,
            "hold integers beyond 15 digits ending in 0",
        ),
    ):
        hit = [
            name for name in names if (sample[name].str.contains(pattern).sum() or 0)
        ]
        if hit:
            notes.append(Note(code, f"columns {hit} {text}"))
    return notes
