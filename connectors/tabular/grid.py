"""Rows of typed cells to a table of text: what workbooks and online sheets share.

Belongs here: the header, cells to text, merged cells, chunks. Where the cells come from is
the caller's.

Typed cells become text as follows: numbers with the 15 digits that a spreadsheet keeps
(`242.26`, never `242.26000000000002`), integers without `.0`, dates `2025-03-01`, date and
time `2025-03-01 10:00:00`, durations `26:30:00`, booleans `true` and `false`.

Merged cells: in the header they join its rows into one name. In the body a text or date
that is merged over several rows is repeated in each of them; a number never is, because
a repeated amount would count twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from connectors.errors import SourceFileError
from connectors.tabular.finish import RawTable, finish_table, store_rows
from connectors.tabular.header import (
    HEAD_ROWS,
    HeadRow,
    Merge,
    find_header,
    merge_notes,
    widen,
)
from connectors.tabular.model import (
    LINE,
    REJECTED_ROWS,
    Note,
    NoteCode,
    ReadOptions,
    TableRead,
)

CHUNK = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Cells of one sheet, or of a range of it.

    Attributes:
        name: How messages call it.
        sheet: Title of the sheet.
        rows: Rows from the top on; short rows are filled up.
        width: Cells of the longest row.
        merges: Merged cells, relative to the first row and column of the grid.
        first_line: Row of the sheet on which the grid starts, counted from 1.
        is_visible: Whether people see the sheet.
        has_1904_dates: Whether day 0 is 1904-01-01.
        errors: Error cells that are blank in `rows` already.
    """

    name: str
    sheet: str
    rows: Iterator[list[Any]]
    width: int
    merges: Sequence[Merge] = ()
    first_line: int = 1
    is_visible: bool = True
    has_1904_dates: bool = False
    errors: int = 0


def cell_to_text(value: Any) -> str:
    """Write one typed cell as text; a blank cell is the empty string.

    Example:
        >>> cell_to_text(242.26000000000002), cell_to_text(7.0), cell_to_text(True)
        ('242.26', '7', 'true')
        >>> cell_to_text(datetime(2025, 3, 1, 10)), cell_to_text(1.2345678901234568e17)
        ('2025-03-01 10:00:00', '123456789012345680')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        text = repr(value) if abs(value) >= 1e15 else f"{value:.15g}"
        return format(Decimal(text), "f") if "e" in text else text.removesuffix(".0")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat(timespec="seconds")
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return "" if value is None else str(value)


def read_grid(
    grid: Grid, options: ReadOptions, *, workdir: Path | None, chunk: int = CHUNK
) -> TableRead | None:
    """Read a grid as a table; None when it is blank.

    Args:
        grid: The cells.
        options: Header and clean-up options.
        workdir: Folder for copies of large sheets; it must outlive the result.
        chunk: Rows that are held as Python values at a time.

    Raises:
        SourceFileError: There is text, but not in the first rows.
    """
    rows = grid.rows
    head_values = list(islice(rows, HEAD_ROWS))
    head = [
        HeadRow(number, [cell_to_text(value) for value in row])
        for number, row in enumerate(head_values, grid.first_line)
    ]
    found = find_header(head, options, name=grid.name, merges=grid.merges)
    if found is None and next(rows, None) is None:
        return None
    if found is None:
        raise SourceFileError(
            f"reading {grid.name}: the first {HEAD_ROWS} rows are blank; set `header_row`"
        )
    header, notes = widen(found.header, grid.width)
    width = len(header.columns)
    filler = (
        _MergeFiller(grid.merges, found.rows_until_data)
        if options.fill_merged
        else None
    )
    schema: dict[str, pl.DataType] = dict.fromkeys(header.names, pl.String())
    frames = []
    count = 0
    for index, part in _chunks(head_values, rows, found.rows_until_data, chunk):
        if filler is not None:
            filler.fill(part, index)
        texts: list[list[str | int]] = [
            [cell if type(cell) is str else cell_to_text(cell) for cell in row[:width]]
            + [""] * (width - len(row))
            + [line]
            for line, row in enumerate(part, index + grid.first_line)
        ]
        count += len(texts)
        frame = pl.DataFrame(texts, schema={**schema, LINE: pl.Int64()}, orient="row")
        spool = workdir if count > chunk else None
        frames.append(
            store_rows(
                frame.lazy(),
                header.names,
                find_errors=options.error_cells_to_null,
                spool=spool,
            )
        )
    all_notes = merge_notes(found.notes, notes)
    if not grid.is_visible:
        all_notes.append(Note(NoteCode.HIDDEN_SHEET, "the sheet is hidden"))
    if filler is not None and filler.filled:
        all_notes.append(
            Note(NoteCode.MERGED_CELLS_FILLED, f"{filler.filled} cells repeated")
        )
    if grid.errors:
        all_notes.append(
            Note(NoteCode.ERROR_CELLS, f"{grid.errors} spreadsheet errors became null")
        )
    if not frames:
        empty = pl.LazyFrame(schema={**schema, LINE: pl.Int64()})
        frames = [store_rows(empty, header.names, find_errors=False, spool=None)]
    raw = RawTable(
        name=grid.name,
        stored=pl.concat(frames),
        rows=count,
        header=header,
        rejected=pl.DataFrame(schema=REJECTED_ROWS),
        preamble_rows=found.first_row,
        notes=tuple(all_notes),
        sheet=grid.sheet,
        has_1904_dates=grid.has_1904_dates,
    )
    return finish_table(raw, options)


def _chunks(
    head: list[list[Any]], rest: Iterator[list[Any]], skip: int, size: int
) -> Iterator[tuple[int, list[list[Any]]]]:
    """Yield data rows in chunks, each with the 0-based index of its first row."""
    if head[skip:]:
        yield skip, head[skip:]
    index = len(head)
    while chunk := list(islice(rest, size)):
        yield index, chunk
        index += len(chunk)


class _MergeFiller:
    """Repeats merged texts downwards; keeps its place over chunks."""

    def __init__(self, merges: Sequence[Merge], first_row: int) -> None:
        self._tall = sorted(
            (top, left, bottom)
            for (top, left), (bottom, _) in merges
            if bottom > top >= first_row
        )
        self._values: dict[tuple[int, int], Any] = {}
        self.filled = 0

    def fill(self, rows: list[list[Any]], first: int) -> None:
        """Fill merges that touch rows `first`, `first + 1`, ... (0-based)."""
        last = first + len(rows) - 1
        for top, left, bottom in self._tall:
            if top > last or bottom < first:
                continue
            if top >= first and left < len(rows[top - first]):
                self._values[top, left] = rows[top - first][left]
            value = self._values.get((top, left), "")
            if value == "" or isinstance(value, int | float):
                continue
            for row in range(max(top + 1, first), min(bottom, last) + 1):
                if left < len(rows[row - first]):
                    rows[row - first][left] = value
                    self.filled += 1
