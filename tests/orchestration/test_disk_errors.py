"""A disk that is full or read-only is told in words, whoever meets it first."""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import duckdb
import pytest
import typer

from orchestration.cli.common import ExitCode, reported
from orchestration.dbt_build import ensure_manifest
from orchestration.disk_errors import disk_trouble
from orchestration.errors import PipelineError
from orchestration.home import Home, exclusive, is_held, replace_text
from orchestration.pruning import prune
from orchestration.workspace import Workspace
from tests.orchestration.conftest import TWO_SOURCES


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "/home/x"),
            "/home/x: the disk",
        ),
        (OSError(errno.EROFS, "Read-only file system"), "mounted read-only"),
        (PermissionError(errno.EACCES, "Permission denied"), "chown"),
        (sqlite3.OperationalError("database or disk is full"), "tidycrm prune"),
        (duckdb.IOException("Could not write: No space left on device"), "is full"),
    ],
)
def test_errors_of_the_disk_are_known_by_number_or_by_words(
    error: Exception, words: str
) -> None:
    assert words in (disk_trouble(error) or "")


def test_an_error_behind_another_is_found() -> None:
    error = RuntimeError("wrapped")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert "is full" in (disk_trouble(error) or "")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("No space left on device"),  # somebody's data, not the disk
        FileNotFoundError(errno.ENOENT, "No such file"),
        KeyError("x"),
    ],
)
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    assert disk_trouble(error) is None
    with pytest.raises(type(error)), reported():
        raise error


def test_a_command_ends_with_words_and_a_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit) as ended, reported():
        raise OSError(errno.ENOSPC, "No space left on device", "/home/x")
    assert ended.value.exit_code == ExitCode.FAILED
    told = capsys.readouterr().err
    assert "Not done." in told
    assert "Traceback" not in told


def test_a_home_that_cannot_be_written_is_told_without_a_traceback(
    tmp_path: Path,
) -> None:
    """A limit on the size of files stands for a full disk: the same errors, no root."""
    config = tmp_path / "tidycrm.yml"
    config.write_text(TWO_SOURCES)
    (tmp_path / "exports").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", "from orchestration.cli import main; main()", "prune",
         "--config", str(config), "--home", str(tmp_path / "data")],
        check=False, capture_output=True, text=True,
        env={**os.environ, "NO_COLOR": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10)),
    )  # fmt: skip
    assert done.returncode == ExitCode.FAILED
    assert "Traceback" not in done.stderr
    assert "the disk is full" in done.stderr


def test_a_disk_that_fills_up_while_dbt_parses_is_told_as_such(
    make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        words = "Encountered an error:\n[Errno 28] No space left on device"
        return subprocess.CompletedProcess([], 2, stdout=words, stderr="")

    monkeypatch.setattr("orchestration.dbt_build.subprocess.run", full)
    with pytest.raises(PipelineError, match="the disk is full"):
        ensure_manifest(make_workspace(TWO_SOURCES))


def test_pruning_frees_files_before_it_opens_anything_that_writes(
    make_workspace: Callable[..., Workspace],
) -> None:
    workspace = make_workspace(TWO_SOURCES)
    leftover = workspace.home.root / "state.before-upgrade-0-20200101T000000Z"
    leftover.mkdir(parents=True)
    os.utime(leftover, (0, 0))

    def opens() -> dg.DagsterInstance:
        assert not leftover.exists()
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(sqlite3.OperationalError):
        prune(workspace, opens, now=datetime.now(UTC))
    assert not leftover.exists()


def test_a_full_disk_takes_the_note_of_a_lock_and_not_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    home = Home(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", full)
        with exclusive(home, purpose="a test"):
            assert is_held(home)
    assert not is_held(home)


def test_a_file_that_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = tmp_path / "a.json"
    replace_text(file, "one")
    monkeypatch.setattr("orchestration.home.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_text(file, "two")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert file.read_text() == "one"
