"""The round trip: out to a person, back, replayed, remembered, and second to the source."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from hygiene.errors import InputError
from hygiene.quarantine import (
    LINE,
    Fix,
    annotate_quarantine,
    apply_fixes,
    export_fixit,
    read_fixes,
    read_fixit,
    record_link,
    remember_fixes,
)
from hygiene.quarantine.fixit_file import HEADS, make_harmless, restore
from hygiene.standardise.quarantine import QUARANTINE_SCHEMA

NOW = "2026-01-15T06:00:00+00:00"


def quarantined(**changes: Any) -> pl.DataFrame:
    record = {
        "quarantine_id": "q1",
        "source_record_key": "crm:contact:1",
        "source_name": "crm",
        "source_type": "salesforce",
        "source_object": "contact",
        "stage": "standardise",
        "reason_code": "contact_without_identity",
        "reason_detail": "no usable name, email or phone",
        "raw_payload": json.dumps({"last_name": "=cmd|' /C calc'!A0", "city": "Bonn"}),
        **changes,
    }
    line = {
        **record,
        "quarantine_id": "q2",
        "source_record_key": None,
        "stage": "landing",
        "reason_code": "broken_quote",
        "source_file": "Contact.csv",
        "source_line": 4,
        "raw_payload": '3,"Cy,Quote',
    }
    return pl.DataFrame([record, line], schema=QUARANTINE_SCHEMA)


def corrected(path: Path, **values: str) -> None:
    """Fill in the last column, as a person would."""
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.reader(handle))
    for row in rows[1:]:
        row[-1] = values.get(row[HEADS.index("field")], "")
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        csv.writer(handle).writerows(rows)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_no_cell_runs_as_a_formula(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"fixes.{ending}"
    assert export_fixit(quarantined(), path) == 2
    if ending == "csv":
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = list(csv.reader(handle))
    else:
        sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
        rows = [[str(cell) for cell in row] for row in sheet.to_python()]
    assert rows[0] == list(HEADS)
    assert len(rows) == 1 + 6 + 1
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "@"))]
    assert any(cell == "'=cmd|' /C calc'!A0" for row in rows for cell in row)


@given(st.text(max_size=8) | st.from_regex(r"'*[=+@|%-].*", fullmatch=True))
def test_harmless_cells_come_back_as_they_were(text: str) -> None:
    out = make_harmless(text)
    assert restore(out) == text
    assert not out.startswith(("=", "+", "-", "@", "\t", "\r", "|", "%"))


def test_what_a_person_fills_in_becomes_a_fix(tmp_path: Path) -> None:
    path = tmp_path / "fixes.csv"
    export_fixit(quarantined(), path)
    corrected(path, first_name="Ann", phone="+49 30 1234567", line='3,"Cy",Quote')
    report = read_fixit(path, quarantined(), author="eva", fixed_at=NOW)
    assert {fix.field: fix.value_fixed for fix in report.fixes} == {
        "first_name": "Ann",
        "phone": "+49 30 1234567",
        LINE: '3,"Cy",Quote',
    }
    assert {fix.value_before for fix in report.fixes} == {"", '3,"Cy,Quote'}
    assert report.unchanged == 4
    assert (report.unknown, report.outdated) == (0, 0)


def test_a_workbook_and_a_file_with_semicolons_come_back_too(tmp_path: Path) -> None:
    path = tmp_path / "fixes.csv"
    export_fixit(quarantined(), path)
    corrected(path, email="ann@acme.test")
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    semicolons = tmp_path / "semicolons.csv"
    with semicolons.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle, delimiter=";").writerows(rows)
    book = tmp_path / "back.xlsx"
    with xlsxwriter.Workbook(str(book)) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                sheet.write_string(number, place, cell)
    for back in (semicolons, book):
        (fix,) = read_fixit(back, quarantined(), author="eva", fixed_at=NOW).fixes
        assert (fix.field, fix.value_fixed) == ("email", "ann@acme.test")


def test_a_file_that_is_older_than_the_record_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "fixes.csv"
    export_fixit(quarantined(), path)
    corrected(path, first_name="Ann")
    newer = quarantined(raw_payload=json.dumps({"last_name": "Now"}))
    report = read_fixit(path, newer, author="eva", fixed_at=NOW)
    assert (report.fixes, report.outdated) == ((), 1)
    gone = newer.clear()
    assert read_fixit(path, gone, author="eva", fixed_at=NOW).unknown == 1


@pytest.mark.parametrize("content", ["a,b\n1,2\n", ""])
def test_another_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.csv"
    path.write_text(content)
    with pytest.raises(InputError, match="quarantine_id"):
        read_fixit(path, quarantined(), author="eva", fixed_at=NOW)
    with pytest.raises(InputError, match="not found"):
        read_fixit(tmp_path / "no.csv", quarantined(), author="e", fixed_at=NOW)
    with pytest.raises(InputError, match=r"\.csv nor \.xlsx"):
        export_fixit(quarantined(), tmp_path / "fixes.pdf")


FIX = Fix(
    "q1", "crm:contact:1", "crm", "salesforce", "contact", "standardise", "first_name",
    "", "Ann, \"x\"", "eva", NOW,
)  # fmt: skip


def test_fixes_are_remembered_and_the_latest_counts(tmp_path: Path) -> None:
    assert remember_fixes(tmp_path / "state", [FIX]) == 1
    later = replace(FIX, value_fixed="Anna")
    other = replace(FIX, field="email", value_fixed="a@b.test")
    assert remember_fixes(tmp_path / "state", [later, other]) == 2
    assert read_fixes(tmp_path / "state") == (other, later)


def test_a_damaged_memory_is_named(tmp_path: Path) -> None:
    (tmp_path / "fixes.csv").write_text("nonsense\n")
    with pytest.raises(InputError, match="backup"):
        read_fixes(tmp_path)
    remember_fixes(tmp_path / "state", [FIX])
    file = tmp_path / "state" / "fixes.csv"
    file.write_text(file.read_text() + "q9,only three,cells\n")
    with pytest.raises(InputError, match="line 3"):
        read_fixes(tmp_path / "state")


def union(path: Path, **first: Any) -> Path:
    rows = [
        {"source_record_key": "crm:contact:1", "first_name": None, "n": 1, **first},
        {"source_record_key": "crm:contact:2", "first_name": "Bo", "n": 2},
    ]
    schema = {"source_record_key": pl.String, "first_name": pl.String, "n": pl.Int64}
    pl.DataFrame(rows, schema=schema).write_parquet(path)
    return path


@pytest.mark.parametrize(
    ("now", "status", "result"),
    [
        (None, "applied", 'Ann, "x"'),
        ('Ann, "x"', "adopted", 'Ann, "x"'),
        ("Berta", "contradicted", "Berta"),
    ],
)
def test_a_fix_gives_way_to_a_newer_value_of_the_source(
    tmp_path: Path, now: str | None, status: str, result: str
) -> None:
    source = union(tmp_path / "u.parquet", first_name=now)
    before = source.read_bytes()
    told = tmp_path / "told.parquet"
    path = apply_fixes(source, [FIX], tmp_path / "fixed.parquet", told)
    frame = pl.read_parquet(path)
    assert frame["first_name"].to_list() == [result, "Bo"]
    assert frame.schema == pl.read_parquet(source).schema
    assert pl.read_parquet(told)["status"].to_list() == [status]
    assert source.read_bytes() == before
    assert (path == source) is (status != "applied")


def test_without_fixes_nothing_is_copied(tmp_path: Path) -> None:
    source = union(tmp_path / "u.parquet")
    out, told = tmp_path / "fixed.parquet", tmp_path / "told.parquet"
    assert apply_fixes(source, [], out, told) == source
    of_line = replace(FIX, stage="landing")
    assert apply_fixes(source, [of_line], out, told) == source
    assert not out.exists()


def test_what_came_back_leaves_and_what_did_not_says_why(tmp_path: Path) -> None:
    path = tmp_path / "quarantined_records.parquet"
    quarantined().write_parquet(path)
    line = replace(FIX, quarantine_id="q2", stage="landing", field=LINE)
    gone = replace(FIX, quarantine_id="q9")
    told = tmp_path / "told.parquet"
    rows = [
        {**vars_of(FIX), "status": "contradicted", "value_now": "Berta"},
        {**vars_of(line), "status": "applied", "value_now": None},
    ]
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(told)
    remaining = annotate_quarantine(
        path,
        [told, tmp_path / "absent.parquet"],
        [FIX, line, gone],
        links={"crm": "https://crm.test/{object}/{id}"},
        fixes_out=tmp_path / "fixes.parquet",
    )
    assert remaining == 1
    (row,) = pl.read_parquet(path).to_dicts()
    assert row["quarantine_id"] == "q1"
    assert row["fix_status"] == "contradicted"
    assert "newer" in row["fix_detail"]
    assert row["source_link"] == "https://crm.test/contact/1"
    statuses = pl.read_parquet(tmp_path / "fixes.parquet")["status"].to_list()
    assert sorted(statuses) == ["applied", "contradicted", "gone"]


def vars_of(fix: Fix) -> dict[str, str]:
    return {name: getattr(fix, name) for name in Fix.__dataclass_fields__}


def test_links_need_a_template_and_quote_what_they_hold() -> None:
    assert record_link({}, "crm", "contact", "crm:contact:1") is None
    assert record_link({"crm": "https://x/{id}"}, "crm", "contact", None) is None
    link = record_link({"crm": "https://x/{object}/{id}"}, "crm", "a/b", "crm:a/b:1?2")
    assert link == "https://x/a%2Fb/1%3F2"
