"""From a configured path or URI to a local place that a file connector can read.

Belongs here: the choice between a plain path, a watched folder and a store. A plain path
without settings passes through untouched.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from connectors.arrivals.config import ArrivalConfig, is_remote
from connectors.arrivals.gate import Gate
from connectors.arrivals.remote import mirror
from connectors.landing import Landing

FOLDER = "_arrivals"


@dataclass(frozen=True, slots=True)
class Place:
    """Where to read.

    Attributes:
        path: Local folder, file or glob.
        gate: Which files may be read; None for all.
        notes: What was copied.
    """

    path: str
    gate: Gate | None = None
    notes: tuple[str, ...] = ()


def open_arrivals(
    path: str,
    config: ArrivalConfig | None,
    landing: Landing,
    *,
    source: str,
    extracted_at: datetime,
) -> Place:
    """Give the local place of a path.

    Args:
        path: As configured: a path, or a URI of a store.
        config: Settings; None reads a local path as it is, and a store with defaults.
        landing: Copies and receipts lie in its folder, below `_arrivals`.
        source: Name of the source.
        extracted_at: Time of this run, against which ages are measured.

    Raises:
        ConnectorError: A store refuses or does not answer.
    """
    if config is None and not is_remote(path):
        return Place(path)
    config = config or ArrivalConfig()
    own = (
        landing.root / FOLDER / source / hashlib.sha256(path.encode()).hexdigest()[:12]
    )
    now = extracted_at.timestamp()
    if not is_remote(path):
        return Place(path, Gate(config, now, own.with_suffix(".json")))
    copied = mirror(path, config, own, source=source)
    plural = "object" if copied.files == 1 else "objects"
    note = f"{path}: {copied.files} {plural}, {copied.downloaded} of them downloaded"
    return Place(str(own), Gate(config, now, None), (note, *copied.notes))
