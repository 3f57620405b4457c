"""Workbooks: typed cells to text, headers, merges, sheets, and files that are no good."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from connectors.errors import (
    ArchiveLimitError,
    BrokenArchiveError,
    EmptyFileError,
    SourceConfigError,
    SourceFileError,
)
from connectors.tabular import (
    FileKind,
    NoteCode,
    ReadOptions,
    TableRead,
    archive,
    detect_kind,
    list_sheets,
    read_workbook,
)


def write(path: Path, **sheets: list[list[Any]]) -> Path:
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        for name, table in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(table):
                sheet.write_row(number, 0, row)
    return path


def rows(table: TableRead) -> list[tuple[Any, ...]]:
    return table.frame.drop("_line").collect().rows()


def codes(table: TableRead) -> set[str]:
    return {note.code for note in table.notes}


def test_typed_cells_become_plain_text(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.xlsx",
        S=[
            ["id", "amount", "when", "flag", "text"],
            [7, 1234.5, date(2025, 3, 1), True, "007"],
            [1e6, 0.1 + 0.2, datetime.fromisoformat("2025-03-01 10:30"), False, " x "],
        ],
    )
    [table] = read_workbook(path)
    assert rows(table) == [
        ("7", "1234.5", "2025-03-01", "true", "007"),
        ("1000000", "0.3", "2025-03-01 10:30:00", "false", " x "),
    ]
    assert table.sheet == "S"
    assert table.name == "t.xlsx [S]"


def test_totals_footer_and_preamble_of_a_report(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.xlsx",
        S=[
            ["Quarterly report"],
            [],
            ["Company", "Amount", "Owner"],
            ["Acme", 5, "Ann"],
            [],
            ["Beta", 6, "Bob"],
            ["Grand Totals (2 records)", 11],
        ],
    )
    [table] = read_workbook(path)
    assert table.header.line == 3
    assert table.frame.collect()["_line"].to_list() == [4, 6]
    assert table.rejected.select("_line", "reason_code").rows() == [(7, "totals_row")]
    assert (table.blank_rows, table.preamble_rows) == (1, 2)


def test_sheets_are_chosen_by_name_or_pattern(tmp_path: Path) -> None:
    table = [["id", "name"], [1, "a"]]
    path = tmp_path / "t.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name in ("2024 Q1", "2024 Q2", "Notes", "Secret"):
            sheet = book.add_worksheet(name)
            for number, row in enumerate(table):
                sheet.write_row(number, 0, row)
        sheet.hide()
        book.add_worksheet("Blank")
    names = [read.sheet for read in read_workbook(path)]
    assert names == ["2024 Q1", "2024 Q2", "Notes"]
    assert [read.sheet for read in read_workbook(path, sheet="2024*")] == names[:2]
    [hidden] = read_workbook(path, sheet="Secret")
    assert NoteCode.HIDDEN_SHEET in codes(hidden)
    assert [info.is_visible for info in list_sheets(path)] == [True] * 3 + [False, True]
    with pytest.raises(
        SourceConfigError, match="no sheet is named 'Absent'; it has '2024"
    ):
        read_workbook(path, sheet="Absent")
    with pytest.raises(EmptyFileError, match="sheet 'Blank' is blank"):
        read_workbook(path, sheet="Blank")


def test_merged_texts_are_repeated_and_merged_numbers_are_not(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["company", "contact", "amount"])
        sheet.merge_range("A2:A4", "Acme")
        sheet.merge_range("C2:C4", 100)
        for number, name in enumerate(("Ann", "Bob", "Cy"), 1):
            sheet.write(number, 1, name)
    [table] = read_workbook(path)
    assert rows(table) == [
        ("Acme", "Ann", "100"),
        ("Acme", "Bob", None),
        ("Acme", "Cy", None),
    ]
    assert NoteCode.MERGED_CELLS_FILLED in codes(table)
    [plain] = read_workbook(path, ReadOptions(fill_merged=False))
    assert rows(plain)[1] == (None, "Bob", None)


def test_error_cells_are_null_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("S")
        sheet.write_row(0, 0, ["id", "ratio"])
        sheet.write_formula(1, 1, "=1/0", value="#DIV/0!")
        sheet.write(1, 0, "a")
        sheet.write_row(2, 0, ["b", "#N/A"])
    [table] = read_workbook(path)
    assert rows(table) == [("a", None), ("b", None)]
    details = [note.detail for note in table.notes if note.code is NoteCode.ERROR_CELLS]
    assert [detail.split()[0] for detail in details] == ["1", "1"]


def test_1904_workbooks_give_the_same_dates_and_say_so(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with xlsxwriter.Workbook(path, {"date_1904": True}) as book:
        sheet = book.add_worksheet()
        style = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, ["id", "when"])
        sheet.write_row(1, 0, ["a"])
        sheet.write_datetime(1, 1, datetime.fromisoformat("2021-01-02"), style)
    [table] = read_workbook(path)
    assert rows(table) == [("a", "2021-01-02")]
    assert table.has_1904_dates


def test_numbers_beyond_15_digits_are_noted(tmp_path: Path) -> None:
    path = write(tmp_path / "t.xlsx", S=[["id", "x"], [123456789012345678, "a"]])
    [table] = read_workbook(path)
    assert len(rows(table)[0][0]) == 18
    assert NoteCode.DIGITS_BEYOND_15 in codes(table)


def test_a_workbook_under_a_wrong_extension_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "t.xlsx", S=[["id", "name"], [1, "a"]]).rename(
        tmp_path / "t.csv"
    )
    assert detect_kind(path) is FileKind.WORKBOOK
    assert rows(read_workbook(path)[0]) == [("1", "a")]


def test_a_wrong_dimension_attribute_loses_no_cell(tmp_path: Path) -> None:
    path = write(tmp_path / "t.xlsx", S=[["id", "name"], [1, "a"], [2, "b"]])
    bad = tmp_path / "bad.xlsx"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(bad, "w") as target:
        for item in source.infolist():
            data = source.read(item)
            target.writestr(item, data.replace(b'ref="A1:B3"', b'ref="A1"'))
    assert rows(read_workbook(bad)[0]) == [("1", "a"), ("2", "b")]


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"<html><table><tr><td>x", SourceFileError, "web page saved under"),
        (b"id,name\n1,a\n", SourceFileError, "expected a workbook"),
        (b"PK\x03\x04 truncated", BrokenArchiveError, "truncated or damaged"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"0" * 600,
            BrokenArchiveError,
            "cannot be",
        ),
    ],
    ids=["html", "text", "truncated-zip", "damaged-ole"],
)
def test_files_that_are_no_workbook(
    tmp_path: Path, content: bytes, error: type[Exception], message: str
) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(content)
    with pytest.raises(error, match=message):
        read_workbook(path)


def test_a_truncated_workbook_is_a_clear_error(tmp_path: Path) -> None:
    path = write(tmp_path / "t.xlsx", S=[["id"], [1]])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(BrokenArchiveError, match="truncated or damaged"):
        read_workbook(path)


def test_a_workbook_that_expands_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "t.xlsx", S=[["id"], *([["x"]] * 500)])
    limits = archive.ArchiveLimits(max_ratio=1.5, ratio_applies_above_bytes=10)
    monkeypatch.setattr("connectors.tabular.workbook.WORKBOOK_LIMITS", limits)
    with pytest.raises(ArchiveLimitError, match="expands"):
        read_workbook(path)


def test_long_sheets_are_read_in_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = [[f"r{i}", i] for i in range(1000)]
    path = write(tmp_path / "t.xlsx", S=[["id", "n"], *body])
    monkeypatch.setattr("connectors.tabular.workbook._CHUNK", 300)
    [table] = read_workbook(path, workdir=tmp_path)
    assert rows(table) == [(name, str(number)) for name, number in body]
    assert table.frame.collect()["_line"].to_list() == list(range(2, 1002))
