"""Which complete files lie in the folders that are watched.

Belongs here: walking the folders of sources that have `arrivals`, with the connectors'
own rule of what is complete. What happens when something arrived is decided elsewhere.
Object stores are not watched: listing them costs calls, so the schedule reads them.
"""

from __future__ import annotations

import glob
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.arrivals import ArrivalConfig, Gate, is_remote
from orchestration.config import Config
from orchestration.home import Home

_LITTER = (".", "~$", "__MACOSX")


@dataclass(frozen=True, slots=True)
class Watched:
    """One watched place of one source."""

    source: str
    path: str
    arrivals: ArrivalConfig


@dataclass(frozen=True, slots=True)
class Arrived:
    """What lies in the watched places.

    Attributes:
        files: Number of complete files.
        waiting: Files that are not complete, each with the reason.
        fingerprint: Changes when the complete files do: names, sizes, times.
    """

    files: int
    waiting: tuple[str, ...]
    fingerprint: str


def watched_places(config: Config) -> list[Watched]:
    """Every local place for which `arrivals` is configured, in the file's order."""
    return [
        Watched(source.name, place.path, place.arrivals)
        for source in config.sources
        for place in _places(source)
        if place.arrivals is not None and not is_remote(place.path)
    ]


def look(home: Home, places: list[Watched], now: datetime) -> Arrived:
    """See which files are complete; sizes are remembered until the next look.

    Args:
        home: Keeps that memory.
        places: Where to look.
        now: Time of this look, against which the age of files is measured.
    """
    complete: list[tuple[str, int, int]] = []
    waiting: list[str] = []
    for place in places:
        digest = hashlib.sha256(f"{place.source}\n{place.path}".encode()).hexdigest()
        gate = Gate(
            place.arrivals,
            now.timestamp(),
            home.operations / "arrivals" / f"{place.source}-{digest[:12]}.json",
        )
        for path in _files(place.path):
            if gate.is_marker(path):
                continue
            if gate.is_unfinished_name(path):
                waiting.append(f"{path.name}: it is still being written")
                continue
            reason = gate.reason_to_wait(path)
            if reason is not None:
                waiting.append(f"{path.name}: {reason}")
                continue
            found = path.stat()
            complete.append((str(path), found.st_size, found.st_mtime_ns))
        gate.remember()
    text = json.dumps(sorted(complete))
    return Arrived(
        len(complete), tuple(waiting), hashlib.sha256(text.encode()).hexdigest()
    )


def _places(source: Any) -> tuple[Any, ...]:
    if source.type == "spreadsheet":
        return tuple(source.tables)
    return (source,) if hasattr(source, "arrivals") else ()


def _files(path: str) -> Iterator[Path]:
    pattern = str(Path(path).expanduser())
    starts = [pattern]
    if not Path(pattern).exists():
        starts = glob.glob(pattern, recursive=True)  # noqa: PTH207  # absolute
    for start in sorted(starts):
        found = [Path(start)] if Path(start).is_file() else Path(start).rglob("*")
        for file in sorted(found):
            parts = file.parts[len(Path(start).parts) - 1 :]
            if file.is_file() and not any(part.startswith(_LITTER) for part in parts):
                yield file
