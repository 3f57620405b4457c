"""Hand-made Salesforce exports: what Data Export and Data Loader write, in small."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import polars as pl

from connectors.landing import Landing, SourceReport
from connectors.salesforce import to_18

ORG = "00Dx0000000AbcDEAS"
Sync = Callable[..., SourceReport]
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def record_id(prefix: str, number: int) -> str:
    """Make a valid 18-character id."""
    tail = ""
    for _ in range(6):
        tail = _DIGITS[number % 62] + tail
        number //= 62
    return to_18(f"{prefix}x00000{tail}")


def csv_bytes(
    header: Sequence[str], rows: Sequence[Sequence[str]], encoding: str = "utf-8"
) -> bytes:
    """Write a CSV as Salesforce does: every cell quoted, LF line ends."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def write_zip(path: Path, members: Mapping[str, bytes]) -> Path:
    """Write a ZIP with the given members."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def landed(landing: Landing, object_name: str, source: str = "crm") -> pl.DataFrame:
    """Give the current state of an object, by id."""
    current = landing.current("salesforce", object_name, source).collect()
    return current.sort("_source_record_id")


ANN, BOB, CAY = (record_id("003", number) for number in (1, 2, 3))
ACME = record_id("001", 7)
CONTACT = [
    "Id",
    "IsDeleted",
    "MasterRecordId",
    "AccountId",
    "LastName",
    "SystemModstamp",
]


def contact(
    key: str,
    name: str,
    stamp: str = "2026-01-01 00:00:00",
    *,
    deleted: str = "0",
    master: str = "",
) -> list[str]:
    return [key, deleted, master, ACME, name, stamp]


def files_below(folder: Path) -> set[str]:
    """Landed files; working folders and locks do not count."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.parquet")
        if "_contract" not in path.parts[-3] and "_tmp" not in path.parts
    }
