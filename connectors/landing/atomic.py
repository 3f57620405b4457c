"""Durable, all-or-nothing writes inside one landing folder.

Belongs here: working folders, locks, fsync and rename. Nothing about tables.

A process may be killed at any instant. Work happens under `_tmp/<id>/`, guarded by a
lock file that the system releases with the process; a folder whose lock is free has no
owner any more and is removed at the next start.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from connectors.errors import LandingBusyError

_TMP = "_tmp"
_LOCKS = "_locks"


@contextmanager
def working_folder(root: Path) -> Iterator[Path]:
    """Give a private folder below `root` that is removed on leaving, whatever happens."""
    tmp = root / _TMP
    tmp.mkdir(parents=True, exist_ok=True)
    name = uuid.uuid4().hex
    lock_path = tmp / f"{name}.lock"
    lock = FileLock(lock_path)
    with lock:
        folder = tmp / name
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock_path.unlink(missing_ok=True)


def remove_abandoned(root: Path) -> int:
    """Remove working folders whose process is gone; return how many."""
    tmp = root / _TMP
    if not tmp.is_dir():
        return 0
    removed = 0
    for lock_path in sorted(tmp.glob("*.lock")):
        lock = FileLock(lock_path)
        try:
            with lock.acquire(timeout=0):
                shutil.rmtree(tmp / lock_path.stem, ignore_errors=True)
                lock_path.unlink(missing_ok=True)
                removed += 1
        except Timeout:
            continue  # its owner is alive
    for folder in sorted(path for path in tmp.iterdir() if path.is_dir()):
        if not (tmp / f"{folder.name}.lock").exists():
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed


@contextmanager
def source_lock(
    root: Path, source_type: str, source_name: str, timeout: float
) -> Iterator[None]:
    """Hold the one writer's place of a source."""
    folder = root / _LOCKS
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{source_type}.{source_name}.lock")
    try:
        with lock.acquire(timeout=timeout):
            yield
    except Timeout as error:
        raise LandingBusyError(
            f"source {source_name!r} ({source_type}) is being written by another process "
            f"and was still busy after {timeout:g} s; wait for that sync to end and try "
            "again"
        ) from error


def move_into_place(folder: Path, target: Path) -> None:
    """Make every byte of `folder` durable, then let it appear as `target` at once."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            _sync(path)
    _sync(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(target)
    _sync(target.parent)


def replace_file(source: Path, target: Path) -> None:
    """Make one file durable, then let it appear (or replace another) at once."""
    _sync(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
    _sync(target.parent)


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Replace a small JSON file atomically and durably."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        beside.write_text(
            json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        _sync(beside)
        beside.replace(path)
        _sync(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Flush a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
