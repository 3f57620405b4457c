"""A disk that fills up in the middle of a sync: told in words, and healed by the next."""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import Project

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

LARGEST = 4_000_000
"""Bytes of a file: the run begins, and the warehouse cannot be written."""


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_full_disk_is_told_and_the_next_sync_goes_on(
    demo: Project, tmp_path: Path
) -> None:
    """A limit on the size of files stands for the disk: the same errors, no root."""
    project = demo.copy(tmp_path / "project")
    before = _digest(project.published)
    done = subprocess.run(
        project.command("sync", "--force"),
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (LARGEST, LARGEST)
        ),
    )
    assert done.returncode == 1, done.stderr[-4000:]
    assert "Traceback" not in done.stderr
    assert "the disk is full" in done.stderr, done.stderr[-4000:]
    assert "tidycrm prune" in done.stderr
    assert _digest(project.published) == before
    assert not list((project.home / "published").glob(".building-*"))
    assert project.query("select count(*) from dim_contacts")[0][0] > 0

    project.sync("--force")
    assert project.query("select count(*) from dim_contacts")[0][0] > 0
    assert not list((project.home / "published").glob(".building-*"))
