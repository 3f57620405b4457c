"""Errors of the disk in words: full, read-only, not ours.

Belongs here: how the operating system, SQLite, DuckDB and dbt say it, and what to do.
Where such an error is caught is the business of commands and runs.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Final

_FULL: Final = (
    "the disk is full. Free space there (`tidycrm prune` removes what is no longer kept) "
    "and run the command again: a sync goes on from what was landed"
)
_READ_ONLY: Final = (
    "the disk is mounted read-only. Mount it for writing, or name another folder with "
    "--home, and run the command again"
)
_REFUSED: Final = (
    "this user may not read or write it. Run the command as the user that owns the "
    "folder, or give it to this one (`chown -R`)"
)
_FAILING: Final = (
    "the disk is full or failing. See how much is free there and what the system's log "
    "says of the disk; then run the command again"
)
_BY_NUMBER: Final = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _REFUSED,
    errno.EPERM: _REFUSED,
}
_BY_WORDS: Final = {
    "No space left on device": _FULL,
    "database or disk is full": _FULL,
    "Disk quota exceeded": _FULL,
    "disk I/O error": _FAILING,
    "File too large": _FULL,
    "Read-only file system": _READ_ONLY,
    "attempt to write a readonly database": _READ_ONLY,
    "Permission denied": _REFUSED,
}


def disk_trouble(error: BaseException) -> str | None:
    """What is the matter with the disk, and what to do; None for any other error.

    Args:
        error: As caught; its causes are looked at as well.

    Returns:
        Words that name the file but quote nothing else of the error.
    """
    for each in _causes(error):
        if isinstance(each, OSError) and each.errno in _BY_NUMBER:
            place = f"{each.filename}: " if each.filename else ""
            return place + _BY_NUMBER[each.errno]
        told = disk_trouble_in(str(each))
        if told is not None and type(each).__module__ != "builtins":
            return told
    return None


def disk_trouble_in(text: str) -> str | None:
    """The same, from the words of a program that tells no error number."""
    return next(
        (told for words, told in _BY_WORDS.items() if words.lower() in text.lower()),
        None,
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__
