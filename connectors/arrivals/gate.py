"""Whether a file is complete, or still being written.

Belongs here: the signs of an unfinished file, and the memory of what was seen before. A
file that only looks unfinished waits one run longer; one that is taken too early would
delete what its missing part holds.
"""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.arrivals.config import ArrivalConfig
from connectors.landing.atomic import write_json

UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart", ".download")
_ABANDONED_SECONDS = 86_400.0
_ZIPS = frozenset({".zip"})


@dataclass(slots=True)
class Gate:
    """Lets complete files pass.

    Attributes:
        config: When a file is complete.
        now: Time of this run, seconds since 1970.
        memory: File that remembers sizes and times between runs; None for files that
            were copied here and cannot change any more.
    """

    config: ArrivalConfig
    now: float
    memory: Path | None
    _seen: dict[str, Any] = field(default_factory=dict)
    _before: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.memory is not None:
            try:
                found = json.loads(self.memory.read_text(encoding="utf-8"))
                self._before = found if isinstance(found, dict) else {}
            except (OSError, ValueError):
                self._before = {}

    def is_marker(self, path: Path) -> bool:
        """Whether a file only says that another one is complete."""
        marker = self.config.done_marker
        if marker is None:
            return False
        return path.name.endswith(marker) if marker[0] == "." else path.name == marker

    def is_unfinished_name(self, path: Path) -> bool:
        """Whether a file bears a name that programs give while they write it.

        One that nobody touched for a day was abandoned and stops nothing.
        """
        if not path.name.lower().endswith(UNFINISHED):
            return False
        try:
            return self.now - path.stat().st_mtime < _ABANDONED_SECONDS
        except OSError:
            return False

    def reason_to_wait(self, path: Path) -> str | None:
        """Say why a file has to wait; None when it is complete."""
        if not self._has_marker(path):
            return f"its marker ({self.config.done_marker}) is not there yet"
        try:
            if not self._is_settled(path):
                return f"it changed within the last {self.config.settle_seconds:g} s"
            return _broken_zip(path)
        except OSError as error:
            return f"it cannot be opened yet ({type(error).__name__})"

    def remember(self) -> None:
        """Keep what was seen for the next run."""
        if self.memory is not None and self._seen != self._before:
            write_json(self.memory, self._seen)

    def _has_marker(self, path: Path) -> bool:
        marker = self.config.done_marker
        if marker is None:
            return True
        name = f"{path.name}{marker}" if marker[0] == "." else marker
        return path.with_name(name).exists()

    def _is_settled(self, path: Path) -> bool:
        """Whether it has been the same long enough, by its times or as we saw it."""
        if self.memory is None:
            return True
        found = path.stat()
        # A copied file may keep an old time; on POSIX the inode tells when it changed.
        changed = found.st_mtime
        if os.name == "posix":
            changed = max(changed, found.st_ctime)
        now_seen = {"size": found.st_size, "changed": changed, "first": self.now}
        before = self._before.get(str(path), {})
        if (before.get("size"), before.get("changed")) == (found.st_size, changed):
            now_seen["first"] = min(float(before.get("first", self.now)), self.now)
        self._seen[str(path)] = now_seen
        oldest = min(changed, float(now_seen["first"]))
        return self.now - oldest >= self.config.settle_seconds


def _broken_zip(path: Path) -> str | None:
    """Notice a ZIP without its directory, which is written last."""
    with path.open("rb") as stream:
        is_zip = stream.read(2) == b"PK"
    if not is_zip and path.suffix.lower() not in _ZIPS:
        return None
    try:
        with zipfile.ZipFile(path):
            return None
    except zipfile.BadZipFile:
        return "its ZIP directory is not there yet; if it stays so, send it again"
