"""The shelf of published versions: keep, show, roll back, prune.

A version is everything that one run published: `crm_<run>.duckdb`, perhaps
`masked_<run>.duckdb` and `parquet-<run>/`. What analysts open is a hard link to one of
them, moved into place in one step. Whoever rolls back pins that version: later runs
then keep their own beside it until the pin is released.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from orchestration.errors import PublishError
from orchestration.home import replace_text
from orchestration.publishing.sql import literal, quote


@dataclass(frozen=True, slots=True)
class Pin:
    """A version that stays in place until somebody releases it."""

    version: str
    pinned_at: str


@dataclass(frozen=True, slots=True)
class Version:
    """One version on the shelf."""

    run_id: str
    published_at: datetime
    as_of: date
    contract_version: int
    bytes: int
    is_current: bool
    is_pinned: bool
    has_masked: bool


class Shelf:
    """The published folder of one home."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out / "versions"
        self.current = out / "crm.duckdb"
        self.masked = out / "crm_masked.duckdb"

    @property
    def pin(self) -> Pin | None:
        """The pinned version, if any."""
        try:
            return Pin(**json.loads((self.out / "pin.json").read_text()))
        except FileNotFoundError:
            return None

    def file(self, run_id: str) -> Path:
        """The database of one version."""
        return self.folder / f"crm_{run_id}.duckdb"

    def masked_file(self, run_id: str) -> Path:
        """The masked database of one version."""
        return self.folder / f"masked_{run_id}.duckdb"

    def parquet(self, run_id: str) -> Path:
        """The Parquet copy of one version."""
        return self.folder / f"parquet-{run_id}"

    def versions(self) -> list[Version]:
        """Every kept version, newest first."""
        pin = self.pin
        found = []
        for file in self.folder.glob("crm_*.duckdb"):
            run_id = file.stem.removeprefix("crm_")
            with duckdb.connect(str(file), read_only=True) as reader:
                row = reader.execute(
                    "select max(published_at), max(as_of_date) from publication"
                ).fetchall()[0]
            found.append(
                Version(
                    run_id=run_id,
                    published_at=row[0],
                    as_of=row[1],
                    contract_version=read_contract_version(file),
                    bytes=file.stat().st_size,
                    is_current=self.current.exists() and file.samefile(self.current),
                    is_pinned=pin is not None and pin.version == run_id,
                    has_masked=self.masked_file(run_id).exists(),
                )
            )
        return sorted(
            found, key=lambda each: (each.published_at, each.run_id), reverse=True
        )

    def keep(
        self, run_id: str, building: Path, masked: Path | None, *, parquet: bool
    ) -> None:
        """Put a finished version on the shelf; nobody reads it yet."""
        if parquet:
            _write_parquet(building, self.parquet(run_id))
        kept = [(building, self.file(run_id))]
        if masked is not None:
            kept.append((masked, self.masked_file(run_id)))
        for origin, target in kept:
            target.unlink(missing_ok=True)
            os.link(origin, target)
            _flush(target)
        _flush(self.folder)

    def show(self, run_id: str) -> None:
        """Make a kept version the one that analysts open; the main file comes last."""
        if self.parquet(run_id).is_dir():
            self._link_parquet(run_id)
        elif (self.out / "parquet").is_symlink():
            # A copy of another version beside this one would contradict it.
            (self.out / "parquet").unlink()
        if self.masked_file(run_id).exists():
            self._swap(self.masked_file(run_id), self.masked)
        else:
            self.masked.unlink(missing_ok=True)
        self._swap(self.file(run_id), self.current)
        _flush(self.out)

    def roll_back(self, wanted: str | None, *, at: datetime) -> Version:
        """Show an older version and pin it.

        Args:
            wanted: Run id or its beginning; None means the one before the current.
            at: Now, UTC.

        Raises:
            PublishError: There is no such version, or more than one.
        """
        version = self._choose(wanted)
        pin = {"version": version.run_id, "pinned_at": at.isoformat(timespec="seconds")}
        # First the pin: a crash in between must not let the next run undo the decision.
        replace_text(self.out / "pin.json", json.dumps(pin))
        self.show(version.run_id)
        return version

    def release(self) -> Version:
        """Show the newest version and remove the pin.

        Raises:
            PublishError: Nothing was ever published here.
        """
        known = self.versions()
        if not known:
            raise PublishError(
                f"Showing the newest version in {self.out}: none is kept there. Run "
                "`tidycrm sync` first."
            )
        self.show(known[0].run_id)
        (self.out / "pin.json").unlink(missing_ok=True)
        return known[0]

    def prune(self, keep: int, *, newest: str | None = None) -> int:
        """Remove the oldest versions; the current and the pinned one always stay.

        Returns:
            Number of versions that remain.
        """
        pin = self.pin
        files = sorted(
            self.folder.glob("crm_*.duckdb"),
            key=lambda file: (file.stem == f"crm_{newest}", file.stat().st_mtime_ns),
        )
        remaining = len(files)
        for outdated in files[:-keep]:
            run_id = outdated.stem.removeprefix("crm_")
            is_shown = self.current.exists() and outdated.samefile(self.current)
            if is_shown or (pin is not None and pin.version == run_id):
                continue
            self.remove(run_id)
            remaining -= 1
        return remaining

    def remove(self, run_id: str) -> None:
        """Delete all files of one version."""
        self.file(run_id).unlink(missing_ok=True)
        self.masked_file(run_id).unlink(missing_ok=True)
        shutil.rmtree(self.parquet(run_id), ignore_errors=True)

    def _choose(self, wanted: str | None) -> Version:
        known = self.versions()
        names = ", ".join(each.run_id[:8] for each in known) or "none"
        if wanted is None:
            shown = next((n for n, each in enumerate(known) if each.is_current), -1)
            if shown + 1 >= len(known):
                raise PublishError(
                    f"Rolling back in {self.out}: no version older than the current one "
                    f"is kept; kept are {names}. Raise `publish.keep_versions` for the "
                    "future."
                )
            return known[shown + 1]
        found = [each for each in known if each.run_id.startswith(wanted)]
        if len(found) != 1:
            what = "no version" if not found else f"{len(found)} versions"
            raise PublishError(
                f"Rolling back to {wanted!r}: {what} of that name; kept are {names}. "
                "`tidycrm publish --list` shows them."
            )
        return found[0]

    def _swap(self, origin: Path, target: Path) -> None:
        pending = self.out / f".building-{target.name}"
        pending.unlink(missing_ok=True)
        os.link(origin, pending)
        pending.replace(target)

    def _link_parquet(self, run_id: str) -> None:
        # A symbolic link is the only way to swap a folder in one step.
        link = self.out / "parquet"
        pending = self.out / f".building-parquet-{run_id}"
        pending.unlink(missing_ok=True)
        pending.symlink_to(Path("versions") / self.parquet(run_id).name)
        if link.exists() and not link.is_symlink():
            shutil.rmtree(link)
        pending.replace(link)


def read_contract_version(file: Path) -> int:
    """Version of the tables' shape in a published file; 1 where it tells none."""
    with duckdb.connect(str(file), read_only=True) as reader:
        try:
            row = reader.execute(
                "select max(contract_version) from publication"
            ).fetchone()
        except duckdb.Error:
            return 1
    return int(row[0]) if row and row[0] is not None else 1


def _write_parquet(building: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with duckdb.connect(str(building), read_only=True) as reader:
        # Views stay out: written row by row they may be larger than all tables.
        names = reader.execute(
            "select table_name from duckdb_tables() where not internal order by 1"
        ).fetchall()
        for (name,) in names:
            target = literal(str(folder / f"{name}.parquet"))
            reader.execute(
                f"copy {quote(name)} to {target} (format parquet, compression zstd)"
            )


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
