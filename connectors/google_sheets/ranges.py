"""Which cells a table entry means, and in which portions they are asked for.

Belongs here: A1 notation, named ranges, sheets by title. Every range is resolved against
the sheets as they are, so that rows keep their real numbers and no title is mistaken for
a cell: a sheet may well be called `D3`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from connectors.errors import SourceConfigError
from connectors.google_sheets.config import GoogleTableConfig
from connectors.tabular import Merge

MAX_RANGES = 50
_MAX_RANGE_CHARS = 4_000
# Accepted: "A1:C", "Orders!A3:G90", "'It''s'!B:B", "2:9". Rejected: "OrdersOf2024".
_A1 = re.compile(
    r"^(?:(?:'(?P<quoted>(?:[^']|'')+)'|(?P<plain>[^'!]+))!)?"
    r"\$?(?P<c0>[A-Za-z]{0,3})\$?(?P<r0>\d*)"
    r"(?::\$?(?P<c1>[A-Za-z]{0,3})\$?(?P<r1>\d*))?$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Cells of one sheet: rows and columns from 0, the ends excluded."""

    title: str
    sheet_id: int
    top: int
    left: int
    bottom: int
    right: int
    is_visible: bool = True
    merges: tuple[Merge, ...] = ()

    @property
    def a1(self) -> str:
        """Range in A1 notation, with the title quoted."""
        quoted = self.title.replace("'", "''")
        return (
            f"'{quoted}'!{column_letters(self.left)}{self.top + 1}:"
            f"{column_letters(self.right - 1)}{self.bottom}"
        )

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    def relative_merges(self) -> list[Merge]:
        """Merged cells that start in the box, relative to its first cell."""
        return [
            (
                (top - self.top, left - self.left),
                (
                    min(bottom, self.bottom - 1) - self.top,
                    min(right, self.right - 1) - self.left,
                ),
            )
            for (top, left), (bottom, right) in self.merges
            if self.top <= top < self.bottom and self.left <= left < self.right
        ]


@dataclass(frozen=True, slots=True)
class Portion:
    """Rows of one box that are asked for at once; `number` is the box's place."""

    number: int
    box: Box


def column_letters(index: int) -> str:
    """Name a column, counted from 0.

    Example:
        >>> column_letters(0), column_letters(25), column_letters(26), column_letters(701)
        ('A', 'Z', 'AA', 'ZZ')
    """
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """Number a column from 0.

    Example:
        >>> column_index("A"), column_index("zz")
        (0, 701)
    """
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def resolve(
    document: Mapping[str, Any], table: GoogleTableConfig, where: str
) -> tuple[list[Box], list[str]]:
    """Find the cells of a table entry in one spreadsheet.

    Args:
        document: What the service says about the spreadsheet.
        table: The entry.
        where: Title of the spreadsheet, for messages.

    Returns:
        The boxes in sheet order, and remarks about sheets that were left aside.

    Raises:
        SourceConfigError: The sheet or range is not there.
    """
    sheets, notes = _sheets(document, where)
    named = {
        str(each["name"]): each["range"] for each in document.get("namedRanges", [])
    }
    if table.range is None:
        chosen = _by_title(sheets, table.sheet, where)
        hidden = [box.title for box in sheets if not box.is_visible]
        if table.sheet is None and hidden:
            listed = ", ".join(map(repr, hidden))
            notes.append(
                f"{where}: hidden sheets were left aside: {listed}; name one under "
                "`sheet` to read it"
            )
        return chosen, notes
    if table.range in named:
        return [_named(named[table.range], sheets, table.range, where)], notes
    exact = [box for box in sheets if box.title == table.range]
    if exact:
        return exact, notes
    match = _A1.match(table.range)
    if match is None or not any(match.group(n) for n in ("c0", "r0", "c1", "r1")):
        raise SourceConfigError(
            f"reading {where}: {table.range!r} is no named range, no sheet and no range "
            f"such as Orders!A3:G. It has the named ranges {_listed(named)} and the sheets "
            f"{_listed(box.title for box in sheets)}"
        )
    title = match.group("plain") or (match.group("quoted") or "").replace("''", "'")
    if title:
        chosen = _by_title(sheets, title, where)
    elif table.sheet is not None:
        chosen = _by_title(sheets, table.sheet, where)
    else:
        chosen = [box for box in sheets if box.is_visible][:1]
    return [_cut(box, match, table.range, where) for box in chosen], notes


