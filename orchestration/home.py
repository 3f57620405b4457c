"""The home folder: which file lies where, and the lock that keeps writers apart.

Paths only. What the files contain is the business of the packages that write them.
"""

from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from orchestration.errors import BusyError


@dataclass(frozen=True, slots=True)
class Home:
    """Layout of one TIDYCRM_HOME."""

    root: Path

    @property
    def label(self) -> str:
        """What people call it: its folder, or the one around the usual `data`."""
        return self.root.name if self.root.name != "data" else self.root.parent.name

    @property
    def landing(self) -> Path:
        """Append-only copies of source records."""
        return self.root / "landing"

    @property
    def stages(self) -> Path:
        """Parquet tables that Python and dbt exchange."""
        return self.root / "stages"

    @property
    def state(self) -> Path:
        """What cannot be rebuilt: identity ledger, rulings, last publication."""
        return self.root / "state"

    @property
    def identity(self) -> Path:
        """The identity ledger."""
        return self.state / "identity"

    @property
    def history(self) -> Path:
        """Versions of golden records over all runs, written by dbt."""
        return self.state / "history"

    @property
    def models(self) -> Path:
        """Trained matching models."""
        return self.state / "models"

    def token_state(self, source: str) -> Path:
        """Token that a source's service rotates: whoever reads it can log in."""
        return self.state / "tokens" / f"{source}.json"

    @property
    def rulings(self) -> Path:
        """Rulings of stewards on pairs of source records."""
        return self.state / "rulings"

    @property
    def fixes(self) -> Path:
        """Fixes of quarantined records that people made."""
        return self.state / "quarantine_fixes"

    @property
    def overrides(self) -> Path:
        """Golden values that people set by hand."""
        return self.state / "overrides.csv"

    @property
    def warehouse(self) -> Path:
        """The private database that only dbt writes."""
        return self.root / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """What analysts read."""
        return self.root / "published"

    @property
    def published_file(self) -> Path:
        """The one file that analysts open."""
        return self.published / "crm.duckdb"

    @property
    def reports(self) -> Path:
        """Reports for people."""
        return self.root / "reports"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME: run history and schedules."""
        return self.root / "dagster"

    @property
    def dbt(self) -> Path:
        """Compiled dbt artefacts and logs of this home."""
        return self.root / "dbt"

    @property
    def backups(self) -> Path:
        """Archives of `tidycrm backup`, unless another place is named."""
        return self.root / "backups"

    @property
    def operations(self) -> Path:
        """What runs remember of sources and alerts; safe to lose."""
        return self.root / "operations"

    @property
    def metrics_file(self) -> Path:
        """Figures for a monitoring system."""
        return self.root / "metrics" / "tidycrm.prom"

    @property
    def last_run(self) -> Path:
        """How the last run ended."""
        return self.operations / "last_run.json"

    @property
    def alerts(self) -> Path:
        """What was told to whom."""
        return self.operations / "alerts.json"

    def source_state(self, source: str) -> Path:
        """How one source stands."""
        return self.operations / "sources" / f"{source}.json"

    @property
    def last_publication(self) -> Path:
        """Fingerprint of the inputs of the last publication."""
        return self.state / "last_publication.json"

    def stage(self, table: str) -> Path:
        """Path of one exchanged table."""
        return self.stages / f"{table}.parquet"

    def create(self) -> None:
        """Make the folders that writers expect."""
        for folder in (
            self.landing,
            self.stages,
            self.identity,
            self.history,
            self.models,
            self.rulings,
            self.published,
            self.reports,
            self.dagster,
            self.dbt,
        ):
            folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def exclusive(home: Home, *, purpose: str, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the home folder for one writer; readers of published files need no lock.

    Args:
        home: The folder to hold.
        purpose: What the holder does, told to whoever finds the lock taken.
        wait_seconds: How long to wait for another holder before giving up.

    Raises:
        BusyError: Another process holds the folder; says which and since when.
    """
    home.root.mkdir(parents=True, exist_ok=True)
    note = home.root / ".lock.json"
    lock = FileLock(home.root / ".lock")
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout:
        raise BusyError(_busy_message(home, note)) from None
    try:
        try:
            note.write_text(
                json.dumps(
                    {
                        "purpose": purpose,
                        "pid": os.getpid(),
                        "host": socket.gethostname(),
                        "since": datetime.now(UTC).isoformat(timespec="seconds"),
                    }
                )
            )
        except OSError as error:
            # The lock holds without its note: on a full disk one has to tidy up.
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def is_held(home: Home) -> bool:
    """Whether a writer holds the home folder right now."""
    if not home.root.is_dir():
        return False
    lock = FileLock(home.root / ".lock")
    try:
        with lock.acquire(timeout=0):
            return False
    except Timeout:
        return True


def holder_of(home: Home) -> str | None:
    """Who works on the home folder right now, in words; None if nobody does."""
    return _holder(home.root / ".lock.json") if is_held(home) else None


def killed_holder_of(home: Home) -> str | None:
    """Who held the home folder and ended without a chance to say so; None if nobody."""
    note = home.root / ".lock.json"
    return _holder(note) if note.is_file() and not is_held(home) else None


def _holder(note: Path) -> str:
    try:
        holder = json.loads(note.read_text())
        return (
            f"`{holder['purpose']}` (process {holder['pid']} on {holder['host']}, "
            f"since {holder['since']})"
        )
    except (OSError, ValueError, KeyError):
        return "another tidycrm process"


def _busy_message(home: Home, note: Path) -> str:
    who = _holder(note)
    return (
        f"{home.root} is in use by {who}. Only one writer may work on a home folder. "
        "Wait until it ends (`tidycrm status` shows its run), or stop that process."
    )


def replace_text(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old or the new one, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
