"""The code location as a whole: what Dagster loads for a configuration with everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import dagster as dg
import pytest
from dagster._core.system_config.objects import ResolvedRunConfig

from orchestration.assets.publication import PUBLICATION_KEY
from orchestration.definitions import JOB, build_defs
from orchestration.workspace import Workspace
from tests.orchestration.conftest import TWO_SOURCES

# Parses the dbt project once.
pytestmark = [pytest.mark.dbt, pytest.mark.slow]

EVERYTHING = (
    TWO_SOURCES.replace("2026-01-15", "today")
    .replace("path: exports", "path: exports\n    arrivals: {}")
    .replace("retry_delay: 0", "schedule: '*/15 * * * *'")
    + "alerts: {channels: [{type: slack, webhook_url: 'https://hooks.example.test/x'}]}\n"
)


def test_jobs_schedules_sensors_and_freshness_are_all_there(
    make_workspace: Callable[..., Workspace],
) -> None:
    definitions = build_defs(
        make_workspace(EVERYTHING),
        is_shown=True,
        reports_url="https://crm.example.test/reports",
    )
    dg.Definitions.validate_loadable(definitions)
    repository = definitions.get_repository_def()
    assert {JOB, "extract_hubspot"} <= set(repository.job_names)
    assert {each.name for each in repository.schedule_defs} == {
        "sync_schedule",
        "extract_hubspot_schedule",
    }
    assert {each.name for each in repository.sensor_defs} >= {
        "arriving_files",
        "steward_rulings",
        "tell_after_failure",
        "tell_after_success",
    }
    graph = definitions.resolve_asset_graph()
    for key in (PUBLICATION_KEY, dg.AssetKey(["marts", "dim_contacts"])):
        assert graph.get(key).freshness_policy is not None, key
    contacts = graph.get(dg.AssetKey(["marts", "dim_contacts"]))
    assert len(contacts.metadata["dagster/column_schema"].columns) > 20
    landed = graph.get(dg.AssetKey(["landing", "hubspot", "contacts"]))
    assert landed is not None
    assert "executive report" in graph.get(PUBLICATION_KEY).metadata
    source = graph.get(dg.AssetKey(["sources", "hubspot"]))
    assert source.freshness_policy is None
    assert source.owners == ["team:revenue-operations"]


@pytest.mark.parametrize(
    ("has_json", "name"), [(True, "tidycrm"), (False, "dagster")], ids=["json", "text"]
)
def test_every_job_logs_in_the_chosen_format_whoever_starts_it(
    make_workspace: Callable[..., Workspace], has_json: bool, name: str
) -> None:
    """A schedule, a sensor and the UI start jobs without naming a logger."""
    workspace = replace(make_workspace(EVERYTHING), has_json_logs=has_json)
    definitions = build_defs(workspace)
    for job in definitions.resolve_all_job_defs():
        if job.name.startswith("__"):
            continue  # Dagster's own, for assets that somebody picks by hand
        loggers = ResolvedRunConfig.build(job, {}).loggers
        assert list(loggers) == ["console"], job.name
        assert loggers["console"]["config"]["name"] == name, job.name
