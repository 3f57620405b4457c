"""Rewinding: a live source is read again from an earlier day on.

Belongs here: moving cursors back. What is read again and is the same lands nothing, so
rewinding too far costs calls and never changes a row.

Two forms of entries are known: `through` as an instant in ISO form, and `modified` in
milliseconds. Every other entry is forgotten, and its object is read in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.landing.receipts import receipt_path
from connectors.landing.store import Landing


@dataclass(frozen=True, slots=True)
class Rewound:
    """What the next extraction of a source reads again.

    Attributes:
        source_name: The source.
        moved: Objects that are read from the given day on.
        forgotten: Objects that are read in full.
    """

    source_name: str
    moved: tuple[str, ...]
    forgotten: tuple[str, ...]


def rewind(
    landing: Landing, source_type: str, source_name: str, since: datetime
) -> Rewound:
    """Move the cursor of a source back; the caller holds the home.

    Args:
        landing: Holds cursors and receipts.
        source_type: Folder of the source type.
        source_name: Name of the source.
        since: What changed from then on is read again (aware).
    """
    receipt_path(landing.root, source_type, source_name).unlink(missing_ok=True)
    cursor = landing.cursor(source_type, source_name)
    if cursor is None:
        return Rewound(source_name, (), ())
    kept: dict[str, Mapping[str, Any]] = {}
    moved, forgotten = [], []
    for name, entry in cursor.items():
        if name.startswith("_"):
            kept[name] = entry
            continue
        earlier = rewound_entry(entry, since)
        if earlier is None:
            forgotten.append(name)
        else:
            kept[name] = earlier
            if earlier != entry:
                moved.append(name)
    landing.write_cursor(source_type, source_name, kept)
    return Rewound(source_name, tuple(moved), tuple(forgotten))


def rewound_entry(entry: Mapping[str, Any], since: datetime) -> dict[str, Any] | None:
    """One entry as of an earlier moment; None where its form is not known.

    Example:
        >>> rewound_entry({"modified": 2_000}, datetime(1970, 1, 1, tzinfo=UTC))
        {'modified': 0, 'is_settled': False}
    """
    through, modified = entry.get("through"), entry.get("modified")
    if isinstance(through, str):
        try:
            until = datetime.fromisoformat(through)
        except ValueError:
            return None
        if until.tzinfo is None:
            return None
        return {**entry, "through": min(until, since.astimezone(UTC)).isoformat()}
    if isinstance(modified, int) and not isinstance(modified, bool):
        earlier = round(since.timestamp() * 1000)
        if earlier >= modified:
            return dict(entry)
        return {**entry, "modified": earlier, "is_settled": False}
    return None
