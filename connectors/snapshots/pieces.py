"""The tables of a snapshot: loose files and members of ZIPs, each readable on its own.

Belongs here: unpacking what is wanted and naming each piece for messages and for the
`_source_file` column. Reading a piece is `tabular`, understanding it is the vendor's.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from connectors.errors import BrokenArchiveError
from connectors.landing import SourceFile
from connectors.snapshots.discovery import InputFile
from connectors.tabular import ArchiveLimits, TableRead, open_archive_members

# A Data Export carries every attachment as a member of its own; those are never unpacked.
_LIMITS = ArchiveLimits(max_members=2_000_000)
_LITTER = "__MACOSX/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One table of a snapshot.

    Attributes:
        file: The file of the snapshot.
        member: Name inside the ZIP, if the file is one.
        path: Where the bytes lie now.
    """

    file: InputFile
    member: str | None
    path: Path

    @property
    def label(self) -> str:
        """How messages and `_source_file` call the piece: base name, then the member."""
        base = PurePosixPath(self.file.name).name
        return base if self.member is None else f"{base}/{self.member}"

    @property
    def stem(self) -> str:
        """Name of the table's own file without its suffix."""
        return PurePosixPath(self.member or self.file.name).stem

    @property
    def suffix(self) -> str:
        """Suffix of the table's own file, lower-case."""
        return PurePosixPath(self.member or self.file.name).suffix.lower()

    @property
    def match_names(self) -> tuple[str, ...]:
        """Names that a glob of the configuration may match."""
        names = [self.file.name, PurePosixPath(self.file.name).name]
        if self.member is not None:
            base = PurePosixPath(self.member).name
            names += [f"{self.file.name}/{self.member}", self.label, self.member, base]
        return tuple(dict.fromkeys(names))

    def source_file(self, rows: int, table: TableRead) -> SourceFile:
        """Describe the piece for the manifest: its rows and how the table was read."""
        return SourceFile(
            name=self.file.name,
            sha256=self.file.fingerprint.sha256,
            bytes=self.file.fingerprint.bytes,
            rows=rows,
            member=self.member,
            sheet=table.sheet,
            header=table.header.texts,
            delimiter=table.delimiter,
        )


def is_zip(file: InputFile) -> bool:
    """Whether a file is a ZIP by its name, in any letter case."""
    return file.path.suffix.lower() == ".zip"


def count_members(file: InputFile, wanted: Callable[[str], bool]) -> tuple[int, int]:
    """Count wanted and other members of a ZIP, without unpacking any."""
    with _readable(file):
        names = [info.filename for info in _members(file)]
        chosen = sum(wanted(name) for name in names)
        return chosen, len(names) - chosen


def open_pieces(
    file: InputFile, workdir: Path, wanted: Callable[[str], bool]
) -> Iterator[Piece]:
    """Give the tables of one file one after the other.

    Args:
        file: A loose file or a ZIP.
        workdir: Folder for unpacked members; each is removed once the next is asked for.
        wanted: Chooses the members of a ZIP by name.

    Raises:
        BrokenArchiveError: The ZIP is truncated, damaged or protected by a password.
        ArchiveLimitError: The ZIP is unsafe to unpack.
    """
    if not is_zip(file):
        yield Piece(file=file, member=None, path=file.path)
        return

    def chosen(name: str) -> bool:
        return not name.startswith(_LITTER) and wanted(name)

    for member in open_archive_members(
        file.path, workdir, wanted=chosen, limits=_LIMITS
    ):
        yield Piece(file=file, member=member.name, path=member.path)
        member.path.unlink(missing_ok=True)


def _members(file: InputFile) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(file.path) as archive:
        return [info for info in archive.infolist() if not info.is_dir()]


@contextmanager
def _readable(file: InputFile) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise BrokenArchiveError(
            f"unpacking {file.name}: the ZIP is truncated or damaged "
            f"({type(error).__name__}); download or copy it again"
        ) from error
