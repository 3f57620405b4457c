"""Hand-made HubSpot exports: CSV, XLSX and ZIP, in small."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import polars as pl
import xlsxwriter

from connectors.landing import Landing, SourceReport

Sync = Callable[..., SourceReport]
Cell = str | float | None


def csv_bytes(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> bytes:
    """Write a CSV as HubSpot does: UTF-8 with a byte-order mark, every cell quoted."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def xlsx_bytes(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> bytes:
    """Write a workbook with one sheet; numbers become number cells."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Sheet1")
        for number, row in enumerate([header, *rows]):
            sheet.write_row(number, 0, row)
    return out.getvalue()


def write_zip(path: Path, members: Mapping[str, bytes]) -> Path:
    """Write a ZIP with the given members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def landed(landing: Landing, object_name: str, source: str = "portal") -> pl.DataFrame:
    """Give the current state of an object, by id."""
    current = landing.current("hubspot", object_name, source).collect()
    return current.sort(pl.col("_source_record_id").cast(pl.Int64))


def parts_below(folder: Path) -> set[str]:
    """Landed files; contracts and working folders do not count."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.parquet")
        if "_contract" not in str(path) and "_tmp" not in path.parts
    }
