"""What is published is recorded, whatever happens to the pages written afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import dagster as dg
import duckdb
import polars as pl
import pytest

from orchestration.assets import publication
from orchestration.assets.publication import PUBLICATION_KEY, REPORT_CHECK
from orchestration.privacy import audit
from orchestration.publishing import PublishedTable
from orchestration.runs import HOME_LOCK
from orchestration.workspace import Workspace

Make = Callable[..., Workspace]


@pytest.fixture
def run(
    make_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], tuple[Workspace, dg.ExecuteInProcessResult]]:
    """Publish one small table as the last step of a run does."""

    def publish() -> tuple[Workspace, dg.ExecuteInProcessResult]:
        workspace = make_workspace()
        home = workspace.home
        home.create()
        with duckdb.connect(str(home.warehouse)) as warehouse:
            warehouse.execute("create schema marts; create table marts.t as select 1 n")
        monkeypatch.setattr(
            publication, "_tables", lambda *_: [PublishedTable("t", '"marts"."t"')]
        )
        monkeypatch.setattr(
            publication, "current_volumes", lambda _: pl.DataFrame({"rows": [1]})
        )
        monkeypatch.setattr(publication, "remember_scores", lambda *_, **__: None)
        _, crm = publication.build_publication_assets(
            workspace, home.dbt / "manifest.json", []
        )
        job = dg.Definitions(
            assets=[crm],
            jobs=[dg.define_asset_job("publish")],
            resources={HOME_LOCK: dg.ResourceDefinition.hardcoded_resource(None)},
            executor=dg.in_process_executor,
        ).resolve_job_def("publish")
        with dg.DagsterInstance.ephemeral() as instance:
            return workspace, job.execute_in_process(
                instance=instance, raise_on_error=False
            )

    return publish


def recorded(workspace: Workspace) -> tuple[str, list[str]]:
    """Run id of the last publication, and run ids of the log of decisions."""
    last = json.loads(workspace.home.last_publication.read_text())["run_id"]
    told: list[Any] = [
        entry.details["run_id"]
        for entry in audit.read(workspace.home)
        if entry.action == audit.Action.PUBLISH
    ]
    return last, told


def check_of(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    (found,) = [
        each
        for each in result.get_asset_check_evaluations()
        if each.check_name == REPORT_CHECK
    ]
    assert found.asset_key == PUBLICATION_KEY
    return found


@pytest.mark.parametrize("error", [KeyError("Ada Lovelace"), OSError(28, "disk full")])
def test_a_report_that_fails_warns_and_leaves_the_publication_recorded(
    run: Callable[[], tuple[Workspace, dg.ExecuteInProcessResult]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(publication, "write_executive_report", fail)
    workspace, result = run()
    assert result.success
    assert recorded(workspace) == (result.run_id, [result.run_id])
    with duckdb.connect(str(workspace.home.published_file), read_only=True) as reader:
        assert reader.execute("select distinct run_id from publication").fetchall() == [
            (result.run_id,)
        ]
    check = check_of(result)
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "tidycrm report" in (check.description or "")
    # Errors of pages may quote values of records: nothing of their text is told.
    assert "Lovelace" not in caplog.text + str(check)


def test_everything_is_recorded_before_the_report_is_written(
    run: Callable[[], tuple[Workspace, dg.ExecuteInProcessResult]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = []

    def write(_: Any, home: Any, **__: Any) -> Any:
        seen.append((home.last_publication.exists(), len(audit.read(home))))
        return home.reports / "executive.html"

    monkeypatch.setattr(publication, "write_executive_report", write)
    _, result = run()
    assert result.success
    assert seen == [(True, 1)]
    assert check_of(result).passed
