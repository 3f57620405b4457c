"""Where the header of a table is, and what its columns are called.

Belongs here: the header heuristic, shared by text files and sheets. It looks at the first
rows only, so its loops are small.

The heuristic. The usual width of the table is the median reach (last filled cell) of the
first rows that fill two cells or more. The header is the first row that fills at least
60 % of that width with labels only: text that is no number, date, e-mail address or link
(a year counts as a label). Failing that, the first row of which 70 % are labels and more
than in the rows below. When no row qualifies, the first row that is wide enough is taken
and marked uncertain, so that callers can refuse it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from connectors.errors import SourceConfigError
from connectors.landing.schema import unique_names
from connectors.tabular.model import (
    LINE,
    Header,
    HeaderColumn,
    Note,
    NoteCode,
    ReadOptions,
)

HEAD_ROWS = 100
_MIN_FILL = 0.6
_MOST = 0.7
_MAX_LABEL = 200

# No label: "1,234.50", "2025-03-01 10:00", "12/31/99", "$ 5", "45 %". Labels: "Q1", "2024".
_VALUE = re.compile(
    r"""^(?:
        [+-]?[$€£¥]?\s*\d[\d.,'\s]*(?:[eE][+-]?\d+)?\s*[%$€£¥]?   # numbers and money
        | \d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?              # dates
        | \S+@\S+\.\S+                                            # addresses
        | (?:https?|ftp)://.*                                     # links
        | (?:true|false)
    )$""",
    re.VERBOSE | re.IGNORECASE,
)
_YEAR = re.compile(r"^(?:19|20)\d\d$")
_SPACES = re.compile(r"\s+")

Merge = tuple[tuple[int, int], tuple[int, int]]
"""Top left and bottom right (row, column) of merged cells, 0-based in the head."""


@dataclass(frozen=True, slots=True)
class HeadRow:
    """One of the first rows: its line and its cells."""

    line: int
    cells: Sequence[str]

    @property
    def filled(self) -> list[str]:
        """Cells with text."""
        return [cell for cell in self.cells if cell.strip()]

    @property
    def reach(self) -> int:
        """Cells up to the last one with text."""
        return max(
            (i for i, cell in enumerate(self.cells, 1) if cell.strip()), default=0
        )


@dataclass(frozen=True, slots=True)
class FoundHeader:
    """The header and how many of the head rows come before and belong to it."""

    header: Header
    first_row: int
    notes: tuple[Note, ...]

    @property
    def rows_until_data(self) -> int:
        """Head rows before the first data row."""
        return self.first_row + self.header.row_count


def find_header(
    head: Sequence[HeadRow],
    options: ReadOptions,
    *,
    name: str,
    merges: Sequence[Merge] = (),
) -> FoundHeader | None:
    """Find the header among the first rows; None when they hold no text at all.

    Args:
        head: First rows, blank ones included.
        options: `header_row` and `header_rows` overrule the heuristic.
        name: How messages call the file.
        merges: Merged cells, for headers of several rows.

    Raises:
        SourceConfigError: `header_row` points at no row of the head.
    """
    if not any(row.filled for row in head):
        return None
    if options.header_row == 0:
        return _without_header(head)
    if options.header_row is not None:
        index, is_certain = _row_at(head, options.header_row, name), True
    else:
        index, is_certain = _guess(head)
    count = options.header_rows or _merged_rows(head, index, merges)
    rows = head[index : index + count]
    texts = _join_rows(rows, index, merges)
    columns, notes = name_columns(texts)
    if index:
        before = sum(1 for row in head[:index] if row.filled)
        if before:
            notes.append(
                Note(NoteCode.PREAMBLE_ROWS, f"{before} rows before the header")
            )
    if count > 1:
        notes.append(Note(NoteCode.HEADER_OF_SEVERAL_ROWS, f"{count} rows"))
    if not is_certain:
        notes.append(
            Note(
                NoteCode.HEADER_UNCERTAIN,
                f"line {head[index].line} was taken although it holds values; set "
                "`header_row` (0 when the file has none)",
            )
        )
    header = Header(
        line=head[index].line,
        row_count=len(rows),
        columns=columns,
        is_certain=is_certain,
    )
    return FoundHeader(header, index, tuple(notes))


def name_columns(texts: Sequence[str]) -> tuple[tuple[HeaderColumn, ...], list[Note]]:
    """Give every header text a unique, non-blank name; say what had to be made up."""
    headers = [_SPACES.sub(" ", text).strip() for text in texts]
    names = [text or f"column_{number}" for number, text in enumerate(headers, 1)]
    # `_line` is taken by the reader itself.
    unique = unique_names([LINE, *names])[1:]
    notes = []
    blank = [number for number, text in enumerate(headers, 1) if not text]
    if blank:
        notes.append(Note(NoteCode.BLANK_HEADER, f"columns {_short(blank)}"))
    renamed = [
        new
        for text, old, new in zip(headers, names, unique, strict=True)
        if text and old != new
    ]
    if renamed:
        notes.append(Note(NoteCode.DUPLICATE_HEADER, f"renamed to {_short(renamed)}"))
    columns = tuple(
        HeaderColumn(position=number, header=text, name=new)
        for number, (text, new) in enumerate(zip(headers, unique, strict=True), 1)
    )
    return columns, notes


def widen(header: Header, width: int) -> tuple[Header, list[Note]]:
    """Add unnamed columns for rows that are usually wider than their header."""
    if width <= len(header.columns):
        return header, []
    texts = [column.header for column in header.columns]
    columns, notes = name_columns(texts + [""] * (width - len(texts)))
    return (
        Header(
            line=header.line,
            row_count=header.row_count,
            columns=columns,
            is_certain=header.is_certain,
        ),
        [note for note in notes if note.code is NoteCode.BLANK_HEADER],
    )


def merge_notes(earlier: Sequence[Note], later: Sequence[Note]) -> list[Note]:
    """Join notes; a later one replaces an earlier one of the same code."""
    return list({note.code: note for note in (*earlier, *later)}.values())


def usual_width(rows: Sequence[HeadRow]) -> int:
    """Median reach of rows that fill two cells or more; 1 when there is none."""
    reaches = [row.reach for row in rows if len(row.filled) > 1]
    return int(median(reaches)) if reaches else 1


def is_label(cell: str) -> bool:
    """Whether a cell could be a column name.

    Example:
        >>> [is_label(cell) for cell in ("Name", "2024", "12.50", "a@b.example")]
        [True, True, False, False]
    """
    text = cell.strip()
    if not text or len(text) > _MAX_LABEL:
        return False
    return bool(_YEAR.match(text)) or not _VALUE.match(text)


def _guess(head: Sequence[HeadRow]) -> tuple[int, bool]:
    width = usual_width(head)
    needed = max(1, min(2, width), -(-int(width * _MIN_FILL * 10) // 10))
    wide = [i for i, row in enumerate(head) if len(row.filled) >= needed]
    for index in wide:
        filled = head[index].filled
        has_word = any(not _YEAR.match(cell.strip()) for cell in filled)
        if has_word and all(is_label(cell) for cell in filled):
            return index, True
    shares = {index: _label_share(head[index]) for index in wide}
    for index in wide:
        later = [shares[other] for other in wide if other > index]
        if later and shares[index] >= _MOST and shares[index] > median(later):
            return index, True
    if wide:
        return wide[0], False
    return next(i for i, row in enumerate(head) if row.filled), False


def _label_share(row: HeadRow) -> float:
    return sum(map(is_label, row.filled)) / len(row.filled)


def _row_at(head: Sequence[HeadRow], line: int, name: str) -> int:
    for index, row in enumerate(head):
        is_last = index + 1 == len(head)
        if row.line <= line and (is_last or head[index + 1].line > line) and row.filled:
            return index
    raise SourceConfigError(
        f"reading {name}: header_row is {line}, but that row is blank or beyond the "
        f"first {len(head)} rows; correct it, or leave it out to have the header found"
    )


def _without_header(head: Sequence[HeadRow]) -> FoundHeader:
    width = max(row.reach for row in head)
    columns, _ = name_columns([""] * width)
    return FoundHeader(Header(line=0, row_count=0, columns=columns), 0, ())


def _merged_rows(head: Sequence[HeadRow], index: int, merges: Sequence[Merge]) -> int:
    """Height of the tallest merge that starts in the header row."""
    tallest = max(
        (
            bottom - top + 1
            for (top, left), (bottom, _) in merges
            if top == index and left < len(head[index].cells)
        ),
        default=1,
    )
    return min(tallest, len(head) - index)


def _join_rows(
    rows: Sequence[HeadRow], first: int, merges: Sequence[Merge]
) -> list[str]:
    width = max(len(row.cells) for row in rows)
    grid = [list(row.cells) + [""] * (width - len(row.cells)) for row in rows]
    for (top, left), (bottom, right) in merges:
        if first <= top and bottom < first + len(rows) and right > left:
            for column in range(left, min(right + 1, width)):
                grid[top - first][column] = grid[top - first][left]
    texts = []
    for column in range(width):
        parts = dict.fromkeys(
            row[column].strip() for row in grid if row[column].strip()
        )
        texts.append(" ".join(parts))
    while len(texts) > 1 and not texts[-1]:
        texts.pop()
    return texts


def _short(items: Sequence[object], limit: int = 10) -> str:
    listed = ", ".join(str(item) for item in items[:limit])
    return listed if len(items) <= limit else f"{listed}, ... ({len(items)} in all)"
