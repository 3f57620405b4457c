"""Cursors: how far each object of a live source was read.

Belongs here: one small JSON file per source, and the check that it fits the landing zone
beside it. What an entry says is the connector's business.

A cursor is written after the commit of the data it covers, and it names the loads that
it builds on. When the zone lost one of them (a restore, a removed folder), the entry of
that object is dropped with a note, and the object is read in full again.

    <root>/_cursors/<source_type>/<source_name>.json
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from connectors.landing.atomic import write_json

_CURSORS = "_cursors"
_VERSION = 1
LoadIds: TypeAlias = Callable[[str, str, str], list[str]]
"""Gives the load ids of (source type, object, source name), oldest first."""


@dataclass(frozen=True, slots=True)
class Cursor(Mapping[str, Mapping[str, Any]]):
    """Entries by object name; `notes` says which entries were dropped, and why."""

    entries: Mapping[str, Mapping[str, Any]]
    notes: tuple[str, ...] = field(default=())

    def __getitem__(self, key: str) -> Mapping[str, Any]:
        return self.entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


def cursor_path(root: Path, source_type: str, source_name: str) -> Path:
    """Where the cursor of a source lies."""
    return root / _CURSORS / source_type / f"{source_name}.json"


def read_cursor(
    root: Path, source_type: str, source_name: str, load_ids: LoadIds
) -> Cursor | None:
    """Read a cursor; None when there is none or it is unreadable.

    Args:
        root: Landing folder.
        source_type: Folder of the source type.
        source_name: Name of the source.
        load_ids: Tells which loads the zone holds now.
    """
    path = cursor_path(root, source_type, source_name)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format_version"] != _VERSION:
            return Cursor({}, (f"cursor {path.name} is of another version: full read",))
        stored = document["entries"]
        entries, notes = {}, []
        for name, entry in stored.items():
            if _is_held(entry["builds_on"], load_ids, source_type, name, source_name):
                entries[name] = entry["state"]
            else:
                notes.append(
                    f"{name} of source {source_name!r}: the landing zone no longer holds "
                    "the loads that its cursor builds on; it is read in full"
                )
        return Cursor(entries, tuple(notes))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Cursor({}, (f"cursor {path.name} cannot be read: full read",))


def write_cursor(
    root: Path,
    source_type: str,
    source_name: str,
    entries: Mapping[str, Mapping[str, Any]],
    load_ids: LoadIds,
) -> None:
    """Replace the cursor of a source, naming the loads that it builds on."""
    document: dict[str, Any] = {
        "format_version": _VERSION,
        "source_type": source_type,
        "source_name": source_name,
        "entries": {},
    }
    for name, state in entries.items():
        held = [] if name.startswith("_") else load_ids(source_type, name, source_name)
        document["entries"][name] = {
            # The zone only grows: the count and the last id stand for all of them.
            "builds_on": {"loads": len(held), "last": held[-1] if held else None},
            "state": dict(state),
        }
    write_json(cursor_path(root, source_type, source_name), document)


def _is_held(
    builds_on: Mapping[str, Any],
    load_ids: LoadIds,
    source_type: str,
    name: str,
    source_name: str,
) -> bool:
    last = builds_on["last"]
    if last is None:
        return True
    held = load_ids(source_type, name, source_name)
    return last in held and held.index(last) + 1 == builds_on["loads"]
