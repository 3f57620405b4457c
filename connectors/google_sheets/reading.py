"""Brings the cells of a spreadsheet to the local disk and reads them as tables.

Belongs here: portions, edits that happen meanwhile, spool files. Memory holds one portion.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.errors import ServiceUnavailableError, SourceConfigError, SpoolError
from connectors.google_sheets.cells import Cell, merge_renderings
from connectors.google_sheets.client import GoogleClient
from connectors.google_sheets.config import GoogleTableConfig
from connectors.google_sheets.ranges import Box, Portion, plan, resolve
from connectors.landing import InputFingerprint
from connectors.mapped_tables import FoundTable
from connectors.tabular import Grid, read_grid

_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetCopy:
    """Cells of one box on disk, one JSON list per row; `title` is the spreadsheet's."""

    spreadsheet_id: str
    title: str
    box: Box
    path: Path
    sha256: str
    rows: int
    width: int

    @property
    def fingerprint(self) -> InputFingerprint:
        """Identity by content; a renamed sheet is news, since its name lands too."""
        return InputFingerprint(
            name=f"{self.spreadsheet_id}:{self.title}:{self.box.a1}",
            sha256=self.sha256,
            bytes=self.path.stat().st_size,
        )


@dataclass(frozen=True, slots=True)
class Fetched:
    """All boxes of one spreadsheet, and remarks."""

    copies: tuple[SheetCopy, ...]
    notes: tuple[str, ...]


def fetch(
    client: GoogleClient,
    spreadsheet_id: str,
    table: GoogleTableConfig,
    *,
    cells_per_call: int,
    workdir: Path,
) -> Fetched:
    """Copy the cells of a table entry from one spreadsheet.

    What takes several calls is read again when the spreadsheet was edited meanwhile,
    because inserted rows move the others.

    Raises:
        ServiceUnavailableError: It was edited during every attempt.
        SourceConfigError: The sheet or range is not there.
    """
    title = spreadsheet_id
    for _ in range(_ATTEMPTS):
        document = client.spreadsheet(spreadsheet_id)
        title = str(document.get("properties", {}).get("title") or spreadsheet_id)
        boxes, notes = resolve(document, table, title)
        groups = list(plan(boxes, cells_per_call))
        is_long = len(groups) > 1
        before = client.version(spreadsheet_id) if is_long else None
        spools = [_Spool(workdir, box) for box in boxes]
        try:
            is_whole = all(_copy(client, spreadsheet_id, g, spools) for g in groups)
        except SourceConfigError as error:
            raise SourceConfigError(
                f"reading {title}: {error} Is it a Google Sheet (an uploaded Office file "
                "must be saved as one first), and is every range inside its sheet?"
            ) from error
        finally:
            for spool in spools:
                spool.close()
        if is_whole and is_long:
            is_whole = client.version(spreadsheet_id) == before
            if before is None:
                notes.append(
                    f"{title}: it was read in {len(groups)} portions, and Drive did not "
                    "tell whether it was edited meanwhile; enable the Google Drive API"
                )
        if is_whole:
            copies = tuple(spool.finish(spreadsheet_id, title) for spool in spools)
            client.count_rows(sum(copy.rows for copy in copies))
            return Fetched(copies, tuple(notes))
    raise ServiceUnavailableError(
        f"reading {title}: it was edited during each of {_ATTEMPTS} attempts; a quiet "
        "moment was expected. Nothing was landed; run again later"
    )


def read_copy(
    copy: SheetCopy, table: GoogleTableConfig, workdir: Path
) -> FoundTable | None:
    """Read a copied box as a table; None when it is blank."""
    with copy.path.open(encoding="utf-8") as stream:
        grid = Grid(
            name=f"{copy.title} [{copy.box.title}]",
            sheet=copy.box.title,
            rows=_rows(stream, copy.width),
            width=copy.width,
            merges=copy.box.relative_merges(),
            first_line=copy.box.top + 1,
            is_visible=copy.box.is_visible,
        )
        read = read_grid(grid, table.read_options(), workdir=workdir)
    if read is None:
        return None
    named = InputFingerprint(
        name=copy.title, sha256=copy.sha256, bytes=copy.path.stat().st_size
    )
    return FoundTable(input=named, member=None, read=read)


def _rows(stream: Iterator[str], width: int) -> Iterator[list[Any]]:
    """Parse rows and fill them up: the service cuts blank cells off their ends."""
    for line in stream:
        row = ["" if cell is None else cell for cell in json.loads(line)]
        yield row + [""] * (width - len(row))


def _copy(
    client: GoogleClient,
    spreadsheet_id: str,
    group: Sequence[Portion],
    spools: Sequence[_Spool],
) -> bool:
    """Copy one group of portions; False when it was edited between two renderings."""
    ranges = [portion.box.a1 for portion in group]
    serial = client.values(spreadsheet_id, ranges, dates="SERIAL_NUMBER")
    shown = client.values(spreadsheet_id, ranges, dates="FORMATTED_STRING")
    for portion, numbers, texts in zip(group, serial, shown, strict=True):
        rows = merge_renderings(numbers, texts)
        if rows is None:
            return False
        spools[portion.number].add(portion.box, rows)
    return True


@dataclass(slots=True)
class _Spool:
    """Rows of one box on their way to disk; blank rows at the end are not written."""

    folder: Path
    box: Box
    path: Path = field(init=False)
    rows: int = 0
    width: int = 1
    _stream: Any = field(init=False)
    _digest: Any = field(init=False)
    _blank: int = 0

    def __post_init__(self) -> None:
        self.path = self.folder / f"cells-{uuid.uuid4().hex}.jsonl"
        self._stream = self.path.open("wb")
        self._digest = hashlib.sha256()

    def add(self, part: Box, rows: Sequence[Sequence[Cell]]) -> None:
        """Take the rows of a portion; the service cuts off blank rows at its end."""
        try:
            for row in rows:
                if not row:
                    self._blank += 1
                    continue
                self._write(b"[]\n" * self._blank)
                self._write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
                self.rows += self._blank + 1
                self._blank = 0
                self.width = max(self.width, len(row))
        except OSError as error:
            raise SpoolError(
                f"spooling sheet {self.box.title!r}: row {self.rows} could not be written "
                f"({error.strerror or type(error).__name__}). Free disk space below the "
                "landing folder and run again; nothing was lost"
            ) from error
        self._blank += part.bottom - part.top - len(rows)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def finish(self, spreadsheet_id: str, title: str) -> SheetCopy:
        """Give the finished copy."""
        return SheetCopy(
            spreadsheet_id=spreadsheet_id,
            title=title,
            box=self.box,
            path=self.path,
            sha256=self._digest.hexdigest(),
            rows=self.rows,
            width=self.width,
        )

    def _write(self, data: bytes) -> None:
        self._digest.update(data)
        self._stream.write(data)
