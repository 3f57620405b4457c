"""Pages of JSON-like records on their way to the landing zone.

Belongs here: values as text, names as columns, records without an id. Memory holds one
page; the columns of an object are found out as its pages come.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from connectors.landing import REJECTED_INPUT, slug_column
from connectors.nul import without_nul

Record: TypeAlias = Mapping[str, Any]
MISSING_ID = "missing_id"


def value_at(record: Any, path: str) -> Any:
    """Follow a dotted path into nested objects; None when it leads nowhere.

    Example:
        >>> value_at({"owner": {"id": 7}}, "owner.id"), value_at({"a": 1}, "b.c")
        (7, None)
    """
    for part in path.split("."):
        if not isinstance(record, Mapping) or part not in record:
            return None
        record = record[part]
    return record


def as_text(value: Any) -> str | None:
    """Write any value as text; nested ones as JSON with sorted names.

    Example:
        >>> as_text(True), as_text(7), as_text({"b": 1, "a": [None]}), as_text(None)
        ('true', '7', '{"a": [null], "b": 1}', None)
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Mapping | list | tuple | set):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return str(value)


class RecordPages:
    """Collects the records of one object on disk.

    Args:
        folder: For Parquet files; the caller removes it.
        name: Name of the object, for messages.
        id_of: Gives the id of a record, None when it has none.
        fields: Column name to dotted path; every top-level field when None.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        id_of: Callable[[Record], str | None],
        fields: Mapping[str, str] | None = None,
    ) -> None:
        self._folder, self._name, self._id_of = folder, name, id_of
        self._fields = fields
        self._columns: dict[str, str] = {
            path: column for column, path in (fields or {}).items()
        }
        self._parts: list[Path] = []
        self._rejected: list[str] = []
        self.rows = 0
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def headers(self) -> dict[str, str]:
        """Column name to the name in the source."""
        return {column: name for name, column in self._columns.items()}

    def add(self, records: Sequence[Record]) -> None:
        """Take one page."""
        self.rows += len(records)
        ids = [self._id_of(record) for record in records]
        kept = [r for r, found in zip(records, ids, strict=True) if found]
        self._rejected += [
            as_text(r) or "" for r, found in zip(records, ids, strict=True) if not found
        ]
        if not kept:
            return
        if self._fields is None:
            names = dict.fromkeys(name for record in kept for name in record)
            cells = {
                self._column(name): [as_text(record.get(name)) for record in kept]
                for name in names
            }
        else:
            cells = {
                column: [as_text(value_at(record, path)) for record in kept]
                for column, path in self._fields.items()
            }
        cells["_source_record_id"] = [found for found in ids if found]
        path = self._folder / f"page-{len(self._parts):06d}.parquet"
        frame, _ = without_nul(
            pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String))
        )
        frame.write_parquet(path, compression="lz4")
        self._parts.append(path)

    def scan(self) -> pl.LazyFrame:
        """Scan the records in the order in which they came."""
        names = [*self._columns.values(), "_source_record_id"]
        empty = pl.LazyFrame(schema=dict.fromkeys(names, pl.String))
        return pl.concat([empty, *map(pl.scan_parquet, self._parts)], how="diagonal")

    def rejected(self) -> pl.DataFrame:
        """Give the records without an id."""
        count = len(self._rejected)
        cells = {
            "_source_file": [None] * count,
            "_source_line": [None] * count,
            "reason_code": [MISSING_ID] * count,
            "reason_detail": ["the record has no value in its id field"] * count,
            "raw_text": self._rejected,
        }
        return pl.DataFrame(cells, schema=REJECTED_INPUT)

    def _column(self, name: str) -> str:
        """Give a field its column; names that look the same are numbered."""
        if name not in self._columns:
            slug = slug_column(name, len(self._columns) + 1)
            column, number, taken = slug, 1, set(self._columns.values())
            while column in taken:
                number += 1
                column = f"{slug}_{number}"
            self._columns[name] = column
        return self._columns[name]
