"""Review files open safely in a spreadsheet program and hold what a steward needs."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import python_calamine as calamine

from hygiene.stewardship.queue import SHOWN, ReviewQueue
from hygiene.stewardship.sheets import headings, write_csv, write_xlsx

EVIL = '=HYPERLINK("http://x","y")'


def queue(*names: str) -> ReviewQueue:
    shown = [name for name, _ in SHOWN["contact"]]
    row = {
        "source_record_key_l": "a",
        "source_record_key_r": "b",
        "kind": "between the thresholds",
        "match_weight": -3.2,
        "match_probability": 0.1,
        "golden_id_l": "gc_1",
        "golden_id_r": "gc_2",
        "money": 12.5,
        "fingerprint_l": "f1",
        "fingerprint_r": "f2",
        "speaks_for": "same phone (+9.0)",
        "speaks_against": "-",
        **{
            f"{name} {mark}": None
            for name in [*shown, "source", "deleted"]
            for mark in "AB"
        },
    }
    rows = [row | {"name A": name, "phone A": "+4930123"} for name in names]
    return ReviewQueue("contact", pl.DataFrame(rows), len(rows))


def test_no_cell_of_a_csv_starts_a_formula(tmp_path: Path) -> None:
    out = tmp_path / "review.csv"
    write_csv(queue(EVIL, "@SUM(A1)", "Zoë 'Quote'"), out)
    with out.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["name A"] for row in rows] == [f"'{EVIL}", "'@SUM(A1)", "Zoë 'Quote'"]
    assert rows[0]["phone A"] == "'+4930123"
    assert float(rows[0]["match weight"]) == -3.2
    assert rows[0]["ruling"] == ""
    assert list(rows[0]) == headings("contact")


def test_a_workbook_holds_texts_and_one_sheet_per_entity(tmp_path: Path) -> None:
    out = tmp_path / "review.xlsx"
    empty = ReviewQueue("contact", queue("x").pairs.clear(), 0)
    write_xlsx([queue(EVIL)], out)
    book = calamine.load_workbook(str(out))
    assert book.sheet_names == ["contacts"]
    header, first = book.get_sheet_by_name("contacts").to_python()
    cells = dict(zip(header, first, strict=True))
    assert cells["name A"] == EVIL
    assert cells["phone A"] == "+4930123"
    assert cells["money at stake"] == 12.5
    write_xlsx([empty], out)
    assert len(calamine.load_workbook(str(out)).get_sheet_by_index(0).to_python()) == 1
