"""Run the sync job as the schedule runs it, and tell what came of it.

The run is recorded in the home's Dagster instance, so it shows up in the UI. What went
wrong is told in the words of the step that failed, never as a bare stack trace.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import dagster as dg

from orchestration.assets.checks import LandingCheckConfig
from orchestration.assets.extraction import LandingRunConfig
from orchestration.assets.publication import PUBLICATION_KEY
from orchestration.dbt_build import refuse_open_warehouse
from orchestration.definitions import JOB, build_defs
from orchestration.errors import PipelineError
from orchestration.failures import explain, failed_checks
from orchestration.home import exclusive
from orchestration.instance import open_instance
from orchestration.runs import HOLDER_TAG, end_dead_runs
from orchestration.source_states import SourceState, SourceStates
from orchestration.state_version import ensure_state
from orchestration.workspace import Workspace


class StepState(StrEnum):
    """How far one step of the run is."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SyncOutcome:
    """What one sync did."""

    run_id: str
    published: bool
    seconds: float
    rows_landed: int
    checks_passed: int
    checks_failed: int
    stale: tuple[SourceState, ...] = ()
    """Sources that could not be read, so that older data of theirs are published."""


Observer = Callable[[str, StepState], None]

_STEP_EVENTS = {
    dg.DagsterEventType.STEP_START: StepState.STARTED,
    dg.DagsterEventType.STEP_SUCCESS: StepState.SUCCEEDED,
    dg.DagsterEventType.STEP_SKIPPED: StepState.SKIPPED,
    dg.DagsterEventType.STEP_FAILURE: StepState.FAILED,
}


def run_sync(
    workspace: Workspace,
    *,
    force: bool = False,
    observer: Observer | None = None,
    wait_seconds: float = 0,
    accept_volume_drop: Sequence[str] = (),
) -> SyncOutcome:
    """Extract, clean, match, build, check and publish once.

    Args:
        workspace: What to run on.
        force: Build and publish even when no input changed.
        observer: Told about every step as it starts and ends.
        wait_seconds: How long to wait for another process on the same home.
        accept_volume_drop: Objects (`<source>/<object>`, or `all`) that may have lost
            more records than the volume guard tolerates.

    Raises:
        BusyError: Another process works on the home folder.
        PipelineError: A step failed or a blocking check did not pass; nothing new was
            published.
    """
    with (
        exclusive(workspace.home, purpose="tidycrm sync", wait_seconds=wait_seconds),
        open_instance(workspace) as instance,
    ):
        began = time.monotonic()
        end_dead_runs(instance)
        ensure_state(workspace.home, at=workspace.clock())
        refuse_open_warehouse(workspace, wait_seconds=max(30, wait_seconds))
        job = build_defs(workspace).resolve_job_def(JOB)
        run_id = str(uuid.uuid4())
        watcher = _Watcher(instance, run_id, observer)
        with watcher:
            result = job.execute_in_process(
                instance=instance,
                run_id=run_id,
                raise_on_error=False,
                tags={HOLDER_TAG: str(os.getpid())},
                run_config=dg.RunConfig(
                    ops={
                        "landing": LandingRunConfig(force=force),
                        "landing_rules": LandingCheckConfig(
                            accept_volume_drop=list(accept_volume_drop)
                        ),
                    },
                    # The terminal shows phases; the run's log has every event.
                    loggers={
                        "console": {
                            "config": {
                                "log_level": "INFO"
                                if workspace.has_json_logs
                                else "CRITICAL"
                            }
                        }
                    },
                ),
            )
        if not result.success:
            raise PipelineError(explain(result.all_events), run_id=run_id)
        stale = SourceStates(workspace.home).failing(
            source.name for source in workspace.config.sources
        )
        return _outcome(result, run_id, time.monotonic() - began, stale)


def _outcome(
    result: dg.ExecuteInProcessResult,
    run_id: str,
    seconds: float,
    stale: tuple[SourceState, ...],
) -> SyncOutcome:
    landed = 0
    published = False
    evaluated = 0
    for event in result.all_events:
        if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
            key = event.asset_key
            if key is not None and key.path[0] == "sources":
                landed += _number(event, "rows_landed")
            published = published or key == PUBLICATION_KEY
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluated += 1
    failed = list(failed_checks(result.all_events))
    return SyncOutcome(
        run_id=run_id,
        published=published,
        seconds=seconds,
        rows_landed=landed,
        checks_passed=evaluated - len(failed),
        checks_failed=len(failed),
        stale=stale,
    )


def _number(event: dg.DagsterEvent, name: str) -> int:
    entry = event.step_materialization_data.materialization.metadata.get(name)
    value = getattr(entry, "value", 0)
    return value if isinstance(value, int) else 0


class _Watcher:
    """Follow the events of a run from another thread, for progress on a terminal."""

    def __init__(
        self, instance: dg.DagsterInstance, run_id: str, observer: Observer | None
    ) -> None:
        self._instance = instance
        self._run_id = run_id
        self._observer = observer
        self._done = threading.Event()
        self._cursor: str | None = None
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> _Watcher:
        if self._observer is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if self._observer is not None:
            self._thread.join()
            self._report()

    def _follow(self) -> None:
        while not self._done.wait(0.5):
            self._report()

    def _report(self) -> None:
        if self._observer is None:
            return
        # From where the last look ended: a run has thousands of events.
        news = self._instance.get_records_for_run(
            self._run_id, cursor=self._cursor, of_type=set(_STEP_EVENTS)
        )
        self._cursor = news.cursor
        for record in news.records:
            event = record.event_log_entry.dagster_event
            if event is not None and event.step_key is not None:
                self._observer(event.step_key, _STEP_EVENTS[event.event_type])
