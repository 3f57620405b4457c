"""Which files an export folder holds, and which of them belong together.

Belongs here: walking a path or glob, and the rule that every directory which directly
contains matching files is one snapshot. No parsing, nothing about a vendor.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from connectors.arrivals import Gate
from connectors.errors import SourceFileError, SourceFileMissingError
from connectors.landing import InputFingerprint, fingerprint_file

# Accepted: "12" in "2026-12". Rejected: "no digits".
_DIGITS = re.compile(r"(\d+)")
# Left behind by archivers, editors and operating systems; never an export.
_LITTER_PREFIXES = (".", "~$", "__MACOSX")


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """One file of a snapshot; `fingerprint.name` is the path below the listing's root."""

    path: Path
    fingerprint: InputFingerprint

    @property
    def name(self) -> str:
        """Path below the root, with `/`."""
        return self.fingerprint.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All files of one directory, in natural order of their names."""

    directory: str
    files: tuple[InputFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Everything found below one configured path.

    Attributes:
        snapshots: In natural order of their directories.
        ignored: Names of visible files of other kinds.
        waiting: Files that are not complete yet, with the reason, and what waits for them.
    """

    snapshots: tuple[Snapshot, ...]
    ignored: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()

    @property
    def fingerprints(self) -> tuple[InputFingerprint, ...]:
        """Fingerprints of every file, in reading order."""
        return tuple(
            file.fingerprint for snapshot in self.snapshots for file in snapshot.files
        )


def natural_key(name: str) -> tuple[tuple[tuple[int, int, str], ...], ...]:
    """Order names as people do: numbers by value, letters without case, per folder.

    Example:
        >>> sorted(["export-10", "Export-9", "export-9b"], key=natural_key)
        ['Export-9', 'export-9b', 'export-10']
    """
    return tuple(
        tuple(
            (0, int(piece), "") if piece.isdigit() else (1, 0, piece.casefold())
            for piece in _DIGITS.split(part)
            if piece
        )
        for part in PurePosixPath(name).parts
    )


def find_snapshots(
    path: str,
    suffixes: frozenset[str],
    *,
    source: str,
    gate: Gate | None = None,
    is_full: bool = True,
) -> Listing:
    """List the snapshots below a folder, a file or a glob, and hash their files.

    Args:
        path: Folder (searched at any depth), file, or glob with `*`, `?`, `[...]`, `**`.
        suffixes: Accepted file suffixes, lower-case, with the dot.
        source: Name of the source, for messages.
        gate: Tells which files are complete; None takes all.
        is_full: Whether absence means deletion: then a snapshot waits as a whole.

    Raises:
        SourceFileMissingError: Nothing lies there, or no file of an accepted kind.
        SourceFileError: A file cannot be opened.
    """
    pattern = str(Path(path).expanduser())
    if glob.has_magic(pattern) and not Path(pattern).exists():
        root = _fixed_part(Path(pattern))
        below = str(Path(pattern).relative_to(root))
        starts = sorted(root.glob(below)) if root.is_dir() else []
    else:
        starts = [Path(pattern)] if Path(pattern).exists() else []
        root = Path(pattern) if Path(pattern).is_dir() else Path(pattern).parent
    expected = ", ".join(sorted(suffixes))
    if not starts:
        raise SourceFileMissingError(
            f"reading source {source!r}: nothing lies at {path!r}; expected a folder or "
            f"files of kind {expected}. Correct the path, or set `optional: true` if it "
            "may be absent"
        )
    found: dict[Path, None] = {}
    ignored: dict[str, None] = {}
    waiting: dict[str, str] = {}
    for file in (file for start in starts for file in _walk(start)):
        name = _relative(file, root)
        if gate is not None and gate.is_unfinished_name(file):
            waiting[name] = "it bears the name of an unfinished file"
        elif gate is not None and gate.is_marker(file):
            continue
        elif file.suffix.lower() not in suffixes:
            ignored[name] = None
        elif gate is not None and (reason := gate.reason_to_wait(file)):
            waiting[name] = reason
        else:
            found[file] = None
    if gate is not None:
        gate.remember()
    if not found and not waiting:
        raise SourceFileMissingError(
            f"reading source {source!r}: {path!r} holds no file of kind {expected} "
            f"({len(ignored)} files of other kinds). Put the exports there, or correct "
            "the path"
        )
    by_directory: dict[str, list[InputFile]] = {}
    for file in sorted(found, key=lambda item: natural_key(_relative(item, root))):
        name = _relative(file, root)
        directory = str(PurePosixPath(name).parent)
        by_directory.setdefault(directory, []).append(_fingerprint(file, name, source))
    ready, held = _hold(sorted(by_directory, key=_directory_key), waiting, is_full)
    return Listing(
        snapshots=tuple(
            Snapshot(directory=directory, files=tuple(by_directory[directory]))
            for directory in ready
        ),
        ignored=tuple(sorted(ignored, key=natural_key)),
        waiting=(*(f"{name}: {why}" for name, why in sorted(waiting.items())), *held),
    )


def _hold(
    directories: list[str], waiting: Mapping[str, str], is_full: bool
) -> tuple[list[str], list[str]]:
    """Hold back snapshots that wait for a file, and all after the first of them.

    A full snapshot without one of its files would delete that file's records. A later
    snapshot that is read first would make the earlier one too old to be read.
    """
    if not waiting:
        return directories, []
    incomplete = {str(PurePosixPath(name).parent) for name in waiting}
    first = min(incomplete, key=_directory_key)
    ready = [
        directory
        for directory in directories
        if _directory_key(directory) < _directory_key(first)
        or (directory == first and not is_full)
    ]
    held = [directory for directory in directories if directory not in ready]
    return ready, [f"folder {directory!r} waits for that" for directory in held]


def _directory_key(name: str) -> tuple[Any, str]:
    # The name itself settles names that differ in letter case only.
    return natural_key(name), name


def _fixed_part(pattern: Path) -> Path:
    """Give the longest leading folder of a glob that has no wildcard."""
    fixed = Path(pattern.anchor)
    for part in pattern.parts[len(fixed.parts) : -1]:
        if glob.has_magic(part):
            break
        fixed /= part
    return fixed


def _walk(start: Path) -> Iterator[Path]:
    if start.is_file():
        yield start
        return
    for folder, subfolders, files in os.walk(start, followlinks=True):
        subfolders[:] = sorted(name for name in subfolders if not _is_litter(name))
        for name in sorted(files):
            if not _is_litter(name):
                yield Path(folder, name)


def _is_litter(name: str) -> bool:
    return name.startswith(_LITTER_PREFIXES)


def _relative(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix()


def _fingerprint(file: Path, name: str, source: str) -> InputFile:
    try:
        read = fingerprint_file(file)
    except OSError as error:
        raise SourceFileError(
            f"reading source {source!r}: file {name!r} cannot be opened "
            f"({type(error).__name__}); check its permissions and that no other program "
            "holds it"
        ) from error
    return InputFile(
        path=file,
        fingerprint=InputFingerprint(name=name, sha256=read.sha256, bytes=read.bytes),
    )
