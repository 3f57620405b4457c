"""The files that a steward fills in: XLSX with choices, or CSV, both safe to open.

What belongs here: the layout of the review file and writing it. What does not: reading
it back (`answers.py`), or which pairs are in it (`queue.py`).
"""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from hygiene.stewardship.cells import guarded
from hygiene.stewardship.queue import SHOWN, ReviewQueue
from hygiene.stewardship.rulings import Answer

RULING, REASON = "ruling", "reason"
KEY_A, KEY_B = "record A", "record B"
SEEN_A, SEEN_B = "seen A", "seen B"
ENTITY = "entity"

_HELP = (
    "Fill in the column `ruling`: same, different or unsure; leave it empty to skip a "
    "pair. A reason helps whoever asks later. Then: tidycrm review import FILE"
)
_LEADING = (RULING, REASON, "why here", "money at stake", "match weight", "probability")
_TRAILING = (KEY_A, KEY_B, "golden id A", "golden id B", ENTITY, SEEN_A, SEEN_B)
_WIDTHS = {RULING: 12, REASON: 30, "speaks for": 60, "speaks against": 45}


def headings(entity: str) -> list[str]:
    """Columns of a review file.

    Args:
        entity: contact or account.

    Returns:
        Headings in order.
    """
    sides = [
        f"{name} {mark}"
        for name in [*(name for name, _ in SHOWN[entity]), "source", "deleted"]
        for mark in ("A", "B")
    ]
    return [*_LEADING, "speaks for", "speaks against", *sides, *_TRAILING]


def sheet_rows(queue: ReviewQueue) -> list[list[object]]:
    """Lay the queue out as rows of a review file.

    Args:
        queue: The queue.

    Returns:
        One row per pair, cells in the order of `headings`.
    """
    renamed = {
        "kind": "why here",
        "money": "money at stake",
        "match_weight": "match weight",
        "match_probability": "probability",
        "speaks_for": "speaks for",
        "speaks_against": "speaks against",
        "source_record_key_l": KEY_A,
        "source_record_key_r": KEY_B,
        "golden_id_l": "golden id A",
        "golden_id_r": "golden id B",
        "fingerprint_l": SEEN_A,
        "fingerprint_r": SEEN_B,
    }
    frame = queue.pairs.rename(renamed).with_columns(
        pl.lit("").alias(RULING),
        pl.lit("").alias(REASON),
        pl.lit(queue.entity).alias(ENTITY),
        pl.col("money at stake").cast(pl.Float64).round(2),
        pl.col("match weight").round(2),
        pl.col("probability").round(4),
    )
    return [list(row) for row in frame.select(headings(queue.entity)).iter_rows()]


def write_csv(queue: ReviewQueue, out: Path) -> None:
    """Write the queue as CSV; no cell can start a formula.

    Args:
        queue: The queue.
        out: The file to replace.
    """
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        # The mark at the start makes Excel read UTF-8.
        with temporary.open("w", encoding="utf-8-sig", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerow(headings(queue.entity))
            for row in sheet_rows(queue):
                writer.writerow(
                    [
                        cell if isinstance(cell, int | float) else guarded(cell)
                        for cell in row
                    ]
                )
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)


def write_xlsx(queues: Sequence[ReviewQueue], out: Path) -> None:
    """Write queues as a workbook, one sheet per entity, with a list of rulings.

    Texts are written as texts, so that none is run as a formula; cells in which the two
    records differ are marked.

    Args:
        queues: The queues.
        out: The file to replace.
    """
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    try:
        with xlsxwriter.Workbook(str(temporary), options) as book:
            for queue in queues:
                _write_sheet(book, queue)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)


def _write_sheet(book: Any, queue: ReviewQueue) -> None:
    sheet = book.add_worksheet(f"{queue.entity}s")
    bold = book.add_format({"bold": True, "bg_color": "#DDE6F0", "border": 1})
    asked = book.add_format({"bg_color": "#FFF8D6", "border": 1})
    differs = book.add_format({"bg_color": "#FBE3DD"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    names = headings(queue.entity)
    rows = sheet_rows(queue)
    for column, name in enumerate(names):
        sheet.write_string(0, column, name, bold)
        sheet.set_column(column, column, _WIDTHS.get(name, 16))
    sheet.write_comment(0, 0, _HELP)
    sides = {
        column
        for column, name in enumerate(names)
        if name.endswith((" A", " B"))
        and name not in _TRAILING
        and not name.startswith(("source", "created", "owner"))
    }
    for number, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            style = None
            if column < 2:
                style = asked
            elif names[column].startswith("speaks"):
                style = wrapped
            elif column in sides:
                other = row[column + (1 if names[column].endswith(" A") else -1)]
                if cell and other and str(cell).lower() != str(other).lower():
                    style = differs
            if isinstance(cell, int | float):
                sheet.write_number(number, column, cell, style)
            elif cell:
                sheet.write_string(number, column, str(cell), style)
            else:
                sheet.write_blank(number, column, None, style)
    last = max(len(rows), 1)
    sheet.data_validation(
        1, 0, last, 0, {"validate": "list", "source": [item.value for item in Answer]}
    )
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, last, len(names) - 1)
