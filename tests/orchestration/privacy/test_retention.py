"""What is kept too long goes, per class: text of activities, rejected rows, logs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from connectors.landing import Landing, SnapshotBatch
from orchestration.home import replace_text
from orchestration.privacy import audit
from orchestration.privacy.retention import RetentionReport, enforce_retention
from orchestration.workspace import Workspace
from tests.orchestration.conftest import TWO_SOURCES

NOW = datetime(2026, 1, 15, 6, tzinfo=UTC)
LIMITS = "retention: {activity_text: 730d, quarantine_payload: 180d, logs: 90d}\n"


@pytest.fixture
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    """A home with something old and something new of every class."""
    workspace = make_workspace(TWO_SOURCES + LIMITS)
    home = workspace.home
    tasks = pl.DataFrame(
        [
            {
                "_source_record_id": "1",
                "activitydate": "2023-05-01",
                "description": "old",
            },
            {
                "_source_record_id": "2",
                "activitydate": "2026-01-01",
                "description": "new",
            },
        ]
    )
    for day, when in (("old", NOW - timedelta(days=200)), ("new", NOW)):
        rejected = pl.DataFrame(
            {
                "_source_file": [f"{day}.csv"],
                "_source_line": [3],
                "reason_code": ["extra_cells"],
                "reason_detail": [None],
                "raw_text": [f"{day},ada@engine.example"],
            },
            schema_overrides={"reason_detail": pl.String},
        )
        Landing(home.landing).commit(
            SnapshotBatch(
                source_type="salesforce",
                object="task",
                source_name="salesforce",
                frame=tasks,
                extracted_at=when,
                rejected=rejected,
            )
        )
    stage = home.stage("quarantined_records")
    stage.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(
        {
            "quarantine_id": ["q1", "q2"],
            "raw_payload": ["ada@engine.example", "bob@engine.example"],
            "first_seen_at": [
                (NOW - timedelta(days=200)).replace(tzinfo=None),
                NOW.replace(tzinfo=None),
            ],
        }
    ).write_parquet(stage)
    old = (NOW - timedelta(days=100)).timestamp()
    for name in ("logs/a.log", "reports/access/x.html", "exports/contacts.csv"):
        replace_text(home.root / name, "x")
        os.utime(home.root / name, (old, old))
    replace_text(home.root / "logs" / "new.log", "x")
    os.utime(home.root / "logs" / "new.log", (NOW.timestamp(), NOW.timestamp()))
    return workspace


def _cleared(report: RetentionReport) -> dict[str, int]:
    return {each.name: each.cleared for each in report.classes}


def _raw(workspace: Workspace) -> list[str]:
    files = sorted(workspace.home.landing.glob("*/*/source=s*/load=*/rejected.parquet"))
    parts = [pl.read_parquet(file, hive_partitioning=False) for file in files]
    return pl.concat(parts).sort("_source_file")["raw_text"].to_list()


def _files(workspace: Workspace) -> set[Path]:
    return {path for path in workspace.home.root.rglob("*") if path.is_file()}


def test_a_dry_run_counts_and_changes_nothing(workspace: Workspace) -> None:
    before = _files(workspace)
    report = enforce_retention(workspace, dry_run=True)
    assert report.file is None
    assert _cleared(report) == {
        "activity_text": 1,
        "quarantine_payload": 2,
        "logs": 3,
    }
    assert _files(workspace) - before <= {workspace.home.root / ".lock"}
    assert all(_raw(workspace))


def test_what_is_too_old_goes_and_the_rest_stays(workspace: Workspace) -> None:
    home = workspace.home
    report = enforce_retention(workspace)
    texts = Landing(home.landing).current("salesforce", "task").collect()
    assert texts.sort("_source_record_id")["description"].to_list() == [None, "new"]
    # The reason stays, the raw content goes: of what was seen before only.
    assert _raw(workspace) == ["new,ada@engine.example", ""]
    quarantined = pl.read_parquet(home.stage("quarantined_records"))
    assert quarantined["raw_payload"].to_list() == ["", "bob@engine.example"]
    kept = {path.name for path in _files(workspace)}
    assert "new.log" in kept
    assert kept & {"a.log", "x.html", "contacts.csv"} == set()
    assert report.file is not None
    written = json.loads(report.file.read_text())
    assert {each["name"] for each in written["classes"]} == set(_cleared(report))
    assert "ada@" not in report.file.read_text()
    last = audit.read(home)[-1]
    assert (last.action, last.details["logs"]) == (audit.Action.RETENTION, 3)

    assert set(_cleared(enforce_retention(workspace)).values()) == {0}


def test_without_limits_records_are_kept(
    make_workspace: Callable[..., Workspace], workspace: Workspace
) -> None:
    del workspace
    report = enforce_retention(make_workspace(TWO_SOURCES), dry_run=True)
    assert _cleared(report) == {"activity_text": 0, "quarantine_payload": 0, "logs": 3}
