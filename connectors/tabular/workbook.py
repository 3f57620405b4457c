"""Reading workbooks (xlsx, xlsm, xlsb, xls, ods) as raw text, sheet by sheet.

Belongs here: checks before opening, cells to text, merged cells. Calamine computes no
formula, runs no macro and resolves no XML entity.

Typed cells become text as follows: numbers with the 15 digits that a spreadsheet keeps
(`242.26`, never `242.26000000000002`), integers without `.0`, dates `2025-03-01`, date and
time `2025-03-01 10:00:00`, durations `26:30:00`, booleans `true` and `false`. Both date
systems (1900 and 1904) are resolved. Cells with an error are null; in xlsx they are counted.

Merged cells: in the header they join its rows into one name. In the body a text or date
that is merged over several rows is repeated in each of them; a number never is, because
a repeated amount would count twice.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
import python_calamine as calamine

from connectors.errors import (
    BrokenArchiveError,
    EmptyFileError,
    SourceConfigError,
    SourceFileError,
)
from connectors.tabular.archive import (
    WORKBOOK_LIMITS,
    FileKind,
    check_members,
    detect_kind,
)
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
    SheetInfo,
    TableRead,
)
from connectors.tabular.xlsx_facts import XlsxFacts, survey_xlsx

_CHUNK = 20_000
_OLE_HEAD = 64 * 1024 * 1024


def list_sheets(path: Path) -> list[SheetInfo]:
    """List the sheets of a workbook that hold cells (charts and macros are left out)."""
    with _open(path) as book:
        return _sheets(book)


def read_workbook(
    path: Path,
    options: ReadOptions | None = None,
    *,
    sheet: str | None = None,
    name: str | None = None,
    workdir: Path | None = None,
) -> list[TableRead]:
    """Read sheets of a workbook.

    Args:
        path: The workbook, whatever its extension says.
        options: Header and clean-up options; encoding and delimiter do not apply.
        sheet: Name or pattern (`2024*`); every visible sheet by default. Hidden sheets
            are only read by name. Blank sheets are skipped unless asked for by name.
        name: How messages and the result call the file.
        workdir: Folder for copies of large sheets; it must outlive the result.

    Raises:
        BrokenArchiveError: Damaged, or protected by a password.
        ArchiveLimitError: Too large or too dense to be opened safely.
        SourceConfigError: No sheet has that name.
        EmptyFileError: No sheet that was asked for holds any text.
    """
    options = options or ReadOptions()
    called = name or path.name
    with _open(path, called) as book:
        known = _sheets(book)
        if sheet is None:
            chosen = [info for info in known if info.is_visible]
        else:
            chosen = [info for info in known if info.name == sheet] or [
                info for info in known if fnmatchcase(info.name, sheet)
            ]
            if not chosen:
                names = ", ".join(repr(info.name) for info in known)
                raise SourceConfigError(
                    f"reading {called}: no sheet is named {sheet!r}; it has {names}"
                )
        facts = survey_xlsx(path, [info.name for info in known])
        reads = []
        for info in chosen:
            read = _read_sheet(
                book, info, options, called, facts=facts, workdir=workdir
            )
            if read is not None:
                reads.append(read)
    if not reads:
        which = "every sheet is blank" if sheet is None else f"sheet {sheet!r} is blank"
        raise EmptyFileError(
            f"reading {called}: {which}; export it again, with its header"
        )
    return reads


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


def _open(path: Path, name: str | None = None) -> calamine.CalamineWorkbook:
    called = name or path.name
    kind = detect_kind(path)
    if kind is FileKind.HTML:
        raise SourceFileError(
            f"reading {called}: this is a web page saved under a workbook's extension; "
            "open it in a spreadsheet program and save it as xlsx or CSV"
        )
    if kind is not FileKind.WORKBOOK:
        raise SourceFileError(
            f"reading {called}: expected a workbook (xlsx, xlsb, xls or ods), found "
            f"{kind.value}; correct the path or export it again"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            check_members(called, members, members, WORKBOOK_LIMITS)
    except zipfile.BadZipFile as error:
        with path.open("rb") as stream:
            if stream.read(2) == b"PK":
                raise BrokenArchiveError(
                    f"reading {called}: the workbook is truncated or damaged; download "
                    "or save it again"
                ) from error
    protected = (
        f"reading {called}: the workbook is protected by a password; save a copy without "
        "one (in Excel: File > Info > Protect Workbook > Encrypt with Password, and "
        "clear it)"
    )
    if _is_encrypted(path):
        raise BrokenArchiveError(protected)
    try:
        with path.open("rb") as stream:
            return calamine.CalamineWorkbook.from_filelike(stream)
    except calamine.PasswordError as error:
        raise BrokenArchiveError(protected) from error
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise BrokenArchiveError(
            f"reading {called}: the workbook cannot be opened ({type(error).__name__}); "
            "it is damaged or of an unknown kind. Open it in a spreadsheet program and "
            "save it as xlsx"
        ) from error


def _is_encrypted(path: Path) -> bool:
    """Encrypted xlsx are OLE containers with a stream of a known name; ods says so."""
    try:
        with zipfile.ZipFile(path) as archive:
            if "META-INF/manifest.xml" not in archive.namelist():
                return False
            return b"encryption-data" in archive.read("META-INF/manifest.xml")
    except zipfile.BadZipFile:
        with path.open("rb") as stream:
            return "EncryptedPackage".encode("utf-16-le") in stream.read(_OLE_HEAD)


def _sheets(book: calamine.CalamineWorkbook) -> list[SheetInfo]:
    return [
        SheetInfo(
            name=item.name,
            is_visible=item.visible == calamine.SheetVisibleEnum.Visible,
        )
        for item in book.sheets_metadata
        if item.typ == calamine.SheetTypeEnum.WorkSheet
    ]


def _read_sheet(
    book: calamine.CalamineWorkbook,
    info: SheetInfo,
    options: ReadOptions,
    name: str,
    *,
    facts: XlsxFacts,
    workdir: Path | None,
) -> TableRead | None:
    """Read one sheet; None when it is blank."""
    called = f"{name} [{info.name}]"
    try:
        sheet = book.get_sheet_by_name(info.name)
    except (calamine.CalamineError, ValueError) as error:
        raise BrokenArchiveError(
            f"reading {called}: the sheet cannot be read ({type(error).__name__}); open "
            "the workbook in a spreadsheet program and save it again"
        ) from error
    if sheet.start is None or sheet.end is None:
        return None
    # Rows come from the first row on, columns from the first one with a cell.
    merges = _merges(sheet, sheet.start[1])
    rows = sheet.iter_rows()
    head_values = list(islice(rows, HEAD_ROWS))
    head = [
        HeadRow(number, [cell_to_text(value) for value in row])
        for number, row in enumerate(head_values, 1)
    ]
    found = find_header(head, options, name=called, merges=merges)
    if found is None and sheet.total_height <= len(head):
        return None
    if found is None:
        raise SourceFileError(
            f"reading {called}: the first {HEAD_ROWS} rows are blank; set `header_row`"
        )
    header, notes = widen(found.header, sheet.width)
    width = len(header.columns)
    filler = (
        _MergeFiller(merges, found.rows_until_data) if options.fill_merged else None
    )
    schema: dict[str, pl.DataType] = dict.fromkeys(header.names, pl.String())
    frames = []
    count = 0
    for number, chunk in _chunks(head_values, rows, found.rows_until_data):
        if filler is not None:
            filler.fill(chunk, number - 1)
        texts: list[list[str | int]] = [
            [cell if type(cell) is str else cell_to_text(cell) for cell in row[:width]]
            + [""] * (width - len(row))
            + [line]
            for line, row in enumerate(chunk, number)
        ]
        count += len(texts)
        frame = pl.DataFrame(texts, schema={**schema, LINE: pl.Int64()}, orient="row")
        spool = workdir if count > _CHUNK else None
        frames.append(
            store_rows(
                frame.lazy(),
                header.names,
                find_errors=options.error_cells_to_null,
                spool=spool,
            )
        )
    all_notes = merge_notes(found.notes, notes)
    if not info.is_visible:
        all_notes.append(Note(NoteCode.HIDDEN_SHEET, "the sheet is hidden"))
    if filler is not None and filler.filled:
        all_notes.append(
            Note(NoteCode.MERGED_CELLS_FILLED, f"{filler.filled} cells repeated")
        )
    errors = facts.errors.get(info.name, 0)
    if errors:
        all_notes.append(
            Note(NoteCode.ERROR_CELLS, f"{errors} spreadsheet errors became null")
        )
    if not frames:
        empty = pl.LazyFrame(schema={**schema, LINE: pl.Int64()})
        frames = [store_rows(empty, header.names, find_errors=False, spool=None)]
    raw = RawTable(
        name=called,
        stored=pl.concat(frames),
        rows=count,
        header=header,
        rejected=pl.DataFrame(schema=REJECTED_ROWS),
        preamble_rows=found.first_row,
        notes=tuple(all_notes),
        sheet=info.name,
        has_1904_dates=facts.has_1904_dates,
    )
    return finish_table(raw, options)


def _chunks(
    head: list[list[Any]], rest: Iterator[list[Any]], skip: int
) -> Iterator[tuple[int, list[list[Any]]]]:
    """Yield data rows in chunks, each with the sheet row of its first row."""
    if head[skip:]:
        yield skip + 1, head[skip:]
    number = len(head) + 1
    while chunk := list(islice(rest, _CHUNK)):
        yield number, chunk
        number += len(chunk)


def _merges(sheet: calamine.CalamineSheet, first_column: int) -> list[Merge]:
    """Merged cells relative to the first column read; ods and xlsb report none."""
    return [
        ((top, left - first_column), (bottom, right - first_column))
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
        if left >= first_column
    ]


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
