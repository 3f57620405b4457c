"""From one table to rows that are ready to land.

Belongs here: applying the mapping, dates of the 1904 system, ids, options as columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from connectors.errors import ColumnMappingError
from connectors.landing import InputFingerprint, SourceFile
from connectors.mapped_tables.identity import identify_rows
from connectors.mapped_tables.mapping import TableMapping, find_column, map_columns
from connectors.mapped_tables.reference import object_reference
from connectors.mapped_tables.settings import TableSettings
from connectors.tabular import LINE, NoteCode, TableRead, reject_damaged_ids

# Accepted: "42064", "42064.5". Rejected: "2015", "15/03/2015".
_SERIAL = r"^\d{5}(?:\.\d+)?$"
_EPOCH_1904 = pl.datetime(1904, 1, 1)
_SECONDS_PER_DAY = 86_400
# A fifth of the codes being one digit short is more than typing errors explain.
_SHORT_SHARE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTable:
    """One table as read: a text, a sheet, or either inside a ZIP; `input` is its file."""

    input: InputFingerprint
    member: str | None
    read: TableRead

    @property
    def file_name(self) -> str:
        """Base name, with the member where there is one."""
        return f"{self.input.name}/{self.member}" if self.member else self.input.name


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyTable:
    """Rows of one table under their landed names, with ids, and where they came from."""

    frame: pl.LazyFrame
    rows: int
    rejected: pl.DataFrame
    blank_rows: int
    file: SourceFile
    mapping: TableMapping
    notes: tuple[str, ...]


def prepare_table(found: FoundTable, table: TableSettings, workdir: Path) -> ReadyTable:
    """Map, identify and complete the rows of one table.

    Raises:
        ColumnMappingError: The configuration names columns that the table lacks.
    """
    read = found.read
    mapping = map_columns(read.header, table.object, table.columns, name=read.name)
    key = _key_columns(read, mapping, table)
    sources = {column.landed: column.column for column in mapping.columns}
    read = reject_damaged_ids(read, [sources[name] for name in key])
    frame = read.frame.select(
        *(pl.col(column).alias(landed) for landed, column in sources.items()), LINE
    )
    notes = [f"{read.name}: {note}" for note in read.notes]
    notes += mapping.notes
    notes += [
        f"{read.name}: column {each.header!r} may be {each.canonical}; map it under "
        "`columns` if it is"
        for each in mapping.suggestions
    ]
    if read.has_1904_dates:
        dates = [
            name for name in object_reference(table.object).dates if name in sources
        ]
        frame = frame.with_columns(_from_1904(name) for name in sorted(dates))
    if "postal_code" in sources:
        notes += _note_lost_zeros(frame, read.name)
    identified = identify_rows(frame, key, workdir)
    if key and identified.without_id:
        notes.append(
            f"{read.name}: {identified.without_id} rows have a blank id and are known by "
            "their content"
        )
    if identified.numbered:
        notes.append(
            f"{read.name}: {identified.numbered} rows share their id with another row and "
            "are numbered #2, #3, ..."
        )
    complete = _complete(identified.frame, found, table, set(sources))
    return ReadyTable(
        frame=complete,
        rows=read.rows,
        rejected=read.rejected.rename({LINE: "_source_line"}).with_columns(
            pl.lit(_source_file(found)).alias("_source_file")
        ),
        blank_rows=read.blank_rows,
        file=SourceFile(
            name=found.input.name,
            sha256=found.input.sha256,
            bytes=found.input.bytes,
            rows=read.rows,
            member=found.member,
            sheet=read.sheet,
            header=read.header.texts,
            delimiter=read.delimiter,
        ),
        mapping=mapping,
        notes=tuple(notes),
    )


def _source_file(found: FoundTable) -> str:
    sheet = found.read.sheet
    return f"{found.file_name} [{sheet}]" if sheet else found.file_name


def _key_columns(
    read: TableRead, mapping: TableMapping, table: TableSettings
) -> list[str]:
    """Landed columns that make the id."""
    if mapping.column_of("id") is not None:
        return ["id"]
    landed_of = {column.column: column.landed for column in mapping.columns}
    landed = set(landed_of.values())
    key, missing = [], []
    for wanted in table.key:
        column = None if wanted in landed else find_column(read.header, wanted)
        name = wanted if wanted in landed else landed_of.get(column or "")
        if name is None:
            missing.append(wanted)
        else:
            key.append(name)
    if missing:
        headers = ", ".join(repr(column.header) for column in mapping.columns)
        raise ColumnMappingError(
            f"reading {read.name}: `key` names columns that the table lacks: "
            f"{', '.join(map(repr, missing))}; it has {headers}"
        )
    return key


def _complete(
    frame: pl.LazyFrame, found: FoundTable, table: TableSettings, landed: set[str]
) -> pl.LazyFrame:
    """Add options and provenance; fill in the currency of the configuration."""
    options = table.option_values(found.read.sheet)
    added = [
        pl.lit(value, dtype=pl.String).alias(name) for name, value in options.items()
    ]
    if table.currency and "currency" in object_reference(table.object).columns:
        given = pl.lit(table.currency)
        if "currency" in landed:
            text = pl.col("currency")
            given = pl.when(text.str.strip_chars() != "").then(text).otherwise(given)
        added.append(given.alias("currency"))
    return frame.with_columns(
        *added,
        pl.lit(_source_file(found)).alias("_source_file"),
        pl.col(LINE).alias("_source_line"),
    ).drop(LINE)


def _from_1904(name: str) -> pl.Expr:
    """Write day numbers of the 1904 date system as dates; leave all else alone."""
    column = pl.col(name)
    days = column.cast(pl.Float64, strict=False)
    seconds = (days * _SECONDS_PER_DAY).round().cast(pl.Int64)
    moment = _EPOCH_1904 + pl.duration(seconds=seconds)
    is_whole = seconds % _SECONDS_PER_DAY == 0
    text = (
        pl.when(is_whole)
        .then(moment.dt.strftime("%Y-%m-%d"))
        .otherwise(moment.dt.strftime("%Y-%m-%d %H:%M:%S"))
    )
    return (
        pl.when(column.str.contains(_SERIAL)).then(text).otherwise(column).alias(name)
    )


def _note_lost_zeros(frame: pl.LazyFrame, name: str) -> list[str]:
    """Note postal codes of four digits among many of five: a leading zero got lost."""
    lengths = (
        frame.select(
            pl.col("postal_code").str.contains(r"^\d{4}$").sum().alias("four"),
            pl.col("postal_code").str.contains(r"^\d{5}$").sum().alias("five"),
            pl.col("postal_code").str.contains(r"^0\d{4}$").sum().alias("zero"),
        )
        .collect()
        .row(0)
    )
    four, five, zero = (count or 0 for count in lengths)
    if four and not zero and five >= four and four >= _SHORT_SHARE * (four + five) / 5:
        return [
            f"{name}: {NoteCode.LEADING_ZEROS_MAYBE_LOST}: {four} postal codes have four "
            f"digits and {five} have five, none with a leading 0; a spreadsheet may have "
            "dropped it. Export the column as text"
        ]
    return []
