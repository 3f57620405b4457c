"""Values set by hand: they win over every rule until they expire or are removed.

What belongs here: the book of overrides. What does not: putting the valid ones in force
(`set_by_hand.py`), rules, and asking for overrides.

An override names a source record of the golden record, never the golden id: the id may
move, the record stays. The lineage shows that record with the source `override`. If a merge brings two overrides of one field together, the newest
one holds. The value that would have won stays visible as the runner-up; if that value
changes after the override was made, the override is counted as in conflict, because
somebody may have corrected the source meanwhile.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import polars as pl

from hygiene.errors import ConfigurationError, InputError
from hygiene.survivorship.fields import GROUPS

COLUMNS = (
    "entity",
    "source_record_key",
    "field",
    "value",
    "until",
    "author",
    "set_at",
    "reason",
    "replaced",
)
_TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "'")


@dataclass(frozen=True, slots=True)
class Override:
    """One value set by hand.

    Attributes:
        entity: contact or account.
        source_record_key: A record of the golden record.
        field: Field of the golden table.
        value: The value as text; empty: the field shall be empty.
        author: Who set it.
        set_at: When, UTC.
        reason: Why.
        until: Last day on which it holds; none: until it is removed.
        replaced: Value that would have won when it was set, as a fingerprint.
    """

    entity: str
    source_record_key: str
    field: str
    value: str
    author: str
    set_at: datetime
    reason: str = ""
    until: date | None = None
    replaced: str = ""


class OverrideBook:
    """All overrides of a home in one CSV file, both entities."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[Override]:
        """Read every override, oldest first.

        Raises:
            InputError: If the file is malformed; names every bad line.
        """
        if not self.path.is_file():
            return []
        problems: list[str] = []
        found: list[Override] = []
        with self.path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            missing = [
                name for name in COLUMNS[:4] if name not in (reader.fieldnames or ())
            ]
            if missing:
                raise InputError(
                    f"Reading overrides: {self.path.name} lacks the column(s) "
                    f"{', '.join(missing)}; expected {', '.join(COLUMNS)}; correct its "
                    "header line."
                )
            for row in reader:
                try:
                    found.append(
                        _parse({name: _plain(row.get(name)) for name in COLUMNS})
                    )
                except ValueError as error:
                    problems.append(f"line {reader.line_num}: {error}")
        if problems:
            raise InputError(
                f"Reading overrides: {self.path.name} has {len(problems)} lines that are "
                f"no override: {'; '.join(problems)}. Correct them; nothing was read."
            )
        return found

    def add(self, override: Override) -> None:
        """Set a value; an older override of the same record and field is replaced.

        Args:
            override: The new one.

        Raises:
            ConfigurationError: If the value does not fit the field.
        """
        check_value(override.entity, override.field, override.value)
        self._write(
            [*self._without(override.source_record_key, override.field), override]
        )

    def remove(self, source_record_keys: Sequence[str], field: str) -> int:
        """Remove the overrides of a field on any of several records.

        Args:
            source_record_keys: The records.
            field: The field.

        Returns:
            How many were removed.
        """
        before = self.read()
        kept = [
            item
            for item in before
            if item.source_record_key not in source_record_keys or item.field != field
        ]
        if len(kept) < len(before):
            self._write(kept)
        return len(before) - len(kept)

    def _without(self, key: str, field: str) -> list[Override]:
        return [
            item
            for item in self.read()
            if (item.source_record_key, item.field) != (key, field)
        ]

    def _write(self, overrides: Sequence[Override]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("w", encoding="utf-8", newline="") as handle:
                writer = csv.DictWriter(handle, COLUMNS, lineterminator="\n")
                writer.writeheader()
                for item in overrides:
                    writer.writerow(
                        {name: _cell(getattr(item, name)) for name in COLUMNS}
                    )
                handle.flush()
                os.fsync(handle.fileno())
            temporary.replace(self.path)
        finally:
            temporary.unlink(missing_ok=True)


def known_fields(entity: str) -> dict[str, str]:
    """List the fields that can be set by hand, with their types.

    Args:
        entity: contact or account.

    Returns:
        DuckDB type by field.
    """
    return {
        field.name: field.kind for group in GROUPS[entity] for field in group.fields
    }


def check_value(entity: str, field: str, value: str) -> None:
    """Check that a value fits a field.

    Args:
        entity: contact or account.
        field: The field.
        value: The value as text.

    Raises:
        ConfigurationError: If the field is unknown or the value is of another type.
    """
    kinds = known_fields(entity)
    if field not in kinds:
        raise ConfigurationError(
            f"Setting a value by hand: golden {entity}s have no field of this name; "
            f"expected one of {', '.join(kinds)}."
        )
    with duckdb.connect() as connection:
        row = connection.execute(
            f"SELECT $1 = '' OR TRY_CAST($1 AS {kinds[field]}) IS NOT NULL", [value]
        ).fetchone()
    if not (row and row[0]):
        raise ConfigurationError(
            f"Setting a value by hand: the value for {field} is no {kinds[field]}; "
            "expected text that can be read as one, such as 2026-12-31, 42 or true."
        )


def value_mark(value: str | None) -> str:
    """Fingerprint of the value that an override replaced, so that a change is noticed.

    Args:
        value: The value; none if the field was empty.

    Returns:
        12 hexadecimal digits.
    """
    with duckdb.connect() as connection:
        row = connection.execute(
            "SELECT substr(sha256(coalesce($1::VARCHAR, '')), 1, 12)", [value]
        ).fetchone()
    return str(row[0]) if row else ""


def load_book(
    connection: duckdb.DuckDBPyConnection,
    path: Path | None,
    entity: str,
) -> None:
    """Register `book`: the overrides of every entity, oldest first by `place`.

    Args:
        connection: An open connection.
        path: The book; optional.
        entity: contact or account, whose values are checked.

    Raises:
        InputError: If the book is malformed.
        ConfigurationError: If a value does not fit its field.
    """
    book = OverrideBook(path).read() if path is not None else []
    for item in book:
        if item.entity == entity:
            check_value(entity, item.field, item.value)
    connection.register("book", _as_frame(book))


def _as_frame(book: Sequence[Override]) -> pl.DataFrame:
    names = [item.name for item in fields(Override)]
    schema: dict[str, pl.DataType] = {name: pl.String() for name in names}
    schema |= {"set_at": pl.Datetime("us"), "until": pl.Date()}
    rows = [tuple(getattr(item, name) for name in names) for item in book]
    return (
        pl.DataFrame(rows, schema=schema, orient="row")
        .sort("set_at", maintain_order=True)
        .with_row_index("place")
    )


def _parse(row: dict[str, str]) -> Override:
    if row["entity"] not in GROUPS:
        raise ValueError("the entity is none of contact, account")
    if not row["source_record_key"]:
        raise ValueError("the source record key is missing")
    if row["field"] not in known_fields(row["entity"]):
        raise ValueError("the field is unknown")
    try:
        until = date.fromisoformat(row["until"]) if row["until"] else None
        stamp = row["set_at"] or "1970-01-01"
        set_at = datetime.fromisoformat(stamp)
    except ValueError:
        raise ValueError("until or set_at is no date such as 2026-12-31") from None
    if set_at.tzinfo is not None:
        set_at = set_at.astimezone(UTC).replace(tzinfo=None)
    return Override(
        row["entity"],
        row["source_record_key"],
        row["field"],
        row["value"],
        row["author"],
        set_at,
        row["reason"],
        until,
        row["replaced"],
    )


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            value = value.astimezone(UTC).replace(tzinfo=None)
        return value.isoformat(sep=" ")
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_TRIGGERS) else text


def _plain(value: str | None) -> str:
    text = (value or "").strip()
    return text[1:] if text.startswith("'") else text
