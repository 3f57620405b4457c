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

_BLOCK = 4 * 1024 * 1024  # masks of a block stay in the cache
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
            if was_closing and data[0] not in (separator, _LF, _CR, _QUOTE):
                return _irregular()
            is_line_end, is_separator = data == _LF, data == separator
            all_line_ends = np.flatnonzero(is_line_end)
            line_ends, was_closing = all_line_ends, False
            is_quote = data == _QUOTE
            if inside or bool(is_quote.any()):
                has_quotes = True
                is_inside = np.bitwise_xor.accumulate(is_quote)
                if inside:
                    np.logical_not(is_inside, out=is_inside)
                neighbours = _Neighbours(is_line_end, is_separator, is_quote)
                if not neighbours.are_regular(data, is_inside, previous, separator):
                    return _irregular()
                is_outside = ~is_inside
                line_ends = np.flatnonzero(is_line_end & is_outside)
                is_separator &= is_outside
                inside = int(is_inside[-1])
                was_closing = not inside and bool(is_quote[-1])
            separators = np.flatnonzero(is_separator)
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


@dataclass(frozen=True, slots=True, eq=False)
class _Neighbours:
    """Masks of the bytes that may stand beside a quote."""

    is_line_end: npt.NDArray[np.bool_]
    is_separator: npt.NDArray[np.bool_]
    is_quote: npt.NDArray[np.bool_]

    def are_regular(
        self,
        data: npt.NDArray[np.uint8],
        is_inside: npt.NDArray[np.bool_],
        previous: int,
        separator: int,
    ) -> bool:
        """Check what stands before every opening and after every closing quote.

        `is_inside` is true from an opening quote up to the byte before the closing one.
        The follower of the block's last byte is checked with the next block.
        """
        may_stand_before = self.is_line_end | self.is_separator | self.is_quote
        opening = self.is_quote & is_inside
        if bool((opening[1:] & ~may_stand_before[:-1]).any()):
            return False
        if opening[0] and previous not in (separator, _LF, _QUOTE):
            return False
        may_stand_after = may_stand_before | (data == _CR)
        closing = self.is_quote & ~is_inside
        return not bool((closing[:-1] & ~may_stand_after[1:]).any())


def _irregular() -> Structure:
    none = np.array([], dtype=np.int64)
    return Structure(none.astype(np.int32), none, none, none, True, False)
