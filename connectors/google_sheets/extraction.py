"""Land tables of Google Sheets.

Belongs here: the course of an extraction. Every sheet is copied and checked before the
first commit; mapping, ids and landing are those of any other spreadsheet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from connectors.errors import (
    ColumnMappingError,
    EmptyFileError,
    SourceFileMissingError,
)
from connectors.google_sheets.client import GoogleClient
from connectors.google_sheets.config import GoogleSheetsConfig, GoogleTableConfig
from connectors.google_sheets.reading import SheetCopy, fetch, read_copy
from connectors.landing import (
    InputFingerprint,
    Landing,
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

# Counts up when the same cells would land differently, so that receipts expire.
READER_VERSION = 1


@dataclass(frozen=True, slots=True)
class _Copied:
    """One table entry and the sheets that were copied for it."""

    table: GoogleTableConfig
    copies: tuple[SheetCopy, ...]
    notes: tuple[str, ...]


def extract(
    config: GoogleSheetsConfig,
    landing: Landing,
    *,
    extracted_at: datetime,
    progress: Progress | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], float] = time.time,
) -> SourceReport:
    """Read the sheets of a source and land what is new.

    Args:
        config: The tables of the source.
        landing: Where to land.
        extracted_at: When this extraction takes place (UTC).
        progress: Called with a label, the number done and the total.
        sleep: Waits; seconds.
        clock: Monotonic seconds.
        now: Seconds since 1970, for signing in.

    Returns:
        What was read, landed, noted and warned about, and what it cost.

    Raises:
        ConnectorError: A sheet cannot be used; nothing was landed.
    """
    ensure_contracts(landing)
    client = GoogleClient(config, sleep=sleep, clock=clock, now=now)
    with client, landing.workspace() as workdir:
        copied = _copy_all(config, client, workdir, progress)
        inputs = _inputs(copied)
        report = SourceReport(
            source_type=SOURCE_TYPE,
            source_name=config.name,
            files_read=len({each.spreadsheet_id for c in copied for each in c.copies}),
            usage=client.usage,
        )
        if not inputs:
            absent = "nothing to read: every folder is optional and holds no sheet"
            return replace(report, notes=(absent,))
        settings = config.settings_fingerprint(READER_VERSION)
        receipt = landing.receipt(SOURCE_TYPE, config.name)
        if receipt is not None and receipt.matches(inputs, settings):
            return replace(report, is_unchanged=True)
        ready = _prepare(copied, workdir)
        loads = landing.commit_all(
            make_batches(config.name, ready, config.tables, extracted_at)
        )
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
    remarks = (note for each in copied for note in each.notes)
    return replace(
        report,
        loads=tuple(loads),
        notes=tuple(dict.fromkeys((*remarks, *notes_of(ready)))),
        warnings=tuple(warnings_of(ready, loads)),
    )


def spreadsheet_ids(
    config: GoogleSheetsConfig, client: GoogleClient, table: GoogleTableConfig
) -> list[str]:
    """List the spreadsheets of a table entry, those of a folder by name.

    Raises:
        SourceFileMissingError: The folder holds none and the entry is not optional.
    """
    if table.spreadsheet_id is not None:
        return [table.spreadsheet_id]
    assert table.folder_id is not None  # noqa: S101  # the configuration saw to it
    found = sorted(
        client.folder(table.folder_id), key=lambda each: (each.name, each.id)
    )
    if not found and not table.optional:
        raise SourceFileMissingError(
            f"source {config.name!r}, {table.object.value}: folder {table.folder_id} holds "
            f"no Google Sheet that {config.client_email} may see. Share the folder with "
            "that address as viewer, or set `optional: true`"
        )
    return [each.id for each in found]


def _copy_all(
    config: GoogleSheetsConfig,
    client: GoogleClient,
    workdir: Path,
    progress: Progress | None,
) -> list[_Copied]:
    places = [
        (table, spreadsheet_ids(config, client, table)) for table in config.tables
    ]
    total, done = sum(len(ids) for _, ids in places), 0
    copied = []
    for table, ids in places:
        copies: list[SheetCopy] = []
        notes: list[str] = []
        for spreadsheet_id in ids:
            fetched = fetch(
                client,
                spreadsheet_id,
                table,
                cells_per_call=config.cells_per_call,
                workdir=workdir,
            )
            copies += fetched.copies
            notes += fetched.notes
            done += 1
            if progress is not None:
                label = fetched.copies[0].title if fetched.copies else spreadsheet_id
                progress(label, done, total)
        copied.append(_Copied(table, tuple(copies), tuple(notes)))
    return copied


def _prepare(
    copied: Sequence[_Copied], workdir: Path
) -> dict[SpreadsheetObject, list[ReadyTable]]:
    """Map every table; mistakes in mappings are collected and raised together."""
    ready: dict[SpreadsheetObject, list[ReadyTable]] = {}
    mistakes: list[str] = []
    for each in copied:
        blank = []
        for copy in each.copies:
            found = read_copy(copy, each.table, workdir)
            if found is None:
                blank.append(f"{copy.title} [{copy.box.title}]")
                continue
            try:
                table = prepare_table(found, each.table, workdir)
            except ColumnMappingError as error:
                mistakes.append(str(error))
                continue
            ready.setdefault(each.table.object, []).append(table)
        # As with workbooks: blank sheets among others are skipped, all blank is an error.
        if each.copies and len(blank) == len(each.copies):
            raise EmptyFileError(
                f"reading {each.table.object.value}: {', '.join(blank)}: every cell is "
                "blank, not even a header was found. Check the sheet and the range"
            )
    if mistakes:
        raise ColumnMappingError("\n".join(mistakes))
    check_rows(ready, [each.table for each in copied])
    return ready


def _inputs(copied: Sequence[_Copied]) -> tuple[InputFingerprint, ...]:
    """Fingerprints per entry and sheet: the same sheet may serve several entries."""
    return tuple(
        replace(copy.fingerprint, name=f"{number}:{copy.fingerprint.name}")
        for number, each in enumerate(copied)
        for copy in each.copies
    )
