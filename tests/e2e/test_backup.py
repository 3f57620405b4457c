"""A home is lost; the backup and one sync bring back the same golden ids."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.conftest import Project, differences

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

# Volumes and scores of earlier runs are told there; the rest depends on records and ids.
ABOUT_RUNS = ("data_quality_results", "publication")


def test_a_restored_home_publishes_the_same_ids(demo: Project, tmp_path: Path) -> None:
    project = demo.copy(tmp_path / "copy")
    # A split that only a steward's ruling explains: lost without the backup.
    left, right = project.query(
        "select min(source_record_key), max(source_record_key) "
        "from bridge_contact_source_records where not is_deleted "
        "group by golden_contact_id having count(*) = 2 order by golden_contact_id limit 1"
    )[0]
    rulings = project.home / "state" / "rulings" / "contact_rulings.csv"
    rulings.write_text(
        "source_record_key_l,source_record_key_r,ruling,author,ruled_at,reason\n"
        f"{left},{right},cannot_link,steward,2026-01-15T00:00:00Z,two people\n"
    )
    project.sync()
    before = project.tables()
    archive = tmp_path / "backup.tar.gz"
    assert project.run("backup", str(archive)).returncode == 0
    shutil.rmtree(project.home)
    refused = project.run("restore", str(tmp_path / "absent.tar.gz"))
    assert refused.returncode == 1
    assert project.run("restore", str(archive)).returncode == 0
    project.sync()
    changed = differences(before, project.tables(), ignore=ABOUT_RUNS)
    assert changed == {}
