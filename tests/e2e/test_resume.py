"""A failed run is resumed in the Dagster UI: only what is missing runs again."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from orchestration.assets import publication
from orchestration.assets.extraction import LandingRunConfig
from orchestration.instance import open_instance
from tests.e2e.conftest import Project
from tests.e2e.resumed import FOLDER, sync_job, workspace

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def _layers(project: Project) -> dict[str, int]:
    return dict(
        project.query("select layer, count(*) from data_quality_results group by 1")
    )


def test_resuming_runs_the_failed_step_and_what_waits_for_it(
    demo: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = demo.copy(tmp_path / "copy")
    monkeypatch.setenv(FOLDER, str(project.folder))
    before, layers = project.tables(), _layers(project)

    def broken(*_: object, **__: object) -> None:
        raise OSError("the report could not be written")

    forced = dg.RunConfig(ops={"landing": LandingRunConfig(force=True)})
    with open_instance(workspace()) as instance:
        with monkeypatch.context() as patch:
            patch.setattr(publication, "build_data_docs", broken)
            failed = sync_job().execute_in_process(
                instance=instance, raise_on_error=False, run_config=forced
            )
        assert not failed.success
        with dg.execute_job(
            dg.reconstructable(sync_job),
            instance=instance,
            run_config=forced.to_config_dict(),
            reexecution_options=dg.ReexecutionOptions.from_failure(
                failed.run_id, instance
            ),
        ) as resumed:
            steps = [
                event.step_key
                for event in resumed.all_events
                if event.event_type is dg.DagsterEventType.STEP_SUCCESS
            ]
    assert steps == ["hygiene__data_quality_results", "published__crm"]
    # What the steps before the failure had found is published with the rest.
    assert _layers(project) == layers
    assert project.tables() == before
