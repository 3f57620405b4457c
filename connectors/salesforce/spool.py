"""Pages of records on disk, as text columns under their landing names.

Belongs here: turning one page of JSON or CSV into one Parquet file, and what is known
about all pages of a query. Nothing is held in memory beyond a page.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from connectors.disk import is_disk_full
from connectors.errors import ProtocolError, SpoolError, TruncatedResponseError
from connectors.nul import without_nul
from connectors.salesforce.describe import FieldShape

_ROW_GROUP_BYTES = 8 << 20
_MOST_ROWS_PER_GROUP = 50_000
_BLOCK = 1 << 20


@dataclass(slots=True)
class Spool:
    """The pages of one query so far.

    Attributes:
        folder: Where pages are kept.
        fields: Columns of every page, in order.
        paths: One Parquet file per page with rows.
        rows: Rows in them.
        how: How they were read, for people.
        nul_pages: Pages from which NUL bytes were removed.
    """

    folder: Path
    fields: Sequence[FieldShape]
    paths: list[Path] = field(default_factory=list)
    rows: int = 0
    how: str = ""
    nul_pages: int = 0

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return [item.column for item in self.fields]

    def scan(self) -> pl.LazyFrame:
        """Scan all pages; no rows and the right columns when there is none."""
        if not self.paths:
            return pl.LazyFrame(schema=dict.fromkeys(self.columns, pl.String()))
        return pl.scan_parquet(self.paths)

    def add_json(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Keep one page of REST records."""
        if not records:
            return
        texts = {
            item.column: [_text(item, record.get(item.api_name)) for record in records]
            for item in self.fields
        }
        frame = pl.DataFrame(texts, schema=dict.fromkeys(self.columns, pl.String()))
        frame, has_nul = without_nul(frame)
        self.nul_pages += has_nul
        path = self._next()
        frame.write_parquet(path, compression="lz4")
        self._keep(path, len(records))

    def add_csv(self, page: Path, expected: int | None, where: str) -> None:
        """Keep one page of Bulk CSV, if it holds as many rows as announced.

        Raises:
            TruncatedResponseError: Fewer or more rows than announced, or broken CSV.
            ProtocolError: Other columns than those that were asked for.
        """
        if _remove_nul(page):
            self.nul_pages += 1
        path = self._next()
        size = page.stat().st_size
        rows = 0
        if size:
            group = _MOST_ROWS_PER_GROUP
            if expected:
                group = max(1_000, min(group, _ROW_GROUP_BYTES * expected // size))
            try:
                frame = pl.scan_csv(page, infer_schema=False, low_memory=True)
                header = frame.collect_schema().names()
                self._check_header(header, where)
                frame.rename(dict(zip(header, self.columns, strict=True))).sink_parquet(
                    path, compression="lz4", row_group_size=group
                )
                rows = int(pl.scan_parquet(path).select(pl.len()).collect().item())
            except (OSError, pl.exceptions.PolarsError) as error:
                path.unlink(missing_ok=True)
                if isinstance(error, OSError) or is_disk_full(error):
                    raise SpoolError(
                        f"{where}: the disk did not take it ({type(error).__name__}); "
                        "free space where the landing zone lies and run again"
                    ) from None
                raise TruncatedResponseError(
                    f"{where}: the CSV of {size:,} bytes breaks off or is damaged "
                    f"({type(error).__name__}); a complete page was expected"
                ) from None
        if expected is not None and rows != expected:
            path.unlink(missing_ok=True)
            raise TruncatedResponseError(
                f"{where}: {rows:,} rows arrived, {expected:,} were announced. A "
                "connection was cut on the way; run again"
            )
        if rows:
            self._keep(path, rows)
        else:
            path.unlink(missing_ok=True)

    def count_ids(self) -> int:
        """Count the distinct record ids of all pages."""
        ids = self.scan().select(pl.col("id").n_unique())
        return int(ids.collect().item())

    def absorb(self, other: Spool) -> None:
        """Take over the pages of another spool with the same columns."""
        self.paths += other.paths
        self.rows += other.rows
        self.nul_pages += other.nul_pages

    def clear(self) -> None:
        """Forget every page."""
        for path in self.paths:
            path.unlink(missing_ok=True)
        self.paths, self.rows = [], 0

    def _next(self) -> Path:
        return self.folder / f"page-{len(self.paths) + 1:06d}.parquet"

    def _keep(self, path: Path, rows: int) -> None:
        self.paths.append(path)
        self.rows += rows

    def _check_header(self, header: Sequence[str], where: str) -> None:
        wanted = [item.api_name.lower() for item in self.fields]
        if [name.lower() for name in header] != wanted:
            raise ProtocolError(
                f"{where}: the header of the CSV has {len(header)} columns that are not "
                f"the {len(wanted)} that were asked for. Another job's result or a "
                "proxy's page may have been served; run again"
            )


def _text(item: FieldShape, value: Any) -> str | None:
    """Write one REST value as the Bulk API would."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        if item.type == "datetime" and value.endswith("+0000"):
            return value[:-5] + "Z"
        return value
    return json.dumps(value, ensure_ascii=False)


def _remove_nul(path: Path) -> bool:
    """Remove NUL bytes from a file; databases and tools break off at them."""
    if path.stat().st_size == 0:
        return False
    with (
        path.open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as view,
    ):
        if view.find(b"\0") < 0:
            return False
    clean = path.with_suffix(".clean")
    with path.open("rb") as source, clean.open("wb") as target:
        while block := source.read(_BLOCK):
            target.write(block.replace(b"\0", b""))
    clean.replace(path)
    return True
