"""Values of the table readers: options in, raw text tables out.

Belongs here: dataclasses only. Reading is in the sibling modules.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import polars as pl

LINE = "_line"
"""1-based physical line of a text file, or row of a sheet, on which a record starts."""

REJECTED_ROWS: dict[str, pl.DataType] = {
    LINE: pl.Int64(),
    "reason_code": pl.String(),
    "reason_detail": pl.String(),
    "raw_text": pl.String(),
}


class RejectReason(StrEnum):
    """Why a row of a file is set aside; steward-facing, so never renamed."""

    EXTRA_CELLS = "extra_cells"
    BROKEN_QUOTE = "broken_quote"
    TOTALS_ROW = "totals_row"
    FOOTER_ROW = "footer_row"
    REPEATED_HEADER = "repeated_header"
    ID_IN_SCIENTIFIC_NOTATION = "id_in_scientific_notation"
    MISSING_ID = "missing_id"


class NoteCode(StrEnum):
    """What was remarkable about a file although its rows went through."""

    BYTE_ORDER_MARK = "byte_order_mark"
    ENCODING_GUESSED = "encoding_guessed"
    NUL_BYTES_REMOVED = "nul_bytes_removed"
    DELIMITER_GUESSED = "delimiter_guessed"
    PREAMBLE_ROWS = "preamble_rows"
    HEADER_UNCERTAIN = "header_uncertain"
    HEADER_OF_SEVERAL_ROWS = "header_of_several_rows"
    DUPLICATE_HEADER = "duplicate_header"
    BLANK_HEADER = "blank_header"
    BLANK_ROWS = "blank_rows"
    SHORT_ROWS = "short_rows"
    STRAY_QUOTES = "stray_quotes"
    MERGED_CELLS_FILLED = "merged_cells_filled"
    ERROR_CELLS = "error_cells"
    SCIENTIFIC_NOTATION = "scientific_notation"
    DIGITS_BEYOND_15 = "digits_beyond_15"
    LEADING_ZEROS_MAYBE_LOST = "leading_zeros_maybe_lost"
    NO_ROWS = "no_rows"
    HIDDEN_SHEET = "hidden_sheet"
    MIXED_ENCODING = "mixed_encoding"
    LINE_ENDINGS = "line_endings"


@dataclass(frozen=True, slots=True)
class Note:
    """One remark: a code for machines and a sentence without cell values."""

    code: NoteCode
    detail: str

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How to read a table; every None is found out.

    Attributes:
        encoding: Python codec name.
        delimiter: One character.
        header_row: 1-based line or sheet row of the (first) header row; 0 for none, which
            names the columns `column_1`, `column_2`, ...
        header_rows: How many rows the header has; their texts are joined by a space.
        fill_merged: Repeat the value of a vertically merged cell in each of its rows.
        error_cells_to_null: Turn spreadsheet errors such as `#N/A` into null.
        find_footers: Set totals and report footers aside.
    """

    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    header_rows: int | None = None
    fill_merged: bool = True
    error_cells_to_null: bool = True
    find_footers: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderColumn:
    """One column: `header` as seen in the file, `name` unique within the table."""

    position: int
    header: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header of a table; `line` is 0 when the file has none."""

    line: int
    row_count: int
    columns: tuple[HeaderColumn, ...]
    is_certain: bool = True

    @property
    def names(self) -> list[str]:
        """Unique column names in file order."""
        return [column.name for column in self.columns]

    @property
    def texts(self) -> tuple[str, ...]:
        """Header texts as seen in the file; several columns may share one."""
        return tuple(column.header for column in self.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRead:
    """One table as raw text.

    Conservation: records after the header = `rows` + `rejected.height` + `blank_rows`.

    Attributes:
        name: File name, with member and sheet where there are such.
        frame: Text columns named by `header.names`, then `_line`; empty cells are null.
            Lazy: large files stay on disk in the working folder given to the reader.
        rows: Rows of `frame`.
        rejected: `_line, reason_code, reason_detail, raw_text`.
        blank_rows: Rows without any text, skipped.
        preamble_rows: Rows before the header, skipped.
        has_1904_dates: Whether day 0 of the workbook is 1904-01-01, which matters for
            dates that stand in it as plain numbers.
    """

    name: str
    frame: pl.LazyFrame
    rows: int
    rejected: pl.DataFrame
    header: Header
    blank_rows: int = 0
    preamble_rows: int = 0
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    has_1904_dates: bool = False
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLimits:
    """What a ZIP or workbook may be; beyond it, unpacking is refused."""

    max_members: int = 10_000
    max_total_bytes: int = 64 * 1024**3
    max_member_bytes: int = 32 * 1024**3
    max_ratio: float = 200.0
    ratio_applies_above_bytes: int = 16 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveMember:
    """One file of a ZIP, unpacked to `path`."""

    name: str
    path: Path
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetInfo:
    """One sheet of a workbook."""

    name: str
    is_visible: bool
