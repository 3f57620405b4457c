"""What starts a run: schedules, complete files that arrive, rulings, and when it does not."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration.assets.checks import build_landing_checks
from orchestration.assets.extraction import (
    build_landing_asset,
    build_source_assets,
)
from orchestration.automation import (
    build_schedules,
    build_sensors,
    extraction_jobs,
    freshness,
)
from orchestration.errors import ConfigError
from orchestration.home import exclusive
from orchestration.runs import HOME_LOCK
from orchestration.workspace import Workspace
from tests.orchestration.conftest import TWO_SOURCES

Make = Callable[..., Workspace]
SYNC = dg.define_asset_job("sync")
WATCHED = """
version: 1
sources:
  - name: files
    type: salesforce_files
    path: inbox
    arrivals: {settle_seconds: 30}
"""


class Clock:
    """Time that the test moves; files are stamped by the machine's own clock."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watched(make_workspace: Make, clock: Clock, tmp_path: Path) -> Workspace:
    (tmp_path / "inbox").mkdir()
    return make_workspace(WATCHED, clock)


def sensor(workspace: Workspace, name: str) -> dg.SensorDefinition:
    (found,) = (each for each in build_sensors(workspace, SYNC) if each.name == name)
    return found


def evaluate(
    workspace: Workspace, name: str, cursor: str | None = None
) -> tuple[bool, str, str | None]:
    """Whether it would start a run, what it says, and its next cursor."""
    context = dg.build_sensor_context(cursor=cursor, sensor_name=name)
    data = sensor(workspace, name).evaluate_tick(context)
    return bool(data.run_requests), data.skip_message or "", data.cursor


def test_each_source_with_a_schedule_has_a_job_of_its_own(make_workspace: Make) -> None:
    workspace = make_workspace(
        TWO_SOURCES.replace("retry_delay: 0", "schedule: '*/15 * * * *'")
    )
    jobs = extraction_jobs(workspace)
    assert [job.name for job in jobs] == ["extract_hubspot"]
    crons = {
        each.name: each.cron_schedule for each in build_schedules(workspace, SYNC, jobs)
    }
    assert crons == {
        "sync_schedule": "0 5 * * *",
        "extract_hubspot_schedule": "*/15 * * * *",
    }


def test_the_job_of_one_source_fits_beside_the_checks_of_all(
    make_workspace: Make,
) -> None:
    workspace = make_workspace(
        TWO_SOURCES.replace("retry_delay: 0", "schedule: '*/15 * * * *'")
    )
    definitions = dg.Definitions(
        assets=[*build_source_assets(workspace), build_landing_asset(workspace)],
        asset_checks=build_landing_checks(workspace),
        jobs=extraction_jobs(workspace),
        resources={HOME_LOCK: dg.ResourceDefinition.hardcoded_resource(None)},
    )
    job = definitions.resolve_job_def("extract_hubspot")
    assert [node.name for node in job.nodes] == ["sources__hubspot"]


def test_schedules_start_switched_off_unless_enabled(make_workspace: Make) -> None:
    (off,) = build_schedules(make_workspace(), SYNC)
    (on,) = build_schedules(
        make_workspace(TWO_SOURCES + "schedule: {enabled: true}\n"), SYNC
    )
    assert off.default_status == dg.DefaultScheduleStatus.STOPPED
    assert on.default_status == dg.DefaultScheduleStatus.RUNNING


def test_a_broken_cron_of_a_source_is_a_mistake(make_workspace: Make) -> None:
    with pytest.raises(ConfigError, match=r"sources\[1\].schedule.*no cron"):
        make_workspace(TWO_SOURCES.replace("retry_delay: 0", "schedule: hourly"))


def test_a_complete_file_starts_one_sync(
    watched: Workspace, clock: Clock, tmp_path: Path
) -> None:
    assert evaluate(watched, "arriving_files")[0] is False
    (tmp_path / "inbox" / "Contact.csv").write_text("Id\n1\n")
    started, told, cursor = evaluate(watched, "arriving_files")
    assert (started, cursor) == (False, None)
    assert "Contact.csv: it changed within the last 30 s" in told
    clock.now += timedelta(minutes=1)
    started, _, cursor = evaluate(watched, "arriving_files")
    assert started
    assert evaluate(watched, "arriving_files", cursor)[0] is False
    (tmp_path / "inbox" / "Account.csv").write_text("Id\n1\n")
    clock.now += timedelta(minutes=1)
    assert evaluate(watched, "arriving_files", cursor)[0] is True


@pytest.mark.parametrize("name", ["Contact.csv.part", "Contact.csv.crdownload"])
def test_a_file_that_is_being_written_holds_the_sync_back(
    watched: Workspace, clock: Clock, tmp_path: Path, name: str
) -> None:
    (tmp_path / "inbox" / "Account.csv").write_text("Id\n1\n")
    (tmp_path / "inbox" / name).write_text("Id\n1\n")
    clock.now += timedelta(minutes=1)
    started, told, _ = evaluate(watched, "arriving_files")
    assert started is False
    assert name in told


def test_half_a_zip_waits(watched: Workspace, clock: Clock, tmp_path: Path) -> None:
    whole = tmp_path / "whole.zip"
    with zipfile.ZipFile(whole, "w") as container:
        container.writestr("Contact.csv", "Id\n1\n" * 100)
    target = tmp_path / "inbox" / "WE_1.ZIP"
    target.write_bytes(whole.read_bytes()[:-60])
    clock.now += timedelta(minutes=1)
    assert "ZIP directory" in evaluate(watched, "arriving_files")[1]
    target.write_bytes(whole.read_bytes())
    evaluate(watched, "arriving_files")
    clock.now += timedelta(minutes=1)
    assert evaluate(watched, "arriving_files")[0] is True


def test_nothing_is_started_while_another_run_holds_the_home(
    watched: Workspace, clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "inbox" / "Contact.csv").write_text("Id\n1\n")
    clock.now += timedelta(minutes=1)
    with exclusive(watched.home, purpose="a test"):
        started, told, cursor = evaluate(watched, "arriving_files")
    assert (started, cursor) == (False, None)
    assert "Another run" in told
    assert evaluate(watched, "arriving_files")[0] is True


def test_folders_are_only_watched_where_arrivals_says_so(make_workspace: Make) -> None:
    names = [each.name for each in build_sensors(make_workspace(), SYNC)]
    assert names == ["steward_rulings"]


def test_a_changed_ruling_starts_a_sync(make_workspace: Make) -> None:
    workspace = make_workspace()
    assert evaluate(workspace, "steward_rulings")[0] is False
    workspace.home.rulings.mkdir(parents=True)
    file = workspace.home.rulings / "contact_rulings.csv"
    file.write_text("source_record_key_l,source_record_key_r,ruling\n")
    started, _, cursor = evaluate(workspace, "steward_rulings")
    assert started
    os.utime(file)
    assert evaluate(workspace, "steward_rulings", cursor)[0] is False
    file.write_text("source_record_key_l,source_record_key_r,ruling\na,b,must_link\n")
    assert evaluate(workspace, "steward_rulings", cursor)[0] is True


def test_published_tables_have_an_age_unless_the_date_is_fixed(
    make_workspace: Make,
) -> None:
    assert freshness(make_workspace()) is None
    policy = freshness(
        make_workspace(
            TWO_SOURCES.replace("2026-01-15", "today") + "publish: {max_age: 2d}\n"
        )
    )
    assert policy is not None
    assert policy.fail_window.to_timedelta() == timedelta(days=2)
