"""From a folder of exports to landed loads: the course that every vendor shares.

Belongs here: plan, read everything, validate everything, and only then commit, snapshot
by snapshot. What a file means is the vendor's, behind `read`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from connectors.arrivals import open_arrivals
from connectors.errors import (
    EmptySnapshotError,
    SourceFileError,
    SourceFileMissingError,
)
from connectors.landing import (
    Landing,
    LoadMode,
    LoadResult,
    Progress,
    Receipt,
    SnapshotBatch,
    SourceReport,
)
from connectors.snapshots.config import SnapshotFilesConfig
from connectors.snapshots.discovery import Listing, Snapshot, find_snapshots
from connectors.snapshots.planning import plan_snapshots

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedObject:
    """One object of one snapshot, ready to land; `rows` are those that will be kept."""

    batch: SnapshotBatch
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedSnapshot:
    """Everything that one snapshot holds."""

    objects: tuple[PreparedObject, ...]
    files_read: int
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


FileDone = Callable[[str], None]
"""Called by a reader with the name of each file that it has read."""
Reader = Callable[[Snapshot, Path, FileDone], PreparedSnapshot]

# A full export that lacks a third of what is known is more often cut short than true.
_SUSPICIOUS_SHARE = 1 / 3
_SUSPICIOUS_COUNT = 10


def extract_snapshots(
    config: SnapshotFilesConfig,
    landing: Landing,
    *,
    source_type: str,
    suffixes: frozenset[str],
    reader_version: int,
    read: Reader,
    extracted_at: datetime,
    progress: Progress | None,
) -> SourceReport:
    """Land what is new in a folder of exports.

    Every file is read and checked before the first commit, so that an error leaves the
    landing zone as it was.

    Args:
        config: Name, path and mode of the source.
        landing: Where to land.
        source_type: Folder of the source type.
        suffixes: File suffixes that may hold records.
        reader_version: Counts up when a reader would land other rows from the same file.
        read: The vendor's reader of one snapshot, with a folder for spool files.
        extracted_at: When this extraction takes place.
        progress: Called with a label, the number done and the total.
    """
    name = config.name
    try:
        place = open_arrivals(
            config.path,
            config.arrivals,
            landing,
            source=name,
            extracted_at=extracted_at,
        )
        listing = find_snapshots(
            place.path,
            suffixes,
            source=name,
            gate=place.gate,
            is_full=config.mode is LoadMode.FULL,
        )
    except SourceFileMissingError:
        if not config.optional:
            raise
        absent = "nothing to read: the source is optional and has no files"
        return SourceReport(source_type=source_type, source_name=name, notes=(absent,))
    waiting = _waiting_warnings(listing)
    if not listing.snapshots:
        return SourceReport(
            source_type=source_type,
            source_name=name,
            notes=place.notes,
            warnings=waiting,
        )
    settings = config.settings_fingerprint(reader_version)
    plan = plan_snapshots(
        listing, landing, source_type=source_type, source_name=name, settings=settings
    )
    if plan.is_unchanged:
        return SourceReport(
            source_type=source_type,
            source_name=name,
            is_unchanged=True,
            notes=place.notes,
            warnings=waiting,
        )
    files = sum(len(snapshot.files) for snapshot in plan.to_read)
    done: list[str] = []

    def file_done(file_name: str) -> None:
        done.append(file_name)
        _report(progress, f"reading {file_name}", len(done), files)

    _report(progress, "reading", 0, files)
    with landing.workspace() as workspace:
        prepared = []
        for number, snapshot in enumerate(plan.to_read):
            workdir = workspace / f"snapshot-{number:04d}"
            workdir.mkdir()
            prepared.append(read(snapshot, workdir, file_done))
        known = {
            manifest.object
            for manifest in landing.manifests(source_type, source_name=name)
        }
        if prepared and not known and not any(item.objects for item in prepared):
            read_count = sum(item.files_read for item in prepared)
            raise SourceFileError(
                f"reading source {name!r}: none of {read_count} files in {config.path!r} "
                "holds records of a wanted object; check the path and what it holds"
            )
        absent_notes = _check_against_known(
            config, landing, source_type, known, prepared
        )
        loads: list[LoadResult] = []
        for number, item in enumerate(prepared):
            loads += landing.commit_all([each.batch for each in item.objects])
            _report(progress, "landing", number + 1, len(prepared))
    landing.write_receipt(
        Receipt(
            source_type=source_type,
            source_name=name,
            settings=settings,
            inputs=listing.fingerprints,
            synced_at=extracted_at,
            rows={load.object: load.counts.rows_read for load in loads},
        )
    )
    return SourceReport(
        source_type=source_type,
        source_name=name,
        loads=tuple(loads),
        files_read=sum(item.files_read for item in prepared),
        notes=(
            *place.notes,
            *_ignored_note(listing),
            *(note for item in prepared for note in item.notes),
            *absent_notes,
        ),
        warnings=(
            *waiting,
            *plan.warnings,
            *(warning for item in prepared for warning in item.warnings),
            *_loss_warnings(loads),
        ),
    )


def _check_against_known(
    config: SnapshotFilesConfig,
    landing: Landing,
    source_type: str,
    known: set[str],
    prepared: Sequence[PreparedSnapshot],
) -> list[str]:
    """Refuse full exports that became empty; note objects that are missing.

    The landing zone checks each batch as well; here all snapshots are checked before
    the first one lands.
    """
    known = set(known)
    rows_before: dict[str, int] = {}
    notes = []
    for item in prepared:
        for each in item.objects:
            name, is_full = each.batch.object, each.batch.mode is LoadMode.FULL
            if is_full and not each.rows and not config.allow_empty:
                before = rows_before.get(name)
                if before is None:
                    before = _count_living(landing, source_type, name, config.name)
                _refuse_if_known(each.batch, before)
            if is_full or each.rows:
                rows_before[name] = each.rows
        held = {each.batch.object for each in item.objects}
        missing = sorted(known - held)
        if missing and held:
            notes.append(
                "objects known from earlier but absent from this export, left as they "
                f"are: {', '.join(missing)}"
            )
        known |= held
    return list(dict.fromkeys(notes))


def _count_living(
    landing: Landing, source_type: str, object_name: str, source_name: str
) -> int:
    current = landing.current(source_type, object_name, source_name)
    living: int = (
        current.filter(~pl.col("_is_deleted")).select(pl.len()).collect().item()
    )
    return living


def _refuse_if_known(batch: SnapshotBatch, living: int) -> None:
    if not living:
        return
    files = ", ".join(file.member or file.name for file in batch.files)
    raise EmptySnapshotError(
        f"reading {batch.object} of source {batch.source_name!r}: the full export "
        f"({files}) has no row, while {living} living records are known. Taken at its "
        "word it would delete them all. Check the export; if the object really is empty "
        "now, set `allow_empty: true`"
    )


def _loss_warnings(loads: Sequence[LoadResult]) -> list[str]:
    """Point out full exports that lack many known records."""
    warnings = []
    for load in loads:
        counts = load.counts
        known = counts.unchanged + counts.changed + counts.tombstoned
        is_many = counts.tombstoned >= _SUSPICIOUS_COUNT
        if is_many and counts.tombstoned > known * _SUSPICIOUS_SHARE:
            warnings.append(
                f"{load.object}: {counts.tombstoned} of {known} known records are not in "
                "the export and were marked as gone; if it was cut short, load a complete "
                "one and they come back"
            )
    return warnings


def _waiting_warnings(listing: Listing) -> tuple[str, ...]:
    return tuple(f"left for the next run: {each}" for each in listing.waiting)


def _ignored_note(listing: Listing) -> tuple[str, ...]:
    if not listing.ignored:
        return ()
    shown = ", ".join(listing.ignored[:5])
    more = f" and {len(listing.ignored) - 5} more" if len(listing.ignored) > 5 else ""
    return (f"files of other kinds left aside: {shown}{more}",)


def _report(progress: Progress | None, label: str, done: int, total: int) -> None:
    if progress is not None:
        progress(label, done, total)