def plan(boxes: Sequence[Box], cells: int) -> Iterator[list[Portion]]:
    """Cut boxes into portions and group small ones, at most `cells` cells per group."""
    group: list[Portion] = []
    size = characters = 0
    for number, box in enumerate(boxes):
        step = max(1, cells // box.width)
        for top in range(box.top, box.bottom, step):
            part = replace(box, top=top, bottom=min(top + step, box.bottom))
            cost = (part.bottom - part.top) * part.width
            is_full = len(group) == MAX_RANGES or characters > _MAX_RANGE_CHARS
            if group and (size + cost > cells or is_full):
                yield group
                group, size, characters = [], 0, 0
            group.append(Portion(number, part))
            size += cost
            characters += 3 * len(part.a1)
    if group:
        yield group


def _sheets(document: Mapping[str, Any], where: str) -> tuple[list[Box], list[str]]:
    boxes, notes = [], []
    for each in document.get("sheets", []):
        properties = each.get("properties", {})
        title = str(properties.get("title", ""))
        if properties.get("sheetType", "GRID") != "GRID":
            notes.append(f"{where}: sheet {title!r} holds no cells and was left aside")
            continue
        grid = properties.get("gridProperties", {})
        merges = tuple(
            (
                (each.get("startRowIndex", 0), each.get("startColumnIndex", 0)),
                (each["endRowIndex"] - 1, each["endColumnIndex"] - 1),
            )
            for each in each.get("merges", [])
        )
        boxes.append(
            Box(
                title=title,
                sheet_id=int(properties.get("sheetId", 0)),
                top=0,
                left=0,
                bottom=int(grid.get("rowCount", 1)),
                right=int(grid.get("columnCount", 1)),
                is_visible=not properties.get("hidden", False),
                merges=merges,
            )
        )
    return boxes, notes


def _by_title(sheets: Sequence[Box], wanted: str | None, where: str) -> list[Box]:
    if wanted is None:
        return [box for box in sheets if box.is_visible]
    chosen = [box for box in sheets if box.title == wanted] or [
        box for box in sheets if fnmatchcase(box.title, wanted)
    ]
    if not chosen:
        raise SourceConfigError(
            f"reading {where}: no sheet is named {wanted!r}; it has "
            f"{_listed(box.title for box in sheets)}"
        )
    return chosen


def _named(
    area: Mapping[str, Any], sheets: Sequence[Box], name: str, where: str
) -> Box:
    """Turn a named range into a box; the service leaves zeros and open ends out."""
    for box in sheets:
        if box.sheet_id == int(area.get("sheetId", 0)):
            return _clip(
                box,
                (area.get("startRowIndex", 0), area.get("startColumnIndex", 0)),
                (
                    area.get("endRowIndex", box.bottom),
                    area.get("endColumnIndex", box.right),
                ),
                name,
                where,
            )
    raise SourceConfigError(
        f"reading {where}: the named range {name!r} lies on a sheet without cells; point "
        "it at a table"
    )


def _cut(box: Box, match: re.Match[str], text: str, where: str) -> Box:
    columns = [match.group("c0") or "", match.group("c1") or ""]
    rows = [match.group("r0") or "", match.group("r1") or ""]
    is_single = match.group("c1") is None
    if is_single:
        columns[1], rows[1] = columns[0], rows[0]
    left = column_index(columns[0]) if columns[0] else 0
    right = column_index(columns[1]) + 1 if columns[1] else box.right
    top = int(rows[0]) - 1 if rows[0] else 0
    bottom = int(rows[1]) if rows[1] else box.bottom
    # "C3:A1" means the same cells as "A1:C3".
    left, right = min(left, right - 1), max(left + 1, right)
    top, bottom = min(top, bottom - 1), max(top + 1, bottom)
    return _clip(box, (top, left), (bottom, right), text, where)


def _clip(
    box: Box, start: tuple[int, int], end: tuple[int, int], text: str, where: str
) -> Box:
    top, left = max(0, start[0]), max(0, start[1])
    bottom, right = min(end[0], box.bottom), min(end[1], box.right)
    if top >= bottom or left >= right:
        raise SourceConfigError(
            f"reading {where}: {text!r} lies outside sheet {box.title!r}, which has "
            f"{box.bottom} rows and {box.right} columns; correct the range"
        )
    return replace(box, top=top, left=left, bottom=bottom, right=right)


def _listed(names: Any) -> str:
    return ", ".join(map(repr, names)) or "none"
