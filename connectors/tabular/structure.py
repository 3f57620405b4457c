"""The shape of a delimited text, found by vectorised passes over its bytes.

Belongs here: where records start, how many cells each has, and whether all quotes are
where RFC 4180 wants them. When they are, the fast reader may be trusted with the file;
when not, the careful one takes over.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

_BLOCK = 16 * 1024 * 1024
_QUOTE, _LF, _CR, _SPACE = 34, 10, 13, 32


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """Per record: cells, first physical line, first byte; `ends` is the last byte + 1.

    `is_regular` is False when a quote stands in the middle of a field, text follows a
    closing quote, or the last quote never closes.
    """

    cells: npt.NDArray[np.int32]
    lines: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    has_quotes: bool
    is_regular: bool

    def __len__(self) -> int:
        return len(self.cells)


def scan_structure(
    path: Path, delimiter: str, start: int = 0, line: int = 1
) -> Structure:
    """Scan a clean UTF-8 file from byte `start`, which is on physical line `line`.

    Stops early, with `is_regular` False, at the first quote that breaks the rules.
    """
    separator = ord(delimiter)
    cells: list[npt.NDArray[np.int64]] = []
    lines: list[npt.NDArray[np.int64]] = []
    ends: list[npt.NDArray[np.int64]] = []
    offset, physical = start, line
    carried_cells, inside, previous = 0, 0, _LF
    has_quotes, was_closing = False, False
    with path.open("rb") as stream:
        stream.seek(start)
        while block := stream.read(_BLOCK):
            data = np.frombuffer(block, dtype=np.uint8)
            line_ends = np.flatnonzero(data == _LF)
            separators = np.flatnonzero(data == separator)
            if was_closing and data[0] not in (separator, _LF, _CR, _QUOTE):
                return _irregular()
            quotes = np.flatnonzero(data == _QUOTE)
            all_line_ends = line_ends
            was_closing = False
            if len(quotes) or inside:
                has_quotes = True
                if not _quotes_are_regular(data, quotes, inside, previous, separator):
                    return _irregular()
                line_ends = _outside(line_ends, quotes, inside)
                separators = _outside(separators, quotes, inside)
                inside = (inside + len(quotes)) % 2
                was_closing = inside == 0 and data[-1] == _QUOTE
            before = np.searchsorted(separators, line_ends)
            counts = np.diff(before, prepend=0)
            if len(counts):
                counts[0] += carried_cells
                carried_cells = len(separators) - int(before[-1])
            else:
                carried_cells += len(separators)
            cells.append(counts + 1)
            lines.append(np.searchsorted(all_line_ends, line_ends) + 1 + physical)
            ends.append(line_ends + offset)
            physical += len(all_line_ends)
            offset += len(block)
            previous = int(data[-1])
    if inside:
        return _irregular()
    all_ends = np.concatenate(ends) if ends else np.array([], dtype=np.int64)
    all_cells = np.concatenate(cells) if cells else np.array([], dtype=np.int64)
    # `lines` holds the line after each record end: shifted, it is where the next starts.
    next_lines = np.concatenate(lines) if lines else np.array([], dtype=np.int64)
    tail = int(all_ends[-1]) + 1 if len(all_ends) else start
    if offset > tail:  # the last record has no line end
        all_ends = np.append(all_ends, offset)
        all_cells = np.append(all_cells, carried_cells + 1)
        next_lines = np.append(next_lines, 0)
    first_lines = np.empty_like(next_lines)
    starts = np.empty_like(all_ends)
    if len(next_lines):
        first_lines[0], first_lines[1:] = line, next_lines[:-1]
        starts[0], starts[1:] = start, all_ends[:-1] + 1
    return Structure(
        cells=all_cells.astype(np.int32),
        lines=first_lines,
        starts=starts,
        ends=all_ends,
        has_quotes=has_quotes,
        is_regular=True,
    )


def _outside(
    positions: npt.NDArray[np.intp], quotes: npt.NDArray[np.intp], inside: int
) -> npt.NDArray[np.intp]:
    """Keep positions that are not within quotes: an even number of quotes before."""
    parity = (np.searchsorted(quotes, positions) + inside) & 1
    kept: npt.NDArray[np.intp] = positions[parity == 0]
    return kept


def _quotes_are_regular(
    data: npt.NDArray[np.uint8],
    quotes: npt.NDArray[np.intp],
    inside: int,
    previous: int,
    separator: int,
) -> bool:
    """Check the neighbours of every quote of a block.

    The last byte's follower lies in the next block and is checked there.
    """
    is_opening = ((np.arange(len(quotes)) + inside) & 1) == 0
    opening, closing = quotes[is_opening], quotes[~is_opening]
    if len(opening):
        before = np.where(opening > 0, data[opening - 1], previous)
        allowed = (before == separator) | (before == _LF) | (before == _QUOTE)
        if not bool(allowed.all()):
            return False
    closing = closing[closing < len(data) - 1]
    if len(closing):
        after = data[closing + 1]
        allowed = (
            (after == separator) | (after == _LF) | (after == _CR) | (after == _QUOTE)
        )
        if not bool(allowed.all()):
            return False
    return True


def _irregular() -> Structure:
    none = np.array([], dtype=np.int64)
    return Structure(none.astype(np.int32), none, none, none, True, False)
