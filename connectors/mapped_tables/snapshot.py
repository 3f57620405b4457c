"""All tables of one object as one snapshot, whatever files and sheets they lie in.

Belongs here: what every connector of hand-kept tables does between reading and landing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias

import polars as pl

from connectors.errors import EmptyFileError
from connectors.landing import (
    REJECTED_INPUT,
    Landing,
    LoadMode,
    LoadResult,
    SnapshotBatch,
)
from connectors.mapped_tables.preparing import ReadyTable
from connectors.mapped_tables.reference import (
    SOURCE_TYPE,
    SpreadsheetObject,
    declared_columns,
)
from connectors.mapped_tables.settings import TableSettings
from connectors.tabular import RejectReason

ReadyTables: TypeAlias = Mapping[SpreadsheetObject, Sequence[ReadyTable]]
_NO_RECORDS: Final = (
    RejectReason.TOTALS_ROW.value,
    RejectReason.FOOTER_ROW.value,
    RejectReason.REPEATED_HEADER.value,
)


def ensure_contracts(landing: Landing) -> None:
    """Write the zero-row files of every object, for readers of the zone."""
    for object_name, columns in declared_columns().items():
        landing.ensure_contract(SOURCE_TYPE, object_name, columns)


def check_rows(ready: ReadyTables, settings: Sequence[TableSettings]) -> None:
    """Refuse an object without any row, unless its settings allow that.

    Raises:
        EmptyFileError: There are headers and no row.
    """
    for item, tables in ready.items():
        allow_empty = all(each.allow_empty for each in settings if each.object is item)
        if not any(table.rows or table.rejected.height for table in tables):
            names = ", ".join(dict.fromkeys(table.file.name for table in tables))
            if not allow_empty:
                raise EmptyFileError(
                    f"reading {item.value}: {names} hold a header and no row; export again, "
                    "or set `allow_empty: true` if the table really is empty"
                )


def make_batches(
    source_name: str,
    ready: ReadyTables,
    settings: Sequence[TableSettings],
    extracted_at: datetime,
) -> list[SnapshotBatch]:
    """Make one batch per object."""
    return [
        _batch(
            source_name,
            item,
            tables,
            [each for each in settings if each.object is item],
            extracted_at,
        )
        for item, tables in ready.items()
    ]


def notes_of(ready: ReadyTables) -> tuple[str, ...]:
    """List what was remarkable about the tables, each remark once."""
    notes = [
        note for tables in ready.values() for each in tables for note in each.notes
    ]
    return tuple(dict.fromkeys(notes))


def warnings_of(ready: ReadyTables, loads: Sequence[LoadResult]) -> Iterator[str]:
    """Say which rows did not land, and why."""
    for item, tables in ready.items():
        rejected = sum(table.rejected.height for table in tables)
        if rejected:
            yield f"{item.value}: {rejected} rows were set aside, see the quarantine"
        if any(_has_unreadable_rows(table) for table in tables):
            yield (
                f"{item.value}: because a missing record may be among the rows that "
                "could not be read, no record was marked as deleted"
            )
    for load in loads:
        if load.counts.superseded:
            yield (
                f"{load.object}: {load.counts.superseded} rows have an id that a later "
                "file has with other content; the later file won. If they are different "
                "records, put the files in separate sources"
            )


def _batch(
    source_name: str,
    item: SpreadsheetObject,
    tables: Sequence[ReadyTable],
    settings: Sequence[TableSettings],
    extracted_at: datetime,
) -> SnapshotBatch:
    headers: dict[str, str] = {}
    for table in tables:
        headers = table.mapping.headers | headers
    # A record that is missing may be among the rows that could not be read.
    deletes = not any(_has_unreadable_rows(table) for table in tables)
    return SnapshotBatch(
        source_type=SOURCE_TYPE,
        object=item.value,
        source_name=source_name,
        frame=pl.concat([table.frame for table in tables], how="diagonal"),
        extracted_at=extracted_at,
        rejected=pl.concat(
            [table.rejected.select(list(REJECTED_INPUT)) for table in tables]
        ),
        files=[table.file for table in tables],
        mode=settings[0].mode if deletes else LoadMode.DELTA,
        header_names=headers,
        blank_rows=sum(table.blank_rows for table in tables),
        notes=[note for table in tables for note in table.notes],
        allow_empty=all(each.allow_empty for each in settings),
    )


def _has_unreadable_rows(table: ReadyTable) -> bool:
    """Whether a row that may be a record was set aside; totals and footers are none."""
    return not table.rejected["reason_code"].is_in(_NO_RECORDS).all()
