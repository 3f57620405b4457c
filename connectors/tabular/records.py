"""Delimited records one by one: the careful reader, and the delimiter.

Belongs here: splitting bytes into records with exact rules for quotes, and recovery when
a quote is broken. Row loops are meant to be here: the careful reader serves the first
rows of every file, and whole files only where quotes are damaged (see `structure`).

Rules. A field that begins with a quote ends at the first quote that is followed by the
delimiter, a line end or the end of the file; doubled quotes inside stand for one; spaces
around the quotes are dropped. A quote inside an unquoted field is a character (`5" pipe`).
A record that breaks these rules never swallows its neighbours: its first line is tried
alone with inner quotes taken as characters, and set aside when that gives the wrong
number of cells. After a damaged line, lines with an odd number of quotes are set aside
too, because they may be the rest of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap

DELIMITERS = (",", ";", "\t", "|", "^", "`")
_SEP_LINE = re.compile(rb"sep=(.)\r?\n", re.IGNORECASE)
_TRIAL_RECORDS = 100

Buffer = bytes | mmap


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its cells, its first line, and whether it could be parsed."""

    line: int
    cells: list[str]
    is_broken: bool = False
    has_stray_quotes: bool = False
    raw: str = ""


class RecordReader:
    """Splits a buffer of clean UTF-8 into records.

    Args:
        buffer: The whole text, usually a memory map.
        delimiter: One ASCII character.
        width: Cells that a row should have; used only to judge damaged records.
    """

    def __init__(
        self, buffer: Buffer, delimiter: str, width: int | None = None
    ) -> None:
        self._buffer = buffer
        self._size = len(buffer)
        self._separator = delimiter.encode()
        self.width = width
        escaped = re.escape(self._separator)
        self._quoted = re.compile(
            rb'[ ]*"([^"]*(?:""[^"]*)*)"[ ]*(?=' + escaped + rb"|\r?\n|\r?\Z)"
        )
        # Lenient: inner quotes are characters; the last quote before a delimiter closes.
        self._lenient = re.compile(rb'[ ]*"([^\n]*?)"[ ]*(?=' + escaped + rb"|\r?\Z)")
        self._plain = re.compile(rb"[^" + escaped + rb"\n]*")

    def records(self, start: int = 0, line: int = 1) -> Iterator[Record]:
        """Yield every record from byte `start`, which is on physical line `line`."""
        position, in_damage = start, False
        while position < self._size:
            end = self._line_end(position)
            raw = self._buffer[position:end]
            if b'"' not in raw:
                cells = raw.removesuffix(b"\r").decode().split(self._separator.decode())
                yield Record(line, cells)
                position, line, in_damage = end + 1, line + 1, False
                continue
            if in_damage and raw.count(b'"') % 2:
                yield self._broken(line, raw)
                position, line = end + 1, line + 1
                continue
            parsed = self._strict(position)
            if parsed is not None and not self._swallowed(parsed, end):
                cells, stop = parsed
                lines = self._buffer[position:stop].count(b"\n")
                has_stray = self._has_stray(position, stop, cells)
                yield Record(line, cells, has_stray_quotes=has_stray)
                position, line, in_damage = stop + 1, line + 1 + lines, False
                continue
            alone = self._one_line(raw.removesuffix(b"\r"))
            if alone is not None and len(alone) == self.width:
                yield Record(line, alone, has_stray_quotes=True)
                in_damage = False
            else:
                yield self._broken(line, raw)
                in_damage = True
            position, line = end + 1, line + 1

    def _line_end(self, position: int) -> int:
        end = self._buffer.find(b"\n", position)
        return self._size if end < 0 else end

    @staticmethod
    def _broken(line: int, raw: bytes) -> Record:
        return Record(line, [], is_broken=True, raw=raw.rstrip(b"\r").decode())

    def _strict(self, position: int) -> tuple[list[str], int] | None:
        """Parse one record; None when a quoted field does not end as it must."""
        cells = []
        while True:
            match = self._quoted.match(self._buffer, position)
            if match is not None:
                cells.append(match[1].replace(b'""', b'"').decode())
            else:
                match = self._plain.match(self._buffer, position)
                if match is None or match[0].lstrip(b" ").startswith(b'"'):
                    return None
                cells.append(match[0].removesuffix(b"\r").decode())
            position = match.end()
            follower = self._buffer[position : position + 1]
            if follower == self._separator:
                position += 1
                continue
            if follower == b"\r":
                position += 1
            return cells, position

    def _swallowed(self, parsed: tuple[list[str], int], end: int) -> bool:
        """Whether a record over several lines has the wrong width and holds whole rows."""
        cells, stop = parsed
        if stop <= end or self.width is None or len(cells) == self.width:
            return False
        inner = self._buffer[end + 1 : stop].split(b"\n")
        whole = [self._one_line(line.removesuffix(b"\r")) for line in inner[:50]]
        return self.width > 1 and any(
            row is not None and len(row) == self.width for row in whole
        )

    def _one_line(self, raw: bytes) -> list[str] | None:
        """Parse one line with inner quotes as characters; None when that fails too."""
        cells, position = [], 0
        while True:
            match = self._quoted.match(raw, position) or self._lenient.match(
                raw, position
            )
            if match is not None:
                cells.append(match[1].replace(b'""', b'"').decode())
            else:
                match = self._plain.match(raw, position)
                if match is None or match[0].lstrip(b" ").startswith(b'"'):
                    return None
                cells.append(match[0].decode())
            position = match.end()
            if position >= len(raw):
                return cells
            if raw[position : position + 1] == b"\r":
                return cells
            position += 1
            if position == len(raw):
                return [*cells, ""]

    def _has_stray(self, start: int, stop: int, cells: list[str]) -> bool:
        quotes = self._buffer[start:stop].count(b'"')
        return bool(quotes % 2) and any('"' in cell for cell in cells)


def find_delimiter(sample: bytes, *, is_complete: bool) -> tuple[str, int, int]:
    """Find the delimiter of a text by its first records.

    Each candidate splits the sample; the winner gives the most rows the same number of
    cells, wider tables winning ties. Excel's own hint line `sep=;` decides at once.

    Args:
        sample: The first bytes of the text.
        is_complete: Whether the sample is the whole text, so that its last line counts.

    Returns:
        The delimiter, the byte at which records start, and the line of that byte.
    """
    hint = _SEP_LINE.match(sample)
    if hint is not None:
        return hint[1].decode(), hint.end(), 2
    if not is_complete and b"\n" in sample:
        sample = sample[: sample.rindex(b"\n")]
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        if delimiter.encode() not in sample:
            continue
        widths: Counter[int] = Counter()
        for record in RecordReader(sample, delimiter).records():
            if any(cell.strip() for cell in record.cells):
                widths[len(record.cells)] += 1
            if widths.total() >= _TRIAL_RECORDS:
                break
        if not widths:
            continue
        width, rows = max(
            widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[0])
        )
        if width < 2:
            continue
        score = rows / widths.total() + min(width, 50) / 1000
        if score > best_score:
            best, best_score = delimiter, score
    return best, 0, 1
