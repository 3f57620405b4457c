"""Every place of a home where a person may be stored, one file after the other.

Belongs here: walking a home, and what is done with each kind of file. What was never
meant to be kept (the private warehouse, memories of matching, logs of dbt) is removed:
the next sync makes it anew. New kinds of file are covered because everything is walked.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from connectors.landing import keyed_hash
from hygiene.identity import ERASED_KEY
from orchestration.home import Home
from orchestration.privacy import documents
from orchestration.privacy.needles import Needles
from orchestration.privacy.suppressed import folder_of, secret_of
from orchestration.privacy.tables import (
    Counted,
    hits_in_database,
    hits_in_parquet,
    hits_in_sqlite,
    scrub_database,
    scrub_parquet,
    scrub_sqlite,
)
from orchestration.publishing import Masking, Shelf
from orchestration.publishing.masking import write_masked
from orchestration.publishing.sql import literal
from orchestration.publishing.writing import STORAGE_VERSION

_SQLITE = (".db", ".sqlite", ".sqlite3")
_BESIDE = ("-wal", "-shm", ".lock")


@dataclass(frozen=True, slots=True)
class StoreReport:
    """What was done in one part of the home."""

    store: str
    files: int
    removed: int
    rewritten: int


def journals_of(home: Home) -> Path:
    """Where journals of unfinished erasures lie: the only place that names somebody."""
    return home.state / "erasures"


def remove_rebuilt(home: Home) -> int:
    """Remove what the next sync makes anew; return how many files went."""
    removed = 0
    for path in (
        home.warehouse,
        home.warehouse.with_name(home.warehouse.name + ".wal"),
        home.stages / "matching",
        home.dbt / "logs",
        home.dbt / "target" / "run_results.json",
        home.landing / "_tmp",
    ):
        if path.is_dir():
            removed += sum(1 for each in path.rglob("*") if each.is_file())
            shutil.rmtree(path)
        elif path.exists():
            removed += 1
            path.unlink()
    # The next sync has to publish, although no source says anything new.
    home.last_publication.unlink(missing_ok=True)
    return removed


def forget_keys(home: Home, needles: Needles) -> int:
    """Put keyed hashes in the place of record keys in every version of the ledger."""
    secret = secret_of(home)
    pairs = [
        (key, ERASED_KEY + keyed_hash(secret, f"ledger|{key}")[:32])
        for key in needles.ids
    ]
    count = 0
    for name, column in (
        ("members", "source_record_key"),
        ("ended", "source_record_key"),
        ("ids", "founding_source_record_key"),
    ):
        for path in sorted(home.identity.glob(f"*/v*/{name}.parquet")):
            relation = f"read_parquet({literal(str(path))}, hive_partitioning = false)"
            with duckdb.connect() as connection:
                connection.execute("SET TimeZone = 'UTC'")
                connection.execute("CREATE TABLE known (key VARCHAR, erased VARCHAR)")
                connection.executemany("INSERT INTO known VALUES (?, ?)", pairs)
                found = connection.execute(
                    f"SELECT count(*) FROM {relation} "
                    f"WHERE {column} IN (SELECT key FROM known)"
                ).fetchone()
                if not found or not found[0]:
                    continue
                count += int(found[0])
                temporary = path.with_name(f".{path.name}.erasing")
                connection.execute(
                    f"COPY (SELECT rows.* REPLACE (coalesce(known.erased, "
                    f"rows.{column}) AS {column}) FROM {relation} AS rows "
                    f"LEFT JOIN known ON rows.{column} = known.key ORDER BY ALL) "
                    f"TO {literal(str(temporary))} (FORMAT parquet, COMPRESSION zstd)"
                )
            replace_durably(temporary, path)
    return count


def scrub_published(home: Home, needles: Needles, masking: Masking | None) -> Counted:
    """Rewrite every published version, its masked copy, and what analysts open."""
    shelf = Shelf(home.published)
    total = Counted()
    for file in sorted(shelf.folder.glob("crm_*.duckdb")):
        run_id = file.stem.removeprefix("crm_")
        fresh = file.with_name(f".erasing-{file.name}")
        counted = scrub_database(file, fresh, needles, storage=STORAGE_VERSION)
        if not counted:
            continue
        total += counted
        masked = shelf.masked_file(run_id)
        # The masked copy first: a kill in between leaves the full one to be found again.
        if masked.exists() and masking is not None:
            beside = masked.with_name(f".erasing-{masked.name}")
            beside.unlink(missing_ok=True)
            write_masked(fresh, beside, masking, storage=STORAGE_VERSION)
            replace_durably(beside, masked)
        elif masked.exists():
            masked.unlink()  # without the salt it cannot be written again
        fresh.replace(file)
    shown = _shown(shelf)
    if shown is not None and not _is_linked(shelf, shown):
        shelf.show(shown)
    return total


def _shown(shelf: Shelf) -> str | None:
    """Run whose version analysts open, as the file itself tells."""
    if not shelf.current.exists():
        return None
    with duckdb.connect(str(shelf.current), read_only=True) as reader:
        row = reader.execute("SELECT max(run_id) FROM publication").fetchone()
    run_id = str(row[0]) if row else ""
    return run_id if shelf.file(run_id).exists() else None


def _is_linked(shelf: Shelf, run_id: str) -> bool:
    if not shelf.current.samefile(shelf.file(run_id)):
        return False
    masked = shelf.masked_file(run_id)
    if masked.exists() != shelf.masked.exists():
        return False
    return not masked.exists() or shelf.masked.samefile(masked)


def scrub_files(
    home: Home, needles: Needles, *, dry_run: bool = False
) -> tuple[list[StoreReport], list[str]]:
    """Rewrite every other file; return what was done, and files that resist."""
    done: dict[str, tuple[int, Counted]] = {}
    resisting: list[str] = []
    for path in walk(home):
        try:
            counted = _scrub_file(home, path, needles, dry_run=dry_run)
        except Exception as error:  # noqa: BLE001  # one file must not hide the others
            # The name only: what an error says may quote the file.
            name = path.relative_to(home.root).as_posix()
            resisting.append(f"{name} ({type(error).__name__})")
            continue
        if counted:
            store = path.relative_to(home.root).parts[0]
            files, before = done.get(store, (0, Counted()))
            done[store] = (files + 1, before + counted)
    reports = [
        StoreReport(store, files, counted.removed, counted.rewritten)
        for store, (files, counted) in sorted(done.items())
    ]
    return reports, resisting


def _scrub_file(home: Home, path: Path, needles: Needles, *, dry_run: bool) -> Counted:
    if path.suffix == ".duckdb":
        return Counted()  # published ones have a way of their own
    if path.suffix == ".parquet":
        return scrub_parquet(path, needles, dry_run=dry_run)
    if path.suffix in _SQLITE:
        return scrub_sqlite(path, needles, dry_run=dry_run)
    if not documents.is_archive(path.name) and not needles.count_in_file(path):
        return Counted()
    content, counted = documents.rewrite(path.name, path.read_bytes(), needles)
    if counted and path.parent == home.reports / "access":
        # An answer is about the person as a whole: nothing of it may stay.
        if not dry_run:
            path.unlink()
        return Counted(removed=1)
    if counted and not dry_run:
        beside = path.with_name(f".{path.name}.erasing")
        beside.touch(mode=path.stat().st_mode & 0o777)
        beside.write_bytes(content)
        replace_durably(beside, path)
    return counted


def search_home(home: Home, needles: Needles) -> tuple[int, dict[str, int]]:
    """Search every byte of a home; return files searched, and hits by file."""
    found: dict[str, int] = {}
    files = 0
    for path in walk(home, everything=True):
        files += 1
        name = path.relative_to(home.root).as_posix()
        if path.suffix == ".duckdb":
            hits = hits_in_database(path, needles)
        elif path.suffix == ".parquet":
            # The ledger keeps ids that ended, so that none is ever used again.
            in_ledger = home.identity in path.parents
            hits = hits_in_parquet(path, needles, words_only=in_ledger)
        elif path.suffix in _SQLITE:
            hits = hits_in_sqlite(path, needles)
        elif documents.is_archive(path.name):
            hits = documents.hits(path.name, path.read_bytes(), needles)
        else:
            hits = needles.count_in_file(path)
        if path.suffix in {".duckdb", ".parquet", *_SQLITE}:
            # Free pages and statistics hold bytes that no query shows.
            hits += needles.count_in_file(path)
        if hits:
            found[name] = hits
    return files, found


def walk(home: Home, *, everything: bool = False) -> Iterator[Path]:
    """Every file of a home that may hold somebody, in order.

    Left out: journals of erasures (they are removed at the end), the suppression list
    and its key (hashes), locks, and hard links of versions that are walked themselves.
    """
    skipped = (journals_of(home), folder_of(home))
    ledger = home.identity
    for folder, names, files in os.walk(home.root):
        here = Path(folder)
        names.sort()
        names[:] = [
            name
            for name in names
            if not (here / name).is_symlink() and here / name not in skipped
        ]
        for name in sorted(files):
            path = here / name
            if path.is_symlink() or name.endswith(_BESIDE) or name == ".lock":
                continue
            if not everything and ledger in path.parents:
                continue  # has its own way: keys are replaced, rows stay
            yield path


def replace_durably(source: Path, target: Path) -> None:
    """Flush a file and put it in the place of another."""
    with source.open("rb") as stream:
        os.fsync(stream.fileno())
    source.replace(target)
