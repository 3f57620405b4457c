"""`tidycrm status` says what a person has to know before they look anywhere else."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Console

from orchestration.home import exclusive, replace_text
from orchestration.last_run import read_last_run, remember_run
from orchestration.status import read_status
from orchestration.terminal import print_status
from orchestration.workspace import Workspace
from tests.orchestration.test_digest import published

Make = Callable[..., Workspace]
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def told(workspace: Workspace) -> str:
    out = io.StringIO()
    print_status(Console(file=out, width=200), read_status(workspace))
    return out.getvalue()


def test_an_empty_home_says_what_to_do(make_workspace: Make) -> None:
    text = told(make_workspace())
    assert "Nothing published yet: run `tidycrm sync`" in text
    assert "failed" not in text


def test_quality_and_backlog_are_told(make_workspace: Make) -> None:
    workspace = make_workspace()
    published(workspace.home, [90.0, 85.0], doubtful=3)
    text = told(workspace)
    assert "score 85.0 of 100" in text
    assert "3 doubtful matches wait for a steward" in text


def test_a_file_that_an_erasure_changed_is_not_called_missing(
    make_workspace: Make,
) -> None:
    workspace = make_workspace()
    published(workspace.home, [90.0], doubtful=0)
    workspace.home.last_publication.unlink(missing_ok=True)
    text = told(workspace)
    assert "changed by an erasure or a restore" in text
    assert "Nothing published yet" not in text


def test_a_failed_run_is_told_until_one_succeeds(make_workspace: Make) -> None:
    workspace = make_workspace()
    home = workspace.home
    remember_run(home, at=NOON, run_id="r1", failure="hubspot: [the token] was revoked")
    text = told(workspace)
    assert "The last run failed at 2026-01-15 12:00 UTC" in text
    assert "hubspot: [the token] was revoked" in text
    remember_run(home, at=NOON, run_id="r2", failure=None)
    assert "The last run failed" not in told(workspace)


def test_who_works_on_the_home_is_told(make_workspace: Make) -> None:
    workspace = make_workspace()
    with exclusive(workspace.home, purpose="tidycrm sync"):
        assert "Running now: `tidycrm sync` (process" in told(workspace)
    assert "Running now" not in told(workspace)


def test_a_killed_run_is_told_until_another_one_holds_the_home(
    make_workspace: Make,
) -> None:
    workspace = make_workspace()
    kill = (
        "import os, sys; from pathlib import Path; "
        "from orchestration.home import Home, exclusive\n"
        "with exclusive(Home(Path(sys.argv[1])), purpose='tidycrm sync'):\n"
        "    os.kill(os.getpid(), 9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", kill, str(workspace.home.root)], check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert "Killed before it ended: `tidycrm sync` (process" in told(workspace)
    with exclusive(workspace.home, purpose="tidycrm sync"):
        assert "Killed" not in told(workspace)
    assert "Killed" not in told(workspace)


def test_a_source_that_fails_is_told_with_its_code_in_one_piece(
    make_workspace: Make,
) -> None:
    """On a narrow terminal too: people look the code up in the runbook."""
    status = read_status(make_workspace())
    failing = replace(
        status.sources[0],
        synced_at=NOON,
        last_change=NOON,
        failing_since=NOON,
        failures=1,
        reason="remote_object_missing",
        message="it is gone",
    )
    out = io.StringIO()
    print_status(Console(file=out, width=80), replace(status, sources=(failing,)))
    assert "(remote_object_missing, 1 runs)" in out.getvalue()
    row = next(line for line in out.getvalue().splitlines() if "fails" in line)
    assert row.count("2026-01-15 12:00") == 2


def test_a_pinned_version_is_told(make_workspace: Make) -> None:
    workspace = make_workspace()
    pin = {"version": "abcdef0123", "pinned_at": NOON.isoformat()}
    replace_text(workspace.home.published / "pin.json", json.dumps(pin))
    assert "Version abcdef01 is pinned" in told(workspace)


def test_a_damaged_note_of_the_last_run_is_no_obstacle(make_workspace: Make) -> None:
    workspace = make_workspace()
    replace_text(workspace.home.last_run, "{")
    assert read_last_run(workspace.home) is None
    json.dumps(read_status(workspace).as_dict(), default=str)
