"""A disk that takes no more, whichever library notices it.

Belongs here: telling that one fault from all others, and saying what to do. Python,
Polars and DuckDB each have their own error for it.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl

from connectors.errors import SpoolError

_NUMBERS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# What libraries say that hide the number; the last one is DuckDB's when it cannot spill.
_WORDS = (
    "no space left on device",
    "disk quota exceeded",
    "file too large",
    "max_temp_directory_size",
)
# What Polars says when only the end of a file did not fit; a damaged file sounds the same.
_UNCLEAR = "transport error"
_ALMOST_NOTHING = 64 << 20


def is_disk_full(error: BaseException, folder: Path | None = None) -> bool:
    """Whether an error means that the disk takes no more.

    Args:
        error: Any error.
        folder: Folder on that disk, to look at where the words are not clear.

    Example:
        >>> is_disk_full(OSError(28, "No space left on device")), is_disk_full(OSError())
        (True, False)
    """
    if isinstance(error, OSError):
        return error.errno in _NUMBERS
    if isinstance(error, pl.exceptions.PolarsError | duckdb.Error):
        text = str(error).lower()
        if any(words in text for words in _WORDS):
            return True
        return folder is not None and _UNCLEAR in text and _has_no_room(folder)
    return False


def _has_no_room(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _ALMOST_NOTHING
    except OSError:
        return False


@contextmanager
def telling_full_disk(doing: str, folder: Path) -> Iterator[None]:
    """Turn any library's word for a full disk into one error; let all others pass.

    Args:
        doing: What is being done, for the message.
        folder: Folder that lies on the disk.

    Raises:
        SpoolError: The disk takes no more.
    """
    try:
        yield
    except (OSError, pl.exceptions.PolarsError, duckdb.Error) as error:
        if not is_disk_full(error, folder):
            raise
        # The library's words name files of ours only, but may be long.
        raise SpoolError(
            f"{doing}: the disk of folder {folder.name!r} is full "
            f"({type(error).__name__}); room for what is being read, twice over, was "
            "expected there. Free space or move the folder to a larger disk, then run "
            "again: nothing that was landed is lost, and what is missing is read then"
        ) from None
