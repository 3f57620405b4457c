"""Land a set of spreadsheets.

Belongs here: the course of an extraction, and the public functions of this connector.

Every file is read and checked before the first commit. All tables of one object make one
snapshot of that object, whatever files and sheets they lie in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from connectors.arrivals import is_remote, open_arrivals
from connectors.errors import ColumnMappingError, SourceFileMissingError
from connectors.landing import (
    InputFingerprint,
    Landing,
    LoadMode,
    Progress,
    Receipt,
    SourceReport,
)
from connectors.mapped_tables import (
    SOURCE_TYPE,
    ReadyTable,
    SpreadsheetObject,
    check_rows,
    ensure_contracts,
    make_batches,
    notes_of,
    prepare_table,
    warnings_of,
)
from connectors.spreadsheet.config import SpreadsheetConfig, TableConfig
from connectors.spreadsheet.files import FoundFile, find_files, read_tables
from connectors.spreadsheet.suggestion import describe_table

# Counts up when the same files would land differently, so that receipts expire.
READER_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One table entry of the configuration and the files that it matched."""

    table: TableConfig
    files: Sequence[FoundFile]


def extract(
    config: SpreadsheetConfig,
    landing: Landing,
    *,
    extracted_at: datetime,
    progress: Progress | None = None,
) -> SourceReport:
    r"""Read the spreadsheets of a source and land what is new.

    Args:
        config: The tables of the source.
        landing: Where to land.
        extracted_at: When this extraction takes place (UTC).
        progress: Called with a label, the number done and the total.

    Returns:
        What was read, landed, noted and warned about.

    Raises:
        PermanentError: A file cannot be used; nothing was landed.

    Example:
        >>> import tempfile
        >>> from datetime import UTC
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "orders.csv").write_text(
        ...     "Order No;Datum;Betrag\n007;01.03.2025;10,50\n")
        >>> report = extract(
        ...     SpreadsheetConfig(name="shop", tables=[
        ...         {"path": str(folder / "*.csv"), "object": "orders"}]),
        ...     Landing(folder / "landing"),
        ...     extracted_at=datetime(2026, 1, 15, tzinfo=UTC))
        >>> report.counts["orders"].new
        1
    """
    ensure_contracts(landing)
    entries, held, copied = _find_all(config, landing, extracted_at)
    inputs = _inputs(entries)
    if held and (
        not inputs or any(each.mode is LoadMode.FULL for each in config.tables)
    ):
        # A full snapshot without one of its files would delete that file's records.
        return SourceReport(
            source_type=SOURCE_TYPE,
            source_name=config.name,
            notes=copied,
            warnings=(*held, "the whole source waits for the next run"),
        )
    if not inputs:
        absent = "nothing to read: every table is optional and has no file"
        return SourceReport(
            source_type=SOURCE_TYPE, source_name=config.name, notes=(absent,)
        )
    settings = config.settings_fingerprint(READER_VERSION)
    receipt = landing.receipt(SOURCE_TYPE, config.name)
    if receipt is not None and receipt.matches(inputs, settings):
        return SourceReport(
            source_type=SOURCE_TYPE,
            source_name=config.name,
            is_unchanged=True,
            notes=copied,
            warnings=held,
        )
    with landing.workspace() as workdir:
        ready = _read_all(entries, workdir, progress)
        loads = landing.commit_all(
            make_batches(config.name, ready, config.tables, extracted_at)
        )
    _report(progress, "landed", len(loads), len(loads))
    landing.write_receipt(
        Receipt(
            source_type=SOURCE_TYPE,
            source_name=config.name,
            settings=settings,
            inputs=inputs,
            synced_at=extracted_at,
            rows={load.object: load.counts.rows_read for load in loads},
        )
    )
    return SourceReport(
        source_type=SOURCE_TYPE,
        source_name=config.name,
        loads=tuple(loads),
        files_read=len(inputs),
        notes=(*copied, *notes_of(ready)),
        warnings=(*held, *warnings_of(ready, loads)),
    )


def inspect_source(config: SpreadsheetConfig) -> Iterator[str]:
    """Say in sentences what an extraction would read; land nothing.

    Raises:
        PermanentError: A file cannot be used as configured.
    """
    for table in config.tables:
        if is_remote(table.path):
            yield f"{table.object.value}: {table.path} is looked at when it is synced"
            continue
        files = find_files(table, config.name)
        if not files:
            yield f"{table.object.value}: no file yet at {table.path} (optional)"
        for found in files:
            yield from describe_table(found.path, table)


def _find_all(
    config: SpreadsheetConfig, landing: Landing, extracted_at: datetime
) -> tuple[list[_Entry], tuple[str, ...], tuple[str, ...]]:
    """Find the files of every entry, those that have to wait, and what was copied."""
    entries: list[_Entry] = []
    copied: list[str] = []
    waiting: list[str] = []
    for table in config.tables:
        try:
            place = open_arrivals(
                table.path,
                table.arrivals,
                landing,
                source=config.name,
                extracted_at=extracted_at,
            )
        except SourceFileMissingError:
            if not table.optional:
                raise
            entries.append(_Entry(table=table, files=()))
            continue
        files = find_files(table, config.name, place=place, waiting=waiting)
        entries.append(_Entry(table=table, files=files))
        copied += place.notes
    held = tuple(f"left for the next run: {each}" for each in waiting)
    return entries, held, tuple(copied)


def _read_all(
    entries: Sequence[_Entry], workdir: Path, progress: Progress | None
) -> dict[SpreadsheetObject, list[ReadyTable]]:
    """Read every file; mistakes in mappings are collected and raised together."""
    ready: dict[SpreadsheetObject, list[ReadyTable]] = {}
    mistakes: list[str] = []
    total = sum(len(entry.files) for entry in entries)
    done = 0
    _report(progress, "reading", 0, total)
    for entry in entries:
        for file in entry.files:
            tables = ready.setdefault(entry.table.object, [])
            for found in read_tables(file, entry.table, workdir):
                try:
                    tables.append(prepare_table(found, entry.table, workdir))
                except ColumnMappingError as error:
                    mistakes.append(str(error))
            done += 1
            _report(progress, file.path.name, done, total)
    if mistakes:
        raise ColumnMappingError("\n".join(mistakes))
    check_rows(ready, [entry.table for entry in entries])
    return ready


def _inputs(entries: Sequence[_Entry]) -> tuple[InputFingerprint, ...]:
    """Fingerprints per entry and file: the same file may serve several entries."""
    return tuple(
        InputFingerprint(
            name=f"{number}:{file.fingerprint.name}",
            sha256=file.fingerprint.sha256,
            bytes=file.fingerprint.bytes,
        )
        for number, entry in enumerate(entries)
        for file in entry.files
    )


def _report(progress: Progress | None, label: str, done: int, total: int) -> None:
    if progress is not None:
        progress(label, done, total)
