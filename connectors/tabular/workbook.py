"""Reading workbooks (xlsx, xlsm, xlsb, xls, ods) as raw text, sheet by sheet.

Belongs here: checks before opening, sheets, what calamine knows of them. Calamine computes
no formula, runs no macro and resolves no XML entity. How cells become text is in `grid`.
Both date systems (1900 and 1904) are resolved. Cells with an error are null; in xlsx they
are counted.
"""

from __future__ import annotations

import zipfile
from fnmatch import fnmatchcase
from pathlib import Path

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
from connectors.tabular.grid import CHUNK, Grid, read_grid
from connectors.tabular.header import Merge
from connectors.tabular.model import ReadOptions, SheetInfo, TableRead
from connectors.tabular.xlsx_facts import XlsxFacts, survey_xlsx

_CHUNK = CHUNK
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
    grid = Grid(
        name=called,
        sheet=info.name,
        rows=sheet.iter_rows(),
        width=sheet.width,
        merges=_merges(sheet, sheet.start[1]),
        is_visible=info.is_visible,
        has_1904_dates=facts.has_1904_dates,
        errors=facts.errors.get(info.name, 0),
    )
    return read_grid(grid, options, workdir=workdir, chunk=_CHUNK)


def _merges(sheet: calamine.CalamineSheet, first_column: int) -> list[Merge]:
    """Merged cells relative to the first column read; ods and xlsb report none."""
    return [
        ((top, left - first_column), (bottom, right - first_column))
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
        if left >= first_column
    ]
