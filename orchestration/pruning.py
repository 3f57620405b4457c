"""Remove what grows without end: old runs, their logs, old published versions.

Landed records and state are never pruned: they are evidence. Their small files are packed
into larger ones with the same rows. Everything removed here is counted, so that `--dry-run`
and the real thing tell the same.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable

from connectors.landing import pack_landing
from orchestration.home import Home, exclusive
from orchestration.publishing import Shelf
from orchestration.status import folder_bytes
from orchestration.workspace import Workspace

_BATCH = 200
_ENDED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed, or would be.

    Attributes:
        runs: Dagster runs with their events and logs.
        versions: Published versions.
        folders: Leftovers of restores and unfinished publications.
        bytes: Disk space that this frees, as far as it is known.
        landing_files: Small files of landed rows that were packed into larger ones.
        size_bytes: Size of the home afterwards.
        budget_bytes: Size that `retention.size_budget_gb` allows, if it says one.
    """

    runs: int
    versions: int
    folders: int
    bytes: int
    landing_files: int = 0
    size_bytes: int = 0
    budget_bytes: int | None = None

    @property
    def is_over_budget(self) -> bool:
        """Whether the home is larger than it should become."""
        return self.budget_bytes is not None and self.size_bytes > self.budget_bytes


def prune(
    workspace: Workspace,
    instance: dg.DagsterInstance | Callable[[], dg.DagsterInstance],
    *,
    now: datetime,
    dry_run: bool = False,
    wait_seconds: float = 0,
) -> Pruned:
    """Remove what is older than `retention` allows.

    Args:
        workspace: Whose home.
        instance: Its Dagster instance, or what opens it: opening writes, and on a full
            disk that only works after files have gone.
        now: UTC.
        dry_run: Only count.
        wait_seconds: How long to wait for a run to end.

    Raises:
        BusyError: A run works on the home.
    """
    home = workspace.home
    with exclusive(home, purpose="tidycrm prune", wait_seconds=wait_seconds):
        before = folder_bytes(home.dagster) + folder_bytes(home.published)
        shelf = Shelf(home.published)
        kept = workspace.config.publish.keep_versions
        files = len(list(shelf.folder.glob("crm_*.duckdb")))
        versions = max(0, files - kept)
        if not dry_run:
            versions = files - shelf.prune(kept)
        leftovers = _leftovers(workspace, now)
        freed = sum(folder_bytes(path) for path in leftovers)
        if not dry_run:
            for path in leftovers:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        opened = instance if isinstance(instance, dg.DagsterInstance) else instance()
        runs = _prune_runs(workspace, opened, now, dry_run=dry_run)
        if not dry_run:
            after = folder_bytes(home.dagster) + folder_bytes(home.published)
            freed += before - after
        at_least = workspace.config.retention.landing_files
        if dry_run:
            packed = _packable(home, at_least)
        else:
            done = pack_landing(home.landing, at_least=at_least)
            packed = sum(each.files_before for each in done)
            freed += sum(each.bytes_before - each.bytes_after for each in done)
        size = folder_bytes(home.root)
    budget = workspace.config.retention.size_budget_gb
    return Pruned(
        runs,
        versions,
        len(leftovers),
        max(0, freed),
        landing_files=packed,
        size_bytes=size,
        budget_bytes=None if budget is None else round(budget * 1e9),
    )


def _packable(home: Home, at_least: int) -> int:
    folders = home.landing.glob("[a-z]*/[a-z]*/source=[a-z]*")
    counts = [len(list(folder.glob("load=*/part-*.parquet"))) for folder in folders]
    return sum(count for count in counts if count >= at_least)


def _prune_runs(
    workspace: Workspace, instance: dg.DagsterInstance, now: datetime, *, dry_run: bool
) -> int:
    before = now - workspace.config.retention.runs
    wanted = dg.RunsFilter(statuses=_ENDED, created_before=before)
    if dry_run:
        return int(instance.get_runs_count(wanted))
    removed = 0
    while records := instance.get_run_records(wanted, limit=_BATCH, ascending=True):
        for record in records:
            run_id = record.dagster_run.run_id
            instance.delete_run(run_id)
            _remove_files_of(workspace.home.dagster, run_id)
            removed += 1
        _forget_checks(instance, [record.dagster_run.run_id for record in records])
    return removed


def _forget_checks(instance: dg.DagsterInstance, runs: list[str]) -> None:
    """Delete the verdicts of removed runs, which Dagster itself keeps for ever."""
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        return
    executions = AssetCheckExecutionsTable
    with storage.index_connection() as connection:
        connection.execute(executions.delete().where(executions.c.run_id.in_(runs)))


def _remove_files_of(dagster_home: Path, run_id: str) -> None:
    """Delete what Dagster leaves when it forgets a run: its database and its logs."""
    events = dagster_home / "history" / "runs"
    for name in (f"{run_id}.db", f"{run_id}.db-wal", f"{run_id}.db-shm"):
        (events / name).unlink(missing_ok=True)
    shutil.rmtree(dagster_home / "storage" / run_id, ignore_errors=True)


def _leftovers(workspace: Workspace, now: datetime) -> list[Path]:
    oldest = (now - workspace.config.retention.leftovers).timestamp()
    root = workspace.home.root
    patterns = ("state.before-*", ".restoring-*", "published/.building-*")
    return [
        path
        for pattern in patterns
        for path in sorted(root.glob(pattern))
        if path.lstat().st_mtime < oldest
    ]
