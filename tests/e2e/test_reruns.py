"""The same input gives the same warehouse, however often and wherever it is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.demo import prepare_demo
from tests.e2e.conftest import PEOPLE, Project, differences

pytestmark = pytest.mark.e2e


def test_a_second_sync_lands_nothing_and_says_so(demo: Project) -> None:
    before = demo.published.stat().st_ino
    answer = demo.sync()
    assert answer["published"] is False
    assert answer["rows_landed"] == 0
    assert demo.published.stat().st_ino == before
    words = demo.run("sync")
    assert words.returncode == 0
    assert "Nothing changed" in words.stdout


@pytest.mark.slow
def test_a_forced_rebuild_gives_the_same_ids_and_rows(
    demo: Project, tmp_path: Path
) -> None:
    project = demo.copy(tmp_path / "copy")
    before = project.tables()
    answer = project.sync("--force")
    assert answer["published"] is True
    assert differences(before, project.tables()) == {}


@pytest.mark.slow
def test_a_rebuild_without_the_ledger_gives_the_same_golden_ids(
    demo: Project, tmp_path: Path
) -> None:
    prepare_demo(tmp_path, people=PEOPLE)
    fresh = Project(tmp_path)
    fresh.sync()
    for table, key in (
        ("dim_contacts", "golden_contact_id"),
        ("dim_accounts", "golden_account_id"),
    ):
        query = f"select {key} from {table} order by 1"
        assert fresh.query(query) == demo.query(query)
