"""Which files a table entry means, and the tables inside them.

Belongs here: globs, ZIP members and sheets. Nothing about columns.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from connectors.arrivals import Gate, Place
from connectors.errors import SourceFileError, SourceFileMissingError
from connectors.landing import InputFingerprint, fingerprint_file
from connectors.mapped_tables import FoundTable
from connectors.spreadsheet.config import TableConfig
from connectors.tabular import (
    FileKind,
    TableRead,
    detect_kind,
    open_archive_members,
    read_delimited,
    read_workbook,
)

SUFFIXES = frozenset(
    {".csv", ".tsv", ".tab", ".txt", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".zip"}
)
_LITTER = (".", "~$", "__MACOSX")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """One file that a table entry matched."""

    path: Path
    fingerprint: InputFingerprint


def find_files(
    table: TableConfig,
    source: str,
    *,
    place: Place | None = None,
    waiting: list[str] | None = None,
) -> list[FoundFile]:
    """List the files of an entry, by name; files that two patterns share appear once.

    Args:
        table: The entry.
        source: Name of the source, for messages.
        place: Where to look and which files are complete; the path as it is when None.
        waiting: Receives the files that are not complete yet, with the reason.

    Raises:
        SourceFileMissingError: Nothing matches and the entry is not optional.
    """
    place = place or Place(table.path)
    gate, held = place.gate, [] if waiting is None else waiting
    known = len(held)
    where = Path(place.path).expanduser()
    if where.is_dir() and place.path != table.path:
        candidates = [path for path in where.rglob("*") if _is_wanted(path, gate)]
    elif where.is_dir():
        candidates = [path for path in where.iterdir() if _is_wanted(path, gate)]
    elif where.is_file():
        candidates = [where]
    else:
        candidates = [Path(text) for text in _glob(str(where))]
    paths = []
    for path in sorted(candidates):
        if not path.is_file() or _is_litter(path.name):
            continue
        if gate is not None and gate.is_unfinished_name(path):
            held.append(f"{path.name}: it bears the name of an unfinished file")
        elif gate is not None and gate.is_marker(path):
            continue
        elif gate is not None and (reason := gate.reason_to_wait(path)):
            held.append(f"{path.name}: {reason}")
        else:
            paths.append(path)
    if gate is not None:
        gate.remember()
    if not paths and len(held) == known and not table.optional:
        raise SourceFileMissingError(
            f"source {source!r}, {table.object.value}: no file matches {table.path}; check "
            "the path, or set `optional: true` if it may be absent"
        )
    return [FoundFile(path=path, fingerprint=fingerprint_file(path)) for path in paths]


def _is_wanted(path: Path, gate: Gate | None) -> bool:
    is_table = path.suffix.lower() in SUFFIXES
    return is_table or (gate is not None and gate.is_unfinished_name(path))


def read_tables(
    found: FoundFile, table: TableConfig, workdir: Path
) -> Iterator[FoundTable]:
    """Read every table of one file as raw text."""
    kind = detect_kind(found.path)
    if kind is not FileKind.ARCHIVE:
        for read in _read(found.path, found.path.name, table, workdir):
            yield FoundTable(input=found.fingerprint, member=None, read=read)
        return
    count = 0
    for member in open_archive_members(found.path, workdir, wanted=_is_table):
        name = f"{found.path.name}/{member.name}"
        for read in _read(member.path, name, table, workdir):
            yield FoundTable(input=found.fingerprint, member=member.name, read=read)
        count += 1
    if not count:
        raise SourceFileError(
            f"reading {found.path.name}: the ZIP holds no CSV, text or workbook; point the "
            "table at another file"
        )


def _read(path: Path, name: str, table: TableConfig, workdir: Path) -> list[TableRead]:
    kind = detect_kind(path)
    if kind in (FileKind.WORKBOOK, FileKind.HTML):
        return read_workbook(
            path, table.read_options(), sheet=table.sheet, name=name, workdir=workdir
        )
    return [read_delimited(path, table.read_options(), name=name, workdir=workdir)]


def _is_table(member: str) -> bool:
    inner = PurePosixPath(member)
    is_litter = any(_is_litter(part) for part in inner.parts)
    return inner.suffix.lower() in SUFFIXES and not is_litter


def _glob(pattern: str) -> list[str]:
    # Path.glob() takes no absolute pattern.
    return glob.glob(pattern, recursive=True)  # noqa: PTH207


def _is_litter(name: str) -> bool:
    return name.startswith(_LITTER)
