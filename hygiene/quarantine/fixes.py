"""Fixes that people made, and what became of each: the memory, not the replay.

One CSV in the state folder, because a person may want to read it; replaced as a whole,
so that a kill leaves the old or the new one.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import polars as pl

from hygiene.errors import InputError

FILE: Final = "fixes.csv"
LINE: Final = "line"
"""Field of a row that could not even be split into cells: the whole line."""

STATUS_SCHEMA: Final[dict[str, pl.DataType]] = {
    "quarantine_id": pl.String(), "source_record_key": pl.String(),
    "source_name": pl.String(), "source_type": pl.String(), "source_object": pl.String(),
    "stage": pl.String(), "field": pl.String(), "value_before": pl.String(),
    "value_fixed": pl.String(), "value_now": pl.String(), "status": pl.String(),
    "author": pl.String(), "fixed_at": pl.String(),
}  # fmt: skip


class FixStatus(StrEnum):
    """What became of a fix in the last sync.

    `applied`: replayed. `adopted`: the source itself now holds the fixed value.
    `contradicted`: the source holds a newer, different value; shown, not applied.
    `unusable`: still cannot be used. `gone`: the source no longer has the record.
    """

    APPLIED = "applied"
    ADOPTED = "adopted"
    CONTRADICTED = "contradicted"
    UNUSABLE = "unusable"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Fix:
    """One field of one quarantined record, as a person corrected it."""

    quarantine_id: str
    source_record_key: str
    source_name: str
    source_type: str
    source_object: str
    stage: str
    field: str
    value_before: str
    value_fixed: str
    author: str
    fixed_at: str


_COLUMNS: Final = tuple(each.name for each in fields(Fix))


def read_fixes(folder: Path) -> tuple[Fix, ...]:
    """Return every remembered fix; the latest one per record and field.

    Args:
        folder: The state folder of fixes; may not exist.

    Returns:
        Fixes in a total order.

    Raises:
        InputError: The file was damaged or edited into something else.

    Example:
        >>> read_fixes(Path("nowhere"))
        ()
    """
    path = folder / FILE
    if not path.is_file():
        return ()
    latest: dict[tuple[str, str], Fix] = {}
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        if tuple(reader.fieldnames or ()) != _COLUMNS:
            raise InputError(
                f"reading quarantine fixes: {FILE} has {len(reader.fieldnames or ())} "
                f"columns; expected {', '.join(_COLUMNS)}; restore it from a backup"
            )
        for number, row in enumerate(reader, start=2):
            if None in row or None in row.values():
                raise InputError(
                    f"reading quarantine fixes: line {number} of {FILE} has the wrong "
                    "number of cells; restore the file from a backup"
                )
            fix = Fix(**row)
            latest[fix.quarantine_id, fix.field] = fix
    return tuple(latest[key] for key in sorted(latest))


def remember_fixes(folder: Path, new: Sequence[Fix]) -> int:
    """Add fixes to the memory; a later one of the same field replaces an earlier one.

    Args:
        folder: The state folder of fixes; created when needed.
        new: Fixes.

    Returns:
        How many fixes are remembered now.
    """
    known = {(each.quarantine_id, each.field): each for each in read_fixes(folder)}
    known |= {(each.quarantine_id, each.field): each for each in new}
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{FILE}.{uuid4().hex}.tmp"
    try:
        with temporary.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, _COLUMNS)
            writer.writeheader()
            writer.writerows(asdict(known[key]) for key in sorted(known))
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(folder / FILE)
    finally:
        temporary.unlink(missing_ok=True)
    return len(known)


def status_row(fix: Fix, status: FixStatus, value_now: str | None) -> dict[str, Any]:
    """Return one row of `quarantine_fixes`.

    Args:
        fix: The fix.
        status: What became of it.
        value_now: What the source holds now.

    Returns:
        The columns of `STATUS_SCHEMA`.
    """
    return {**asdict(fix), "status": str(status), "value_now": value_now}


def write_statuses(rows: Iterable[dict[str, Any]], out: Path) -> pl.DataFrame:
    """Write what became of fixes; the file appears complete or not at all.

    Args:
        rows: Rows of `status_row`; expected to be few.
        out: Parquet to replace.

    Returns:
        The frame written, in a total order.
    """
    frame = pl.DataFrame(
        [{name: row[name] for name in STATUS_SCHEMA} for row in rows],
        schema=STATUS_SCHEMA,
    ).sort("quarantine_id", "field")
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{uuid4().hex}.tmp")
    frame.write_parquet(temporary, compression="zstd")
    temporary.replace(out)
    return frame
