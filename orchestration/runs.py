"""Facts about the Dagster run that an asset is part of, and its hold on the home."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import dagster as dg

from orchestration.errors import BusyError
from orchestration.home import Home, exclusive

WAREHOUSE_POOL = "warehouse"
"""Everything that opens warehouse.duckdb runs in this pool, whose size is one."""

HOME_LOCK = "home_lock"
"""Resource that every writing asset requires: the hold of its run on the home."""

HOLDER_TAG = "tidycrm/holder"
"""Process that holds the home for a run already, so that the run does not ask again."""

_UNFINISHED = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]

Context = dg.AssetExecutionContext | dg.AssetCheckExecutionContext


def run_instant(context: Context) -> datetime:
    """When the run was created, UTC; the same in each of its steps.

    Steps never ask the clock themselves, so one run has one as-of date even when it
    crosses midnight.
    """
    record = context.instance.get_run_record_by_id(context.run.run_id)
    if record is None:
        return datetime.now(UTC)
    created: datetime = record.create_timestamp
    return created.astimezone(UTC)


def resumed_runs(context: Context) -> frozenset[str]:
    """Ids of the run and of those that it resumes.

    "Re-execute from failure" is a run of its own that takes over what the steps before
    the failure left behind, under the id of the run that made them.
    """
    ids: set[str] = set()
    following: str | None = context.run.run_id
    while following is not None and following not in ids:
        ids.add(following)
        run = context.instance.get_run_by_id(following)
        following = run.parent_run_id if run is not None else None
    return frozenset(ids)


def home_lock(
    home: Home, *, ready: Callable[[], None] = lambda: None
) -> dg.ResourceDefinition:
    """Resource that holds the home for a run, whoever launched it.

    The schedule, the UI and `tidycrm sync` must never write at the same time. A run
    that finds the home taken fails at once and says who holds it.

    Args:
        home: What is held.
        ready: Called once it is held, before anything is written.
    """

    @dg.resource(description="The run's hold on the home folder; one writer at a time.")
    def hold(context: dg.InitResourceContext) -> Iterator[Home]:
        run, instance = context.run, context.instance
        if run is None or instance is None:
            raise BusyError("holding the home: no run to hold it for")
        if run.tags.get(HOLDER_TAG) == str(os.getpid()):
            yield home
            return
        with exclusive(home, purpose=f"Dagster run {run.run_id[:8]}"):
            end_dead_runs(instance, alive=run.run_id)
            ready()
            yield home

    return hold


def end_dead_runs(instance: dg.DagsterInstance, *, alive: str | None = None) -> int:
    """Close runs whose process died and free the pool slots that they still claim.

    To be called by the holder of the home: nobody else can be running then. Without it
    the next run would wait for ever for the slot of a run that was killed.

    Args:
        instance: The Dagster instance of the home.
        alive: The caller's own run.

    Returns:
        Number of runs that were closed.
    """
    closed = 0
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED)):
        if run.run_id == alive:
            continue
        instance.report_run_failed(
            run, "The process of this run ended without a word: killed, or the machine."
        )
        closed += 1
    storage = instance.event_log_storage
    for run_id in storage.get_concurrency_run_ids():
        if run_id != alive:
            storage.free_concurrency_slots_for_run(run_id)
    return closed
