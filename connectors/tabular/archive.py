"""ZIPs that come from outside: checked first, unpacked under names of our own.

Belongs here: the limits against bombs, the refusal of unsafe names, and what a file is by
its first bytes. Member names never become paths, so that no archive can write elsewhere.
"""

from __future__ import annotations

import stat
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path, PurePosixPath

from connectors.errors import (
    ArchiveLimitError,
    BrokenArchiveError,
    SourceFileMissingError,
)
from connectors.tabular.model import ArchiveLimits, ArchiveMember

_BLOCK = 1024 * 1024
# Workbooks inside a ZIP are normal (HubSpot zips large exports) and checked on their own.
_NESTED = (".zip", ".jar", ".7z", ".gz", ".tgz", ".rar", ".bz2", ".xz")
WORKBOOK_LIMITS = ArchiveLimits(
    max_total_bytes=4 * 1024**3,
    max_member_bytes=2 * 1024**3,
    max_ratio=400.0,
    ratio_applies_above_bytes=64 * 1024**2,
)


class FileKind(StrEnum):
    """What a file is, whatever its extension says."""

    DELIMITED = "delimited"
    WORKBOOK = "workbook"
    ARCHIVE = "archive"
    HTML = "html"


def detect_kind(path: Path) -> FileKind:
    """Tell text, workbook and ZIP apart by content.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "report.xls"
        >>> _ = path.write_text("id,name")
        >>> detect_kind(path).value
        'delimited'
    """
    if not path.is_file():
        raise SourceFileMissingError(
            f"reading {path}: there is no such file; check the path"
        )
    with path.open("rb") as stream:
        head = stream.read(2048)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return FileKind.WORKBOOK
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, OSError):
            is_office = path.suffix.lower() in (".xlsx", ".xlsm", ".xlsb", ".ods")
            return FileKind.WORKBOOK if is_office else FileKind.ARCHIVE
        is_book = any(name.startswith("xl/") for name in names) or (
            "content.xml" in names and "mimetype" in names
        )
        return FileKind.WORKBOOK if is_book else FileKind.ARCHIVE
    start = head.lstrip(b"\xef\xbb\xbf\r\n\t ").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<?xml")):
        return FileKind.HTML
    return FileKind.DELIMITED


def open_archive_members(
    path: Path,
    workdir: Path,
    *,
    wanted: Callable[[str], bool] | None = None,
    limits: ArchiveLimits | None = None,
) -> Iterator[ArchiveMember]:
    """Unpack the wanted members of a ZIP one by one, in archive order.

    The whole directory of the archive is checked before the first byte is unpacked.

    Args:
        path: The archive.
        workdir: Folder for the unpacked files, which get names of our own.
        wanted: Chooses members by name; folders are never unpacked.
        limits: What the archive may be.

    Raises:
        BrokenArchiveError: Truncated, damaged or protected by a password.
        ArchiveLimitError: Too large, too dense, nested, or with unsafe names.
    """
    limits = limits or ArchiveLimits()
    chosen = wanted or (lambda _: True)
    try:
        with zipfile.ZipFile(path) as archive:
            members = [
                info
                for info in archive.infolist()
                if not info.is_dir() and chosen(info.filename)
            ]
            check_members(path.name, archive.infolist(), members, limits)
            for info in members:
                target = workdir / f"member-{uuid.uuid4().hex}"
                size = _unpack(archive, info, target)
                yield ArchiveMember(name=info.filename, path=target, bytes=size)
    except FileNotFoundError as error:
        raise SourceFileMissingError(
            f"reading {path}: there is no such file; check the path"
        ) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise BrokenArchiveError(
            f"unpacking {path.name}: the ZIP is truncated or damaged "
            f"({type(error).__name__}); download or copy it again"
        ) from error


def check_members(
    name: str,
    everything: list[zipfile.ZipInfo],
    wanted: list[zipfile.ZipInfo],
    limits: ArchiveLimits,
) -> None:
    """Raise unless an archive's directory is within the limits."""
    if len(everything) > limits.max_members:
        raise ArchiveLimitError(
            f"unpacking {name}: {len(everything)} members, at most {limits.max_members} "
            "are accepted; split the archive"
        )
    total = sum(info.file_size for info in wanted)
    if total > limits.max_total_bytes:
        raise ArchiveLimitError(
            f"unpacking {name}: it would take {total} bytes, at most "
            f"{limits.max_total_bytes} are accepted; split the archive"
        )
    for number, info in enumerate(wanted, 1):
        _check_member(name, number, info, limits)


def _check_member(
    name: str, number: int, info: zipfile.ZipInfo, limits: ArchiveLimits
) -> None:
    inner = PurePosixPath(info.filename.replace("\\", "/"))
    where = f"unpacking {name}: member {number}"
    if inner.is_absolute() or ".." in inner.parts or ":" in inner.parts[0]:
        raise ArchiveLimitError(
            f"{where} has a path that leaves the archive; do not trust this file"
        )
    if stat.S_ISLNK(info.external_attr >> 16):
        raise ArchiveLimitError(f"{where} is a symbolic link; do not trust this file")
    if info.flag_bits & 0x1:
        raise BrokenArchiveError(
            f"{where} is protected by a password; unpack it yourself and pack it again "
            "without one"
        )
    if info.file_size > limits.max_member_bytes:
        raise ArchiveLimitError(
            f"{where} would take {info.file_size} bytes, at most "
            f"{limits.max_member_bytes} are accepted; split the export"
        )
    ratio = info.file_size / max(info.compress_size, 1)
    if info.file_size > limits.ratio_applies_above_bytes and ratio > limits.max_ratio:
        raise ArchiveLimitError(
            f"{where} expands {ratio:.0f} times, at most {limits.max_ratio:.0f} times is "
            "accepted: it looks like a ZIP bomb. If it is genuine, unpack it yourself"
        )
    if inner.suffix.lower() in _NESTED:
        raise ArchiveLimitError(
            f"{where} is itself an archive; unpack the outer one and point the source at "
            "the inner file"
        )


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> int:
    """Copy one member; its directory entry bounds what may come out."""
    size = 0
    with archive.open(info) as source, target.open("wb") as out:
        while block := source.read(_BLOCK):
            size += len(block)
            if size > info.file_size:
                raise ArchiveLimitError(
                    f"unpacking {archive.filename}: a member is larger than it claims; "
                    "do not trust this file"
                )
            out.write(block)
    return size
