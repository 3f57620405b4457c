"""Fifty readers, twenty publications: no error, no torn read, no mixture of versions."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.publishing import PublishedTable, publish

pytestmark = pytest.mark.slow

READERS = 50
PUBLICATIONS = 20
TABLES = ("dim_contacts", "dim_accounts", "fct_orders")
NOW = datetime(2026, 1, 15, 6, tzinfo=UTC)

# Opens anew each time, as a BI tool does, and reads every table of one version.
READER = """
import select, sys, duckdb
opened, versions = 0, set()
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0.05)[0]:
    with duckdb.connect(sys.argv[1], read_only=True) as c:
        # DuckDB takes `python -c` for a person, and shows how far a slow query is.
        c.execute("set enable_progress_bar = false")
        seen = {c.execute(f"select count(*), min(v), max(v), sum(n) from {t}").fetchone()
                for t in sys.argv[2:]}
        (run,), = c.execute("select distinct run_id from publication").fetchall()
    ((rows, low, high, total),) = seen
    assert low == high == int(run[1:]), (seen, run)
    assert rows == 1000 + low and total == rows * (rows - 1) // 2, seen
    opened += 1
    versions.add(low)
print(opened, len(versions))
"""


def publish_version(folder: Path, number: int) -> Path:
    warehouse = folder / "warehouse.duckdb"
    warehouse.unlink(missing_ok=True)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema marts")
        for table in TABLES:
            connection.execute(
                f"create table marts.{table} as select range as n, {number} as v "
                f"from range({1000 + number})"
            )
    return publish(
        warehouse=warehouse,
        out=folder / "published",
        tables=[PublishedTable(name, f'"marts"."{name}"') for name in TABLES],
        sources=[],
        run_id=f"r{number}",
        as_of=date(2026, 1, 15),
        published_at=NOW,
        version="0",
        keep_versions=3,
        parquet=False,
    ).file


def test_fifty_readers_never_fail_during_twenty_publications(tmp_path: Path) -> None:
    file = publish_version(tmp_path, 0)
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(file), *TABLES],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(READERS)
    ]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
    for number in range(1, PUBLICATIONS + 1):
        publish_version(tmp_path, number)
    opened, versions = 0, set()
    for reader in readers:
        output, errors = reader.communicate("stop\n", timeout=300)
        assert reader.returncode == 0, errors[-2000:]
        times, seen = map(int, output.split())
        opened += times
        versions.add(seen)
    assert opened >= READERS
    # They did read while files were swapped, not only before or after.
    assert max(versions) > 1
