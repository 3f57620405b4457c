"""Spools records to disk page by page, so that memory does not grow with an object.

Belongs here: from JSON records to Parquet files of text columns, for records and for
the history of their properties.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from connectors.hubspot.api.schema import ObjectSchema, as_text
from connectors.hubspot.reference import RECORD_ID
from connectors.landing import DeleteKind
from connectors.nul import without_nul

FLUSH_ROWS = 2_000
HISTORY_COLUMNS = (
    "object_type",
    "object_id",
    "property_name",
    "value",
    "changed_at",
    "source_type",
    "source_id",
    "source_label",
    "updated_by_user_id",
)
_FLAGS: Mapping[str, type[pl.DataType]] = {
    "_source_record_id": pl.String,
    "_is_deleted": pl.Boolean,
    "_delete_kind": pl.String,
}


class Spool:
    """Rows of one object on their way to the landing zone.

    Args:
        folder: Where the files go; the caller removes it.
        schema: Columns of the object.
    """

    def __init__(self, folder: Path, schema: ObjectSchema) -> None:
        self._folder, self._schema = folder, schema
        self._buffer: list[dict[str, Any]] = []
        self._archived: list[bool] = []
        self.parts: list[Path] = []
        self.history_parts: list[Path] = []
        self.rows = self.nul_pages = 0
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, records: Sequence[dict[str, Any]], *, archived: bool = False) -> None:
        """Take a page of records."""
        self._buffer += records
        self._archived += [archived] * len(records)
        self.rows += len(records)
        if len(self._buffer) >= FLUSH_ROWS:
            self.flush()

    def add_frame(self, frame: pl.DataFrame) -> None:
        """Take rows that are in landing form already."""
        self.flush()
        if frame.height:
            self.rows += frame.height
            self._write(frame, self.parts, "landed")

    def clear(self) -> None:
        """Forget every row and remove the files."""
        self._buffer, self._archived, self.rows = [], [], 0
        self.nul_pages = 0
        for path in (*self.parts, *self.history_parts):
            path.unlink(missing_ok=True)
        self.parts, self.history_parts = [], []

    def flush(self) -> None:
        """Write what is held."""
        if not self._buffer:
            return
        records, archived = self._buffer, self._archived
        self._buffer, self._archived = [], []
        self._write(self._frame(records, archived), self.parts, "records")
        if self._schema.history:
            history = _history_frame(self._schema, records)
            if history.height:
                self._write(history, self.history_parts, "history")

    def scan(self) -> pl.LazyFrame:
        """Scan the rows in the order in which they came; empty with all columns."""
        self.flush()
        schema = dict.fromkeys(self._schema.columns.values(), pl.String) | dict(_FLAGS)
        empty = pl.LazyFrame(schema=schema)
        if not self.parts:
            return empty
        scans = [pl.scan_parquet(path) for path in self.parts]
        return pl.concat([empty, *scans], how="diagonal")

    def scan_history(self) -> pl.LazyFrame | None:
        """Scan the history rows; None when there are none."""
        self.flush()
        if not self.history_parts:
            return None
        return pl.concat([pl.scan_parquet(path) for path in self.history_parts])

    def _frame(
        self, records: Sequence[dict[str, Any]], archived: Sequence[bool]
    ) -> pl.DataFrame:
        values = [record.get("properties") or {} for record in records]
        ids = [str(record["id"]) for record in records]
        columns: dict[str, pl.Series] = {}
        for name, column in self._schema.columns.items():
            cells: Sequence[str | None] = ids
            if name != RECORD_ID:
                cells = [as_text(each.get(name)) for each in values]
            columns[column] = pl.Series(column, cells, dtype=pl.String)
        deleted = pl.Series("_is_deleted", archived, dtype=pl.Boolean)
        return pl.DataFrame(columns).with_columns(
            pl.Series("_source_record_id", ids, dtype=pl.String),
            deleted,
            pl.when(deleted)
            .then(pl.lit(DeleteKind.SOFT.value))
            .otherwise(None)
            .cast(pl.String)
            .alias("_delete_kind"),
        )

    def _write(self, frame: pl.DataFrame, parts: list[Path], kind: str) -> None:
        path = self._folder / f"{kind}-{len(parts):06d}.parquet"
        frame, has_nul = without_nul(frame)
        self.nul_pages += has_nul
        frame.write_parquet(path, compression="lz4")
        parts.append(path)


def _history_frame(
    schema: ObjectSchema, records: Sequence[dict[str, Any]]
) -> pl.DataFrame:
    """Give one row per value that a property had."""
    rows = [
        (
            schema.landing,
            str(record["id"]),
            name,
            as_text(version.get("value")),
            as_text(version.get("timestamp")),
            as_text(version.get("sourceType")),
            as_text(version.get("sourceId")),
            as_text(version.get("sourceLabel")),
            as_text(version.get("updatedByUserId")),
        )
        for record in records
        for name, versions in (record.get("propertiesWithHistory") or {}).items()
        if name in schema.history
        for version in versions
    ]
    frame = pl.DataFrame(
        rows, schema=dict.fromkeys(HISTORY_COLUMNS, pl.String), orient="row"
    )
    values: list[str] = frame["value"].fill_null("").unique().to_list()
    digests = [hashlib.sha256(value.encode()).hexdigest()[:8] for value in values]
    short = (
        pl.col("value")
        .fill_null("")
        .replace_strict(values, digests, return_dtype=pl.String)
    )
    parts = ("object_type", "object_id", "property_name", "changed_at")
    return frame.with_columns(
        pl.format(
            "{}:{}:{}:{}:{}", *(pl.col(p).fill_null("") for p in parts), short
        ).alias("_source_record_id")
    )
