"""End-to-end helpers: the real command in a process of its own, on files made here."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from filelock import FileLock

from orchestration.demo import prepare_demo

TIDYCRM = Path(sys.executable).parent / "tidycrm"
PEOPLE = 1_000

# Differ between two runs on purpose: they tell which run it was, or when it saw a row.
RUN_COLUMNS = {
    "run_id",
    "published_at",
    "checked_at",
    "watermark",
    "synced_at",
    "stale_since",
    "occurred_at",
    "valid_from",
    "valid_to",
    "first_seen_at",
    "last_seen_at",
    "known_at",
    "extracted_at",
    "objected_since",
}

# Folders that hold records on purpose, and must.
RECORDS = {"landing", "stages", "published", "warehouse.duckdb"}
# What golden records were before: values, beside the ids and rulings that `state` is for.
HISTORY = "history/"

# Grow with every run: how good the data were in it, what its loads said anew.
TABLES_OF_RUNS = ("data_quality_scorecard", "consent_ledger")


@dataclass(frozen=True)
class Project:
    """A folder with a configuration and the home that belongs to it."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "tidycrm.yml"

    @property
    def home(self) -> Path:
        return self.folder / "data"

    @property
    def published(self) -> Path:
        return self.home / "published" / "crm.duckdb"

    def command(self, *arguments: str) -> list[str]:
        return [
            str(TIDYCRM),
            *arguments,
            "--config",
            str(self.config),
            "--home",
            str(self.home),
        ]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
        )

    def sync(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Sync and return the answer; fails the test with what was printed."""
        finished = self.run("sync", "--json", *arguments)
        assert finished.returncode == code, finished.stderr[-4000:]
        return json.loads(finished.stdout)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.published), read_only=True) as reader:
            return reader.execute(sql).fetchall()

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every published table without what names the run or counts runs."""
        contents = {}
        with duckdb.connect(str(self.published), read_only=True) as reader:
            # Views only repeat what tables hold.
            for (table,) in reader.execute(
                "select table_name from duckdb_tables() where not internal order by 1"
            ).fetchall():
                if table in TABLES_OF_RUNS:
                    continue
                columns = [
                    row[0]
                    for row in reader.execute(f'describe "{table}"').fetchall()
                    if row[0] not in RUN_COLUMNS
                ]
                names = ", ".join(f'"{column}"' for column in columns)
                rows = reader.execute(
                    f'select {names} from "{table}" order by all'
                ).fetchall()
                contents[table] = [
                    row for row in rows if not set(TABLES_OF_RUNS) & set(map(str, row))
                ]
        return contents

    def copy(self, target: Path) -> Project:
        """The same project elsewhere, so that a test may change it."""
        shutil.copytree(self.folder, target, symlinks=True)
        return Project(target)

    def configure(self, document: dict[str, Any]) -> None:
        self.config.write_text(yaml.safe_dump(document, sort_keys=False))


def fingerprint(folder: Path) -> dict[str, bytes]:
    """Content of every file below a folder that must not change."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in {".lock", ".tmp"}
    }


def found_in(folder: Path, canaries: list[bytes]) -> dict[str, int]:
    """Files below a folder that hold any of the canaries, with how many."""
    hits = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes().lower()
            count = sum(canary in content for canary in canaries)
            if count:
                hits[str(path.relative_to(folder))] = count
    return hits


def personal_leaks(project: Project, *, least: int) -> set[str]:
    """Files that operators see (events, logs, reports, manifests) with personal data.

    Args:
        project: Was synced.
        least: How many different values have to be looked for at least.
    """
    rows = project.query(
        "select email, full_name, phone from dim_contacts "
        "where email is not null and length(full_name) > 8 order by 1 limit 300"
    )
    canaries = [value.lower().encode() for row in rows for value in row if value]
    assert len(canaries) > least
    leaks = set()
    for folder in sorted(project.home.iterdir()):
        if folder.name not in RECORDS and folder.is_dir():
            found = found_in(folder, canaries)
            leaks |= {
                f"{folder.name}/{name}"
                for name in found
                if not name.startswith(HISTORY)
            }
    landing = project.home / "landing"
    manifests = sorted(landing.rglob("*.json"))
    assert manifests
    for manifest in manifests:
        text = manifest.read_bytes().lower()
        if any(canary in text for canary in canaries):
            leaks.add(str(manifest.relative_to(project.home)))
    return leaks


def differences(
    first: dict[str, list[tuple[Any, ...]]],
    second: dict[str, list[tuple[Any, ...]]],
    ignore: Sequence[str] = (),
) -> dict[str, int]:
    """Tables whose rows differ, with the number of rows on one side only."""
    found = {}
    for table in sorted({*first, *second} - set(ignore)):
        one = {repr(row) for row in first.get(table, [])}
        other = {repr(row) for row in second.get(table, [])}
        if one != other:
            found[table] = len(one ^ other)
    return found


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Project:
    """A small made-up CRM that was synced once; tests only read it or copy it.

    Workers share one: the first makes it while the others wait.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "demo"
    with FileLock(f"{folder}.lock"):
        project = Project(folder)
        if not (folder / "ready").exists():
            prepare_demo(folder, people=PEOPLE)
            project.sync()
            (folder / "ready").touch()
    return project


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Project]:
    """The folder of a running `tidycrm sandbox`, with the configuration it wrote."""
    server = subprocess.Popen(
        [str(TIDYCRM), "sandbox", "--folder", str(tmp_path)],
        env={**os.environ, "NO_COLOR": "1"},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    project = Project(tmp_path)
    try:
        # Minutes, for machines that are busy with other things.
        deadline = time.monotonic() + 300
        while not project.config.exists():
            assert server.poll() is None, "the sandbox ended by itself"
            assert time.monotonic() < deadline, "the sandbox did not start"
            time.sleep(0.2)
        yield project
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)
