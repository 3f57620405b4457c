"""`tidycrm backfill`: refuses what cannot be meant, and leaves word like a sync."""

from __future__ import annotations

import errno
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from orchestration.backfill import prepare_backfill
from orchestration.cli import app
from orchestration.errors import PipelineError
from orchestration.sync import SyncOutcome
from orchestration.workspace import Workspace
from tests.orchestration.conftest import TWO_SOURCES


@pytest.mark.parametrize(
    ("since", "names", "words"),
    [
        (date(2126, 1, 1), (), "to come"),
        (date(2026, 1, 1), ("hubsport",), "no source is named hubsport"),
    ],
)
def test_what_cannot_be_meant_changes_nothing(
    make_workspace: Callable[..., Workspace],
    since: date,
    names: tuple[str, ...],
    words: str,
) -> None:
    with pytest.raises(PipelineError, match=words):
        prepare_backfill(make_workspace(TWO_SOURCES), since=since, names=names)


def test_sources_without_cursors_are_read_as_always(
    make_workspace: Callable[..., Workspace],
) -> None:
    done = prepare_backfill(make_workspace(TWO_SOURCES), since=date(2026, 1, 1))
    assert [(each.moved, each.forgotten) for each in done] == [((), ())] * len(done)


def _command(tmp_path: Path) -> list[str]:
    config = tmp_path / "tidycrm.yml"
    config.write_text(TWO_SOURCES)
    (tmp_path / "exports").mkdir()
    home = str(tmp_path / "data")
    return ["backfill", "--from", "2026-01-01", "--config", str(config), "--home", home]


def test_a_backfill_that_fails_is_in_the_status_and_in_the_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise PipelineError("hygiene: it broke", run_id="r1")

    monkeypatch.setattr("orchestration.backfill.run_sync", fails)
    done = CliRunner().invoke(app, _command(tmp_path))
    assert done.exit_code == 1
    home = tmp_path / "data"
    assert "it broke" in (home / "operations" / "last_run.json").read_text()
    metrics = (home / "metrics" / "tidycrm.prom").read_text()
    assert "tidycrm_run_succeeded 0" in metrics


def test_a_backfill_that_ends_well_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = SyncOutcome(
        run_id="r2",
        published=True,
        seconds=12.0,
        rows_landed=7,
        checks_passed=1,
        checks_failed=0,
    )
    monkeypatch.setattr("orchestration.backfill.run_sync", lambda *_, **__: outcome)
    done = CliRunner().invoke(app, _command(tmp_path))
    assert done.exit_code == 0, done.output
    assert "read in full, as always" in done.output
    assert "7 rows were new or different" in done.output
    metrics = (tmp_path / "data" / "metrics" / "tidycrm.prom").read_text()
    assert "tidycrm_run_succeeded 1" in metrics
    assert "tidycrm_run_seconds 12" in metrics


def test_a_full_disk_after_the_run_does_not_undo_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = SyncOutcome("r3", True, 1.0, 0, 1, 0)
    monkeypatch.setattr("orchestration.backfill.run_sync", lambda *_, **__: outcome)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("orchestration.last_run.remember_run", full)
    monkeypatch.setattr("orchestration.alerts.after_run.tell", full)
    done = CliRunner().invoke(app, _command(tmp_path))
    assert done.exit_code == 0
    assert "metrics file was not written" in done.output
    assert "alerts could not be told" in done.output
