"""The ways to break it that the runbook lists, and their repair, as it tells them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestration.home import Home, exclusive
from tests.e2e.conftest import Project

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def project(demo: Project, tmp_path: Path) -> Project:
    return demo.copy(tmp_path / "copy")


def refused(project: Project, *words: str, code: int = 1) -> None:
    """The sync ends with this code and these words, and analysts lose nothing."""
    before = project.published.read_bytes()
    done = project.run("sync")
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    for each in words:
        assert each in done.stderr, done.stderr
    assert project.published.read_bytes() == before


def healed(project: Project) -> None:
    """The next sync is well and says so to whoever asks later."""
    assert project.sync()["stale_sources"] == []
    status = json.loads(project.run("status", "--json").stdout)
    assert status["last_run"]["succeeded"] is True


def test_a_mistake_in_the_configuration(project: Project) -> None:
    good = project.config.read_text()
    project.config.write_text(good.replace("sources:", "sorces:", 1))
    refused(project, "sorces", "is not a setting here", "nothing was run")
    project.config.write_text(good)
    healed(project)


def test_a_source_that_is_away_and_a_file_that_is_none_of_it(project: Project) -> None:
    exports = project.folder / "exports"
    (exports / "hubspot").rename(exports / "away")
    refused(project, "hubspot", "nothing lies at")
    status = json.loads(project.run("status", "--json").stdout)
    assert "nothing lies at" in status["last_run"]["failure"]
    (exports / "away").rename(exports / "hubspot")
    stray = exports / "hubspot" / "notes.csv"
    stray.write_text("Q3 notes;nothing\n")
    refused(project, "notes.csv", "expected an export of contacts, companies")
    stray.unlink()
    healed(project)


def test_another_process_that_holds_the_home(project: Project) -> None:
    with exclusive(Home(project.home), purpose="tidycrm backfill"):
        refused(project, "`tidycrm backfill`", "Only one writer", code=4)
    healed(project)


def test_a_damaged_warehouse(project: Project) -> None:
    warehouse = project.home / "warehouse.duckdb"
    warehouse.write_text("broken")
    refused(project, "it is damaged", "tidycrm sync --force")
    warehouse.unlink()
    assert project.sync("--force")["published"] is True
    healed(project)
