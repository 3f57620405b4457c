"""A run that is killed at any stage and run again ends like one that was not."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import duckdb
import pytest

from orchestration.demo import prepare_demo
from tests.e2e.conftest import PEOPLE, Project, differences

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

# A file that exists once the run is in the middle of the stage.
STAGES = {
    "landing": "landing/*/*/source=salesforce/load=2*/manifest.json",
    "staging": "warehouse.duckdb",
    "identity": "stages/contact_match_edges.parquet",
    "marts": "stages/golden_field_lineage.parquet",
    "publishing": "published/.building-*.duckdb",
}


# "A source brings news as often as it used to" checks the instants of its loads. A source
# that was killed part-way and taken up again has two where an undisturbed one has one.
RULE_OF_LOADS = "DQ-T-401"


def without_loads(project: Project) -> dict[str, list[tuple[object, ...]]]:
    """Every published table; of that rule the verdict, without how many it looked at."""
    tables = project.tables()
    rows = tables["data_quality_results"]
    assert any(RULE_OF_LOADS in row for row in rows)
    tables["data_quality_results"] = [
        tuple(
            value for value in row if RULE_OF_LOADS not in row or type(value) is not int
        )
        for row in rows
    ]
    return tables


def start(project: Project) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        project.command("sync", "--json"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill_when(project: Project, pattern: str, process: subprocess.Popen[bytes]) -> bool:
    """Kill the whole process group as soon as the pattern matches a file."""
    deadline = time.monotonic() + 3600  # a busy machine may take long
    while process.poll() is None and time.monotonic() < deadline:
        if next(project.home.glob(pattern), None) is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.02)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return False


def test_a_run_killed_at_every_stage_ends_like_an_undisturbed_one(
    demo: Project, tmp_path: Path
) -> None:
    prepare_demo(tmp_path, people=PEOPLE)
    project = Project(tmp_path)
    killed = [
        stage
        for stage, pattern in STAGES.items()
        if kill_when(project, pattern, start(project))
    ]
    # Publishing takes a fraction of a second: it may end before the kill arrives.
    assert {"landing", "staging", "identity", "marts"} <= set(killed)
    project.sync()
    assert differences(without_loads(demo), without_loads(project)) == {}
    assert not list((project.home / "published").glob(".building-*"))


def test_readers_never_see_a_half_made_file(demo: Project, tmp_path: Path) -> None:
    """Readers in other processes open and count while the file is swapped."""
    project = demo.copy(tmp_path / "copy")
    expected = project.query("select count(*) from dim_contacts")[0][0]
    script = (
        "import duckdb, sys, time\n"
        "end = time.monotonic() + 600\n"
        "opened = 0\n"
        "while time.monotonic() < end:\n"
        "    with duckdb.connect(sys.argv[1], read_only=True) as c:\n"
        # DuckDB takes `python -c` for a person, and shows how far a slow query is.
        "        c.execute('set enable_progress_bar = false')\n"
        "        n = c.sql('select count(*) from dim_contacts').fetchall()[0][0]\n"
        '        p = c.sql("select row_count from publication where item_name = '
        "'dim_contacts'\").fetchall()[0][0]\n"
        "    assert n == p == int(sys.argv[2]), (n, p)\n"
        "    opened += 1\n"
        "    if sys.stdin in __import__('select').select([sys.stdin], [], [], 0)[0]:\n"
        "        break\n"
        "print(opened)\n"
    )
    import sys

    readers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(project.published), str(expected)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    # A reader that was open before the swap keeps its snapshot.
    with duckdb.connect(str(project.published), read_only=True) as open_reader:
        project.sync("--force")
        count = open_reader.sql("select count(*) from dim_contacts").fetchall()
    assert count == [(expected,)]
    for reader in readers:
        output, errors = reader.communicate("stop\n", timeout=60)
        assert reader.returncode == 0, errors
        assert int(output) > 0
