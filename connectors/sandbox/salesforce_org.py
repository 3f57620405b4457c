"""The records of the make-believe Salesforce org, and what can happen to them.

Belongs here: one DuckDB table per object, all values as the text that the Bulk API would
write, and every change a user of the real service can make. Stamps come from the clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import RLock
from typing import Any

import duckdb

from connectors.salesforce.ids import to_18
from connectors.sandbox.clock import SandboxClock, stamp
from connectors.sandbox.salesforce_schema import (
    MERGEABLE,
    NUMERIC,
    Field,
    ObjectSchema,
    guess_type,
)
from connectors.sandbox.salesforce_soql import quote

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SYSTEM_FIELDS = ("Id", "IsDeleted", "CreatedDate", "LastModifiedDate", "SystemModstamp")
_NO_STAMP = (
    *("OpportunityFieldHistory", "AccountHistory", "ContactHistory", "LeadHistory"),
)
_NOT_DELETABLE = ("User",)


class Org:
    """One org.

    Args:
        clock: Dates every change.
        database: File of the store; in memory by default.
    """

    def __init__(self, clock: SandboxClock, *, database: str = ":memory:") -> None:
        self.clock = clock
        self.objects: dict[str, ObjectSchema] = {}
        self.lock = RLock()
        self._minted = 0
        self._con = duckdb.connect(database)
        self._con.execute("SET TimeZone = 'UTC'")

    @contextmanager
    def connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give the store to one thread at a time."""
        with self.lock:
            yield self._con

    def close(self) -> None:
        """Free the store."""
        self._con.close()

    # Schema

    def add_object(
        self, name: str, prefix: str, fields: Sequence[Field | str] = ()
    ) -> ObjectSchema:
        """Create an object; system fields come by themselves."""
        system = [
            item
            for item in SYSTEM_FIELDS
            if not (
                item in ("SystemModstamp", "LastModifiedDate") and name in _NO_STAMP
            )
            and not (item == "IsDeleted" and name in _NOT_DELETABLE)
        ]
        if name in MERGEABLE:
            system.insert(2, "MasterRecordId")
        given = [
            item if isinstance(item, Field) else Field(name=item, type=guess_type(item))
            for item in (*system, *fields)
        ]
        schema = ObjectSchema(
            name=name, prefix=prefix, fields={item.name: item for item in given}
        )
        with self.connection() as con:
            columns = ", ".join(
                f"{quote(item.name)} VARCHAR" for item in schema.stored()
            )
            con.execute(f"CREATE OR REPLACE TABLE {quote(name)} ({columns})")
            self.objects[name] = schema
        return schema

    def add_field(
        self,
        name: str,
        field: Field,
        default: str | None = None,
    ) -> None:
        """Add a field; a default fills it without touching any stamp."""
        with self.connection() as con:
            schema = self.objects[name]
            if not field.is_compound:
                con.execute(
                    f"ALTER TABLE {quote(name)} ADD COLUMN {quote(field.name)} VARCHAR"
                )
                con.execute(
                    f"UPDATE {quote(name)} SET {quote(field.name)} = ?", [default]
                )
            schema.fields[field.name] = field

    def remove_field(self, name: str, field: str) -> None:
        """Remove a field with its values, or only hide it as a permission would."""
        with self.connection() as con:
            removed = self.objects[name].fields.pop(field)
            if not removed.is_compound:
                con.execute(f"ALTER TABLE {quote(name)} DROP COLUMN {quote(field)}")

    def retype_field(self, name: str, field: str, new_type: str) -> None:
        """Change a field's type; a text that is no number empties a number field."""
        with self.connection() as con:
            fields = self.objects[name].fields
            if new_type in NUMERIC and fields[field].type not in NUMERIC:
                column = quote(field)
                con.execute(
                    f"UPDATE {quote(name)} "
                    f"SET {column} = TRY_CAST({column} AS DOUBLE)::VARCHAR"
                )
            fields[field] = replace(fields[field], type=new_type)

    def set_picklist(self, name: str, field: str, values: Sequence[str]) -> None:
        """Replace the values of a picklist; records keep what they have."""
        with self.lock:
            self.objects[name].set_picklist(field, values)

    # Records

    def create(self, name: str, values: Mapping[str, Any]) -> str:
        """Create a record; returns its id."""
        with self.connection() as con:
            schema = self.objects[name]
            now = self.clock.stamp()
            record_id = self._mint(schema.prefix)
            system = {
                "Id": record_id,
                "IsDeleted": "false",
                "CreatedDate": now,
                "LastModifiedDate": now,
                "SystemModstamp": now,
            }
            row: dict[str, str | None] = {
                key: value for key, value in system.items() if key in schema.fields
            }
            row |= {key: _text(value) for key, value in values.items()}
            names = ", ".join(map(quote, row))
            marks = ", ".join("?" * len(row))
            con.execute(
                f"INSERT INTO {quote(name)} ({names}) VALUES ({marks})",
                list(row.values()),
            )
            return record_id

    def edit(
        self,
        name: str,
        record_id: str,
        values: Mapping[str, Any],
        *,
        seconds_ago: float = 0.0,
        is_silent: bool = False,
    ) -> None:
        """Change a record.

        Args:
            name: Object.
            record_id: Record.
            values: New values by field.
            seconds_ago: The change was stamped this long ago and is committed only now.
            is_silent: No stamp at all, as when a formula gives a new result.
        """
        changes = {key: _text(value) for key, value in values.items()}
        if not is_silent:
            moment = stamp(self.clock.now() - timedelta(seconds=seconds_ago))
            changes |= dict.fromkeys(self._stamps(name), moment)
        self._update(name, record_id, changes)

    def delete(self, name: str, record_id: str) -> None:
        """Move a record to the recycle bin."""
        self._update(name, record_id, {"IsDeleted": "true", **self._stamped(name)})

    def undelete(self, name: str, record_id: str) -> None:
        """Take a record out of the recycle bin."""
        changes: dict[str, str | None] = {"IsDeleted": "false", **self._stamped(name)}
        if "MasterRecordId" in self.objects[name].fields:
            changes["MasterRecordId"] = None
        self._update(name, record_id, changes)

    def merge(self, name: str, winner: str, losers: Sequence[str]) -> None:
        """Merge records of one object into a winner."""
        if name not in MERGEABLE:
            raise ValueError(f"{name} cannot be merged; {', '.join(MERGEABLE)} can")
        for loser in losers:
            gone = {"IsDeleted": "true", "MasterRecordId": winner}
            self._update(name, loser, gone | self._stamped(name))
        self._update(name, winner, self._stamped(name))

    def purge(self, name: str, record_id: str) -> None:
        """Delete a record for good: no query shows it any more."""
        with self.connection() as con:
            con.execute(f"DELETE FROM {quote(name)} WHERE Id = ?", [record_id])

    def ids(self, name: str, *, is_deleted: bool = False) -> list[str]:
        """List the ids of living (or deleted) records, sorted."""
        with self.connection() as con:
            condition = ""
            if "IsDeleted" in self.objects[name].fields:
                condition = f"WHERE IsDeleted = '{'true' if is_deleted else 'false'}'"
            elif is_deleted:
                return []
            rows = con.execute(
                f"SELECT Id FROM {quote(name)} {condition} ORDER BY Id"
            ).fetchall()
        return [row[0] for row in rows]

    def rows(self, name: str) -> list[dict[str, str | None]]:
        """Give all records of an object, deleted ones included, sorted by id."""
        with self.connection() as con:
            names = [item.name for item in self.objects[name].stored()]
            listed = ", ".join(map(quote, names))
            rows = con.execute(
                f"SELECT {listed} FROM {quote(name)} ORDER BY Id"
            ).fetchall()
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _update(
        self, name: str, record_id: str, changes: Mapping[str, str | None]
    ) -> None:
        with self.connection() as con:
            settings = ", ".join(f"{quote(key)} = ?" for key in changes)
            con.execute(
                f"UPDATE {quote(name)} SET {settings} WHERE Id = ?",
                [*changes.values(), record_id],
            )

    def _stamps(self, name: str) -> list[str]:
        known = self.objects[name].fields
        return [
            item for item in ("LastModifiedDate", "SystemModstamp") if item in known
        ]

    def _stamped(self, name: str) -> dict[str, str]:
        return dict.fromkeys(self._stamps(name), self.clock.stamp())

    def _mint(self, prefix: str) -> str:
        self._minted += 1
        number, digits = self._minted, ""
        while number:
            number, digit = divmod(number, len(_DIGITS))
            digits = _DIGITS[digit] + digits
        return to_18(prefix + "Sbx" + digits.rjust(9, "0"))


def _text(value: Any) -> str | None:
    """Store a value as the Bulk API would write it; empty text is null."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
