"""Backfill: read the sources again from an earlier day on, and build everything anew.

For a connector that missed records, a field that became readable, an object that was added.
What is read again and is the same lands nothing, so history stays as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from connectors.landing import Landing, Rewound, rewind
from orchestration.config import VENDOR_OF_TYPE
from orchestration.errors import PipelineError
from orchestration.home import exclusive
from orchestration.sync import Observer, SyncOutcome, run_sync
from orchestration.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Backfilled:
    """Which objects were read again, and what the sync behind it did."""

    sources: tuple[Rewound, ...]
    outcome: SyncOutcome


def prepare_backfill(
    workspace: Workspace,
    *,
    since: date,
    names: Sequence[str] = (),
    wait_seconds: float = 0,
) -> tuple[Rewound, ...]:
    """Move the cursors of sources back.

    Args:
        workspace: Whose sources.
        since: First day that is read again, in the time zone of the metrics.
        names: Only these sources; all when empty.
        wait_seconds: How long to wait for another process on the home.

    Raises:
        PipelineError: A source of that name is not configured, or the day is to come.
        BusyError: A run works on the home.
    """
    known = {source.name: source for source in workspace.config.sources}
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise PipelineError(
            f"Backfilling: no source is named {', '.join(unknown)}; configured are "
            f"{', '.join(sorted(known))}. Nothing was changed."
        )
    start = datetime.combine(
        since, datetime.min.time(), ZoneInfo(workspace.config.metrics.timezone)
    )
    if start > workspace.clock():
        raise PipelineError(
            f"Backfilling from {since}: that day is to come; expected is a day of the "
            "past. Nothing was changed."
        )
    landing = Landing(workspace.home.landing)
    with exclusive(
        workspace.home, purpose="tidycrm backfill", wait_seconds=wait_seconds
    ):
        return tuple(
            rewind(landing, VENDOR_OF_TYPE[known[name].type], name, start)
            for name in (names or sorted(known))
        )


def run_backfill(
    workspace: Workspace,
    *,
    since: date,
    names: Sequence[str] = (),
    observer: Observer | None = None,
    wait_seconds: float = 0,
) -> Backfilled:
    """Move the cursors back, then extract, build and publish everything.

    A kill in between is healed by the next sync: it reads from the earlier day on.

    Raises:
        PipelineError: A step failed; nothing new was published.
        BusyError: Another process works on the home.
    """
    sources = prepare_backfill(
        workspace, since=since, names=names, wait_seconds=wait_seconds
    )
    outcome = run_sync(
        workspace, force=True, observer=observer, wait_seconds=wait_seconds
    )
    return Backfilled(sources, outcome)
