"""The identity ledger on disk: which id owns which record, and every id ever used.

What belongs here: reading and committing versions of the ledger. What does not: deciding
who owns what. The ledger is the one state that cannot be rebuilt from exports.

    <ledger_dir>/<entity>/
        CURRENT                 the number of the version in force
        v000007/{members,ended,ids,events,runs}.parquet

A commit writes a complete new version beside the old one, flushes it and then replaces
`CURRENT`, the only step that takes effect. Killed at any moment, the ledger is the old
one or the new one. The last versions are kept for inspection and roll-back.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import duckdb
from filelock import FileLock, Timeout

from hygiene.errors import InputError, StorageBusyError
from hygiene.parquet_exchange import (
    quote_literal,
    register_parquet,
    synchronise,
    write_parquet,
)

TABLES: Mapping[str, str] = {
    "members": (
        "source_record_key VARCHAR, golden_id VARCHAR, is_present BOOLEAN, "
        "assigned_at TIMESTAMP"
    ),
    "ended": (
        "source_record_key VARCHAR, golden_id VARCHAR, valid_from TIMESTAMP, "
        "valid_to TIMESTAMP"
    ),
    "ids": (
        "golden_id VARCHAR, founding_source_record_key VARCHAR, generation INTEGER, "
        "founded_at TIMESTAMP, minted_at TIMESTAMP, status VARCHAR, "
        "merged_into VARCHAR, changed_at TIMESTAMP"
    ),
    "events": (
        "run_id VARCHAR, occurred_at TIMESTAMP, golden_id VARCHAR, event VARCHAR, "
        "related_golden_id VARCHAR, record_count BIGINT"
    ),
    "runs": (
        "run_id VARCHAR, occurred_at TIMESTAMP, carried BIGINT, minted BIGINT, "
        "merged BIGINT, split BIGINT, retired BIGINT, revived BIGINT, records BIGINT, "
        "clusters BIGINT, churn_rate DOUBLE"
    ),
}
ERASED_KEY = "erased:"
"""How the keyed hash begins that stands for the key of a record after its erasure."""

_ORDER = {
    "members": "source_record_key",
    "ended": "source_record_key, valid_from",
    "ids": "golden_id",
    "events": "occurred_at, run_id, golden_id, event, related_golden_id",
    "runs": "occurred_at, run_id",
}
_KEPT_VERSIONS = 5
_LOCK_SECONDS = 120.0
_VERSION = re.compile(r"v(\d{6})")


class Ledger:
    """The ledger of one entity in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the ledger alone, so that two runs cannot both mint.

        Raises:
            StorageBusyError: If another process holds it for too long.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._folder / ".lock", timeout=_LOCK_SECONDS)
        try:
            with lock:
                yield
        except Timeout as error:
            raise StorageBusyError(
                f"Opening the identity ledger in {self._folder.name}: another process "
                f"has held it for {_LOCK_SECONDS:.0f} seconds; expected it to be free; "
                "wait for the other run to end and run again."
            ) from error

    def version(self) -> int:
        """Return the number of the version in force, 0 if there is none yet.

        Raises:
            InputError: If versions exist but the pointer to them is lost or damaged.
        """
        pointer = self._folder / "CURRENT"
        newest = max(self._versions(), default=0)
        if not pointer.is_file():
            if newest > 1:
                raise InputError(
                    f"Opening the identity ledger in {self._folder.name}: there are "
                    f"{newest} versions but no CURRENT; expected the number of the one "
                    "in force; restore the folder from a backup, or write the number "
                    "into CURRENT."
                )
            return 0
        text = pointer.read_text(encoding="utf-8").strip()
        if not text.isdigit() or not self._path(int(text)).is_dir():
            raise InputError(
                f"Opening the identity ledger in {self._folder.name}: CURRENT names no "
                f"version that exists; expected one of {len(self._versions())} "
                "versions; restore the folder from a backup, or correct CURRENT."
            )
        return int(text)

    def load(self, connection: duckdb.DuckDBPyConnection) -> int:
        """Create the tables `old_members`, `old_ids`, `old_events` and `old_runs`.

        Args:
            connection: An open connection.

        Returns:
            The version that was loaded, 0 for an empty ledger.
        """
        version = self.version()
        for table, columns in TABLES.items():
            connection.execute(f"CREATE OR REPLACE TABLE old_{table} ({columns})")
            if version:
                names = ", ".join(part.split()[0] for part in columns.split(", "))
                register_parquet(
                    connection,
                    f"ledger_{table}",
                    self._path(version) / f"{table}.parquet",
                    required=names.split(", "),
                    task="Reading the identity ledger",
                )
                connection.execute(
                    f"INSERT INTO old_{table} SELECT {names} FROM ledger_{table}"
                )
        return version

    def commit(self, connection: duckdb.DuckDBPyConnection, previous: int) -> int:
        """Write the tables `new_<table>` as the next version and put it in force.

        Args:
            connection: Connection that holds the tables.
            previous: The version that was loaded.

        Returns:
            The number of the new version.
        """
        for number in self._versions():
            if number > previous:  # left by a run that was killed before it took effect
                shutil.rmtree(self._path(number))
        number = previous + 1
        target = self._path(number)
        building = self._folder / f".building-{uuid4().hex}"
        building.mkdir(parents=True)
        try:
            for table in TABLES:
                write_table(connection, table, building / f"{table}.parquet")
            building.replace(target)
        finally:
            shutil.rmtree(building, ignore_errors=True)
        pointer = self._folder / f".CURRENT.{uuid4().hex}"
        pointer.write_text(f"{number}\n", encoding="utf-8")
        synchronise(pointer)
        pointer.replace(self._folder / "CURRENT")
        _flush_folder(self._folder)
        self._clean(number)
        return number

    def table(self, version: int, table: str) -> Path:
        """Path of one table of one version, which may have been cleaned up already.

        Args:
            version: Number of the version.
            table: One of `TABLES`.

        Returns:
            The Parquet file.
        """
        return self._path(version) / f"{table}.parquet"

    def kept_versions(self) -> list[int]:
        """Return the numbers of all versions up to the one in force, oldest first."""
        return [number for number in self._versions() if number <= self.version()]

    def _path(self, version: int) -> Path:
        return self._folder / f"v{version:06d}"

    def _versions(self) -> list[int]:
        if not self._folder.is_dir():
            return []
        found = (_VERSION.fullmatch(item.name) for item in self._folder.iterdir())
        return sorted(int(match.group(1)) for match in found if match)

    def _clean(self, current: int) -> None:
        for number in self._versions():
            if number <= current - _KEPT_VERSIONS:
                shutil.rmtree(self._path(number))
        for leftover in self._folder.glob(".building-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        for leftover in self._folder.glob(".CURRENT.*"):
            leftover.unlink(missing_ok=True)


def write_table(connection: duckdb.DuckDBPyConnection, table: str, out: Path) -> None:
    """Write the table `new_<table>` in the order of the ledger.

    Args:
        connection: Connection that holds it.
        table: One of `TABLES`.
        out: The file to replace.
    """
    write_parquet(
        connection, f"SELECT * FROM new_{table} ORDER BY {_ORDER[table]}", out
    )


def publish(
    connection: duckdb.DuckDBPyConnection, query: str, entity: str, out: Path
) -> None:
    """Write a table of one entity for the warehouse.

    Args:
        connection: An open connection.
        query: What to write, without the entity.
        entity: contact or account.
        out: The file to replace.
    """
    write_parquet(
        connection,
        f"SELECT {quote_literal(entity)} AS entity_type, * FROM ({query})",
        out,
    )


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
