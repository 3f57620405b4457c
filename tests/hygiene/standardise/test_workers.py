"""Processes that standardise side by side do not outlive the one that started them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil

from tests.hygiene.standardise.tables import PEOPLE, write_contacts

START_AND_WAIT = """
import multiprocessing, sys
from pathlib import Path
from hygiene.standardise import StandardiseSettings
from hygiene.standardise.workers import _compute_apart

settings = StandardiseSettings(chunk_rows=2)
results = _compute_apart(
    [0, 2, 4, 6], workers=2, prepare=("contact", Path(sys.argv[1]), settings, None)
)
next(results)
print(*(child.pid for child in multiprocessing.active_children()), flush=True)
sys.stdin.read()
"""


def test_processes_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    unioned = write_contacts(tmp_path / "in.parquet", PEOPLE)
    parent = subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT, str(unioned)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        children = [
            psutil.Process(int(pid)) for pid in parent.stdout.readline().split()
        ]
        assert len(children) == 2
        parent.kill()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []
