"""The metrics file, and what is pruned and what is not."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb

from connectors.errors import ServiceUnavailableError
from orchestration.home import replace_text
from orchestration.housekeeping import build_digest_job, build_prune_job
from orchestration.instance import open_instance
from orchestration.metrics_file import write_metrics
from orchestration.pruning import prune
from orchestration.publishing import PublishedTable, Shelf, publish
from orchestration.source_states import SourceStates
from orchestration.workspace import Workspace
from tests.orchestration.conftest import TWO_SOURCES

Make = Callable[..., Workspace]
NOW = datetime(2026, 1, 15, 6, tzinfo=UTC)
# Name, labels, value: what Prometheus' text format allows for a gauge.
SAMPLE = re.compile(r'^[a-z_]+(\{([a-z]+="[^"]*",?)+\})? -?[0-9.e+]+$')


def publish_version(workspace: Workspace, run_id: str) -> None:
    warehouse = workspace.home.root / "warehouse.duckdb"
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema if not exists marts")
        connection.execute(
            "create or replace table marts.data_quality_results as "
            "select 'error' as severity, range < 9 as success from range(10)"
        )
    publish(
        warehouse=warehouse,
        out=workspace.home.published,
        tables=[
            PublishedTable("data_quality_results", '"marts"."data_quality_results"')
        ],
        sources=[],
        run_id=run_id,
        as_of=date(2026, 1, 15),
        published_at=NOW,
        version="0.1.0",
        keep_versions=9,
        parquet=True,
    )


def test_metrics_are_complete_and_well_formed(make_workspace: Make) -> None:
    workspace = make_workspace()
    publish_version(workspace, "r1")
    states = SourceStates(workspace.home)
    states.succeed("hubspot", NOW)
    states.fail("hubspot", NOW + timedelta(hours=1), ServiceUnavailableError("down"))
    file = write_metrics(workspace, at=NOW, succeeded=True, seconds=12.5)
    lines = file.read_text().splitlines()
    samples = [line for line in lines if not line.startswith("#")]
    assert [line for line in samples if not SAMPLE.match(line)] == []
    for expected in (
        'tidycrm_source_failing{source="hubspot"} 1',
        'tidycrm_source_failing{source="salesforce"} 0',
        f'tidycrm_source_synced_timestamp_seconds{{source="hubspot"}} {int(NOW.timestamp())}',
        'tidycrm_published_rows{table="data_quality_results"} 10',
        'tidycrm_checks{severity="error",result="failed"} 1',
        "tidycrm_run_succeeded 1",
        "tidycrm_run_seconds 12.5",
        "tidycrm_pinned 0",
    ):
        assert expected in samples
    declared = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert declared == {re.split(r"[{ ]", line)[0] for line in samples}


def test_metrics_of_a_home_without_anything_are_no_error(make_workspace: Make) -> None:
    text = write_metrics(make_workspace(), at=NOW).read_text()
    assert 'tidycrm_source_failures{source="hubspot"} 0' in text
    assert "tidycrm_run_succeeded" not in text


def a_run(instance: dg.DagsterInstance, *, ended: bool = True) -> str:
    @dg.job
    def nothing() -> None:
        pass

    run = instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.STARTED)
    if ended:
        instance.report_run_failed(run, "ended")
    return run.run_id


def test_old_runs_versions_and_leftovers_go_and_the_rest_stays(
    make_workspace: Make,
) -> None:
    workspace = make_workspace(TWO_SOURCES + "publish: {keep_versions: 1}\n")
    home = workspace.home
    for run_id in ("r1", "r2", "r3"):
        publish_version(workspace, run_id)
    Shelf(home.published).roll_back("r1", at=NOW)
    kept = {"state/identity/contact.parquet": b"ids", "landing/x/part.parquet": b"rows"}
    for name, content in kept.items():
        path = home.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    aside = home.root / "state.before-restore-20250101T000000Z" / "identity"
    replace_text(aside / "old.json", "{}")
    os.utime(aside.parent, (0, 0))
    fresh = home.root / "state.before-restore-20260115T000000Z"
    fresh.mkdir()
    with open_instance(workspace) as instance:
        ended, running = a_run(instance), a_run(instance, ended=False)
        events = home.dagster / "history" / "runs" / f"{ended}.db"
        assert events.exists()
        now = datetime.now(UTC)
        assert prune(workspace, instance, now=now, dry_run=True).runs == 0
        later = now + timedelta(days=61)
        os.utime(fresh, (later.timestamp(), later.timestamp()))
        planned = prune(workspace, instance, now=later, dry_run=True)
        assert (planned.runs, planned.folders) == (1, 1)
        assert events.exists()
        done = prune(workspace, instance, now=later)
        assert (done.runs, done.versions, done.folders) == (1, 1, 1)
        assert done.bytes > 0
        assert not instance.has_run(ended)
        assert instance.has_run(running)
        assert not events.exists()
    assert [each.run_id for each in Shelf(home.published).versions()] == ["r3", "r1"]
    assert not aside.parent.exists()
    assert fresh.exists()
    assert all((home.root / name).read_bytes() == kept[name] for name in kept)


def test_nothing_to_prune_is_nothing_done(make_workspace: Make, tmp_path: Path) -> None:
    workspace = make_workspace()
    with open_instance(workspace) as instance:
        done = prune(workspace, instance, now=datetime.now(UTC))
    assert (done.runs, done.versions, done.folders) == (0, 0, 0)


def test_jobs_beside_the_sync_stand_together_and_run(make_workspace: Make) -> None:
    workspace = make_workspace()
    workspace.home.create()
    jobs = [build_prune_job(workspace), build_digest_job(workspace)]
    dg.Definitions(jobs=jobs).get_repository_def()
    with open_instance(workspace) as instance:
        for job in jobs:
            assert job.execute_in_process(instance=instance).success


def test_verdicts_of_checks_go_with_their_run(make_workspace: Make) -> None:
    """Dagster forgets a run but not what its checks said: 0.7 MB per published run."""
    workspace = make_workspace(TWO_SOURCES + "retention: {runs: 1h}\n")
    key = dg.AssetKey("table")

    @dg.asset_check(asset=key)
    def is_fine() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    job = dg.Definitions(
        asset_checks=[is_fine],
        assets=[dg.AssetSpec(key)],
        jobs=[dg.define_asset_job("check", dg.AssetSelection.all_asset_checks())],
        executor=dg.in_process_executor,
    ).resolve_job_def("check")
    with open_instance(workspace) as instance:
        job.execute_in_process(instance=instance)
        storage = instance.event_log_storage
        check = dg.AssetCheckKey(key, "is_fine")
        assert len(storage.get_asset_check_execution_history(check, limit=9)) == 1
        now = datetime.now(UTC)
        assert prune(workspace, instance, now=now).runs == 0
        assert len(storage.get_asset_check_execution_history(check, limit=9)) == 1
        assert prune(workspace, instance, now=now + timedelta(hours=2)).runs == 1
        assert storage.get_asset_check_execution_history(check, limit=9) == []
