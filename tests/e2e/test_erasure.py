"""One person known in all three sources is erased; everybody else stays as they were."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from orchestration.home import Home
from orchestration.privacy.needles import needles_of
from orchestration.privacy.stores import search_home
from orchestration.privacy.subject import Subject, find_subject
from tests.e2e.conftest import Project

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from orchestration.home import Home
from orchestration.privacy import erasure

def step(name):
    if name == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)

now = lambda: datetime.now(UTC)
erasure.erase(Home(Path(sys.argv[1])), sys.argv[2], at=now(), clock=now, step=step)
"""


def somebody_in_three_sources(project: Project) -> str:
    """Golden id of a buyer whom two CRMs and the shop know."""
    return str(
        project.query(
            "select golden_contact_id from bridge_contact_source_records "
            "where golden_contact_id in (select golden_contact_id "
            "from fct_revenue_events where source_type = 'spreadsheet') "
            "group by 1 having count(distinct source_name) = 3 order by 1 limit 1"
        )[0][0]
    )


def ids(project: Project) -> dict[str, str]:
    return dict(
        project.query(
            "select source_record_key, golden_contact_id "
            "from bridge_contact_source_records"
        )
    )


def revenue(project: Project) -> tuple[int, object]:
    return project.query(
        "select count(*), sum(amount_reporting) from fct_revenue_events"
    )[0]


def assert_gone(project: Project, subject: Subject) -> None:
    _, hits = search_home(Home(project.home), needles_of(subject))
    assert hits == {}


def assert_conserved(project: Project) -> None:
    for manifest in (project.home / "landing").glob("*/*/*/*/manifest.json"):
        counts = json.loads(manifest.read_text())["counts"]
        parts = ("new", "changed", "unchanged", "repeated", "superseded", "rejected")
        assert (
            counts["rows_read"] == sum(counts[p] for p in parts) + counts["suppressed"]
        ), manifest
        rows = sum(
            pl.scan_parquet(part).select(pl.len()).collect().item()
            for part in manifest.parent.glob("part-*.parquet")
        )
        assert rows == counts["new"] + counts["changed"] + counts["tombstoned"]


def assert_told(project: Project, before: dict[str, str]) -> None:
    """Nobody else is lost, and the few who are judged anew without them are told of.

    Rarity of names and threshold come from all records, so one person less can tip a
    pair that stood at the edge, as any other change of the data can.
    """
    now = ids(project)
    assert now.keys() == before.keys()
    moved = {(before[key], name) for key, name in now.items() if before[key] != name}
    told = project.query(
        "select golden_id, related_golden_id from identity_events "
        "where event in ('split', 'merged')"
    )
    assert moved <= {*told, *((after, was) for was, after in told)}
    assert len(moved) <= len(before) / 200


def test_a_person_is_erased_for_good(demo: Project, tmp_path: Path) -> None:
    project = demo.copy(tmp_path / "copy")
    golden = somebody_in_three_sources(project)
    subject = find_subject(Home(project.home), golden)
    before, money = ids(project), revenue(project)
    assert project.run("backup").returncode == 0

    shown = project.run("erase", "--subject", golden, "--dry-run", "--json")
    assert shown.returncode == 0, shown.stderr
    assert ids(project) == before

    # Killed while published versions are half rewritten; the next call completes it.
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(project.home), golden,
         "tables, reports, logs and backups"],
        check=False, env=os.environ,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    finished = project.run("erase", "--resume", "--json")
    assert finished.returncode == 0, finished.stderr
    certificate = json.loads(finished.stdout)[0]
    assert certificate["search"]["files_with_hits"] == 0
    assert len(certificate["source_records"]) >= 3
    assert [each["state"] for each in certificate["backups"]] == [
        "in the home: rewritten and searched"
    ]
    assert not list((project.home / "state" / "erasures").iterdir())
    assert_gone(project, subject)
    assert_conserved(project)
    # The published versions keep the sums of the books.
    assert revenue(project) == money

    # Read every export again, from files that still hold the person.
    for receipt in (project.home / "landing" / "_receipts").rglob("*.json"):
        receipt.unlink()
    project.sync()
    assert_gone(project, subject)
    assert_conserved(project)
    history = project.query(
        "select source_record_key from bridge_contact_source_record_history"
    )
    assert {key for (key,) in history} == before.keys() - set(subject.keys)
    others = {key: name for key, name in before.items() if key not in subject.keys}
    assert_told(project, others)
    after = revenue(project)
    assert after == money, "amounts of the books changed"

    assert project.run("audit", "verify").returncode == 0
    shown = json.loads(project.run("audit", "show", "--json", "-n", "99").stdout)
    actions = [entry["action"] for entry in shown]
    assert {"backup", "erasure", "publish", "configuration"} <= set(actions)
    text = json.dumps(shown)
    assert not needles_of(subject).found_in(text)


def test_two_people_at_one_switchboard(demo: Project, tmp_path: Path) -> None:
    project = demo.copy(tmp_path / "copy")
    first, second, phone = project.query(
        "select min(golden_contact_id), max(golden_contact_id), phone from dim_contacts "
        "where phone is not null group by phone having count(*) >= 2 order by phone "
        "limit 1"
    )[0]
    refused = project.run("erase", "--subject", phone, "--yes")
    assert refused.returncode == 1
    assert second in refused.stderr
    done = project.run("erase", "--subject", first, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    kept = project.query(
        f"select phone from dim_contacts where golden_contact_id = '{second}'"
    )
    assert kept == [(phone,)]
    gone = project.query(
        f"select count(*) from dim_contacts where golden_contact_id = '{first}'"
    )
    assert gone == [(0,)]


def test_a_person_gets_what_is_known_with_sources(
    demo: Project, tmp_path: Path
) -> None:
    project = demo.copy(tmp_path / "copy")
    golden = somebody_in_three_sources(project)
    done = project.run(
        "access-request", "--subject", golden, "--out", str(tmp_path / "out"), "--json"
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["sources"] == 3
    content = json.loads(Path(answer["document"]).read_text())
    keys = {key for key, name in ids(project).items() if name == golden}
    assert {key for key in keys if ":buyers:" not in key} <= {
        record["key"] for record in content["records"]
    }
    page = Path(answer["page"]).read_text()
    assert content["golden"][0]["email"] in page
    assert "src=" not in page
    assert Path(answer["page"]).stat().st_mode & 0o077 == 0
