"""The hold on the home: one run at a time, and none that waits for the dead."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from orchestration.errors import BusyError
from orchestration.home import Home, exclusive
from orchestration.runs import HOME_LOCK, WAREHOUSE_POOL, end_dead_runs, home_lock


def job_with_lock(home: Home, seen: list[bool]) -> dg.JobDefinition:
    @dg.op(required_resource_keys={HOME_LOCK})
    def work() -> None:
        try:
            with exclusive(home, purpose="a second writer"):
                seen.append(False)
        except BusyError:
            seen.append(True)

    @dg.job(
        resource_defs={HOME_LOCK: home_lock(home)}, executor_def=dg.in_process_executor
    )
    def writing() -> None:
        work()

    return writing


def test_a_run_holds_the_home_for_its_steps(tmp_path: Path) -> None:
    home, seen = Home(tmp_path), []
    with dg.DagsterInstance.ephemeral() as instance:
        assert job_with_lock(home, seen).execute_in_process(instance=instance).success
    assert seen == [True]
    with exclusive(home, purpose="afterwards"):
        pass


def test_a_run_fails_at_once_while_another_process_holds_the_home(
    tmp_path: Path,
) -> None:
    home, seen = Home(tmp_path), []
    with (
        exclusive(home, purpose="somebody else"),
        dg.DagsterInstance.ephemeral() as instance,
        pytest.raises(dg.DagsterResourceFunctionError) as raised,
    ):
        job_with_lock(home, seen).execute_in_process(instance=instance)
    assert "somebody else" in str(raised.value.__cause__)
    assert seen == []


def test_the_slot_of_a_killed_run_is_freed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        dead = instance.create_run_for_job(
            job_with_lock(home, []), status=dg.DagsterRunStatus.STARTED
        )
        storage = instance.event_log_storage
        storage.set_concurrency_slots(WAREHOUSE_POOL, 1)
        storage.claim_concurrency_slot(WAREHOUSE_POOL, dead.run_id, "step")
        assert end_dead_runs(instance) == 1
        claim = storage.claim_concurrency_slot(WAREHOUSE_POOL, "next", "step")
        assert claim.is_claimed
        record = instance.get_run_by_id(dead.run_id)
        assert record is not None
        assert record.status == dg.DagsterRunStatus.FAILURE
