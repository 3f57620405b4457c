"""What `tidycrm status` tells: sources, freshness, last publication, sizes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.landing import Landing
from orchestration.config import VENDOR_OF_TYPE
from orchestration.health import Health, read_health
from orchestration.home import holder_of, killed_holder_of
from orchestration.last_run import LastRun, read_last_run
from orchestration.publishing import Shelf
from orchestration.source_states import SourceStates
from orchestration.workspace import Workspace


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How one configured source stands."""

    name: str
    type: str
    objects: int
    loads: int
    records: int
    last_change: datetime | None
    synced_at: datetime | None
    failing_since: datetime | None
    failures: int
    reason: str | None
    message: str | None
    tolerated_until: datetime | None
    """Until when its last good data may stand in for it, while it fails."""


@dataclass(frozen=True, slots=True)
class Status:
    """How one home folder stands."""

    home: str
    sources: tuple[SourceStatus, ...]
    unconfigured: tuple[str, ...]
    has_published_file: bool
    published_run: str | None
    published_at: str | None
    as_of: str | None
    pinned: str | None
    """The older version that analysts read until somebody releases it."""
    running: str | None
    """Who works on the home right now."""
    killed: str | None
    """Who did so last, if it was killed and nobody worked on the home since."""
    last_run: LastRun | None
    health: Health | None
    """Score, checks and backlog of the last publication."""
    drift: tuple[str, ...]
    """Columns that sources added, removed or retyped, the latest last."""
    sizes_bytes: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """All facts, for `--json`."""
        return asdict(self)


def read_status(workspace: Workspace) -> Status:
    """Collect the status of a workspace without opening the warehouse."""
    home = workspace.home
    landing = Landing(home.landing)
    by_source: dict[str, list[Any]] = {}
    for manifest in landing.manifests():
        by_source.setdefault(manifest.source_name, []).append(manifest)
    sources = []
    states = SourceStates(home)
    for source in workspace.config.sources:
        state = states.read(source.name)
        until = None
        if state.synced_at is not None and state.is_failing and source.tolerance:
            until = state.synced_at + source.tolerance
        manifests = by_source.pop(source.name, [])
        sources.append(
            SourceStatus(
                name=source.name,
                type=VENDOR_OF_TYPE[source.type],
                objects=len({manifest.object for manifest in manifests}),
                loads=len(manifests),
                records=sum(manifest.counts.new for manifest in manifests),
                last_change=max(
                    (manifest.extracted_at for manifest in manifests), default=None
                ),
                synced_at=state.synced_at,
                failing_since=state.failing_since,
                failures=state.failures,
                reason=state.reason,
                message=state.message,
                tolerated_until=until,
            )
        )
    pin = Shelf(home.published).pin
    last: dict[str, Any] = {}
    if home.last_publication.exists():
        last = json.loads(home.last_publication.read_text())
    return Status(
        home=str(home.root),
        sources=tuple(sources),
        unconfigured=tuple(sorted(by_source)),
        has_published_file=home.published_file.exists(),
        published_run=last.get("run_id"),
        published_at=last.get("published_at"),
        as_of=last.get("as_of"),
        pinned=None if pin is None else pin.version,
        running=holder_of(home),
        killed=killed_holder_of(home),
        last_run=read_last_run(home),
        health=read_health(home),
        drift=tuple(
            f"{each.source_name}/{each.object}.{each.column} {each.kind}"
            for each in landing.drift()
        ),
        sizes_bytes={
            name: folder_bytes(path)
            for name, path in {
                "landing": home.landing,
                "warehouse": home.warehouse,
                "published": home.published,
                "state": home.state,
                "run history": home.dagster,
            }.items()
        },
    )


def folder_bytes(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; hard links count once."""
    if path.is_file():
        return path.stat().st_size
    sizes = {
        (stat.st_dev, stat.st_ino): stat.st_size
        for file in path.rglob("*")
        if file.is_file() and not file.is_symlink()
        for stat in [file.stat()]
    }
    return sum(sizes.values())
