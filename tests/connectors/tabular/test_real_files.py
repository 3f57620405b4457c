"""Files that other people wrote: the readers must cope, without knowing their names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.errors import BrokenArchiveError, EmptyFileError
from connectors.tabular import (
    FileKind,
    NoteCode,
    TableRead,
    detect_kind,
    read_delimited,
    read_workbook,
)

ACID_TESTS = [
    "comma_in_quotes", "empty", "empty_crlf", "escaped_quotes", "json",
    "newlines", "newlines_crlf", "quotes_and_newlines",
    "simple", "simple_crlf", "utf8",
]  # fmt: skip


@pytest.fixture(scope="session")
def frictionless(shared_data: Path) -> Path:
    return shared_data / "spreadsheets" / "spreadsheet_frictionless" / "data"


@pytest.fixture(scope="session")
def calamine_files(shared_data: Path) -> Path:
    return shared_data / "spreadsheets" / "spreadsheet_calamine" / "tests"


@pytest.fixture(scope="session")
def dataloader(shared_data: Path) -> Path:
    return shared_data / "salesforce" / "salesforce_dataloader" / "src"


def rows(table: TableRead) -> list[tuple[object, ...]]:
    return table.frame.drop("_line").collect().rows()


def codes(table: TableRead) -> set[str]:
    return {note.code for note in table.notes}


@pytest.mark.parametrize("name", ACID_TESTS)
def test_csv_acid_tests_give_the_expected_json(shared_data: Path, name: str) -> None:
    folder = shared_data / "spreadsheets" / "spreadsheet_csv_spectrum"
    read = read_delimited(folder / "csvs" / f"{name}.csv")
    text = (folder / "json" / f"{name}.json").read_text("utf-8")
    if b"\r" not in (folder / "csvs" / f"{name}.csv").read_bytes():
        text = text.replace("\\r", "")  # a check-out may have converted line ends
    document = json.loads(text)
    expected = document if isinstance(document, list) else [document]
    found = [
        {key: value or "" for key, value in row.items()}
        for row in read.frame.drop("_line").collect().to_dicts()
    ]
    assert found == expected


def test_quotes_inside_unquoted_cells_stay(shared_data: Path) -> None:
    """The expected JSON of this sample has another phone number than its CSV."""
    folder = shared_data / "spreadsheets" / "spreadsheet_csv_spectrum"
    read = read_delimited(folder / "csvs" / "location_coordinates.csv")
    expected = json.loads(
        (folder / "json" / "location_coordinates.json").read_text("utf-8")
    )
    column = "Location Coordinates"
    assert read.frame.collect()[column].to_list() == [expected[column]]


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("UTF8", "utf-8"), ("UTF16LE", "utf-16-le"), ("UTF16BE", "utf-16-be"),
        ("UTF32LE", "utf-32-le"), ("UTF32BE", "utf-32-be"),
    ],
)  # fmt: skip
def test_data_loader_files_with_marks(
    dataloader: Path, name: str, encoding: str
) -> None:
    data = dataloader / "test/resources/testfiles/data"
    plain = read_delimited(data / "csvtext.csv")
    marked = read_delimited(data / f"csvtext_BOM_{name}.csv")
    assert marked.encoding == encoding
    assert rows(marked) == rows(plain)
    assert marked.header == plain.header


def test_data_loader_sample_in_cp1252(dataloader: Path) -> None:
    table = read_delimited(dataloader / "main/resources/samples/data/accountData.csv")
    assert table.encoding == "cp1252"
    assert table.rows == 423
    assert table.rejected.is_empty()
    assert NoteCode.ENCODING_GUESSED in codes(table)


def test_every_data_loader_csv_is_read_without_loss(dataloader: Path) -> None:
    paths = sorted(dataloader.rglob("*.csv"))
    assert len(paths) > 40
    for path in paths:
        table = read_delimited(path)
        assert table.rejected.is_empty(), path.name
        assert table.frame.collect().height == table.rows, path.name


@pytest.mark.parametrize(
    ("name", "header", "count"),
    [
        ("bom.csv", ["id", "name"], 2),
        ("latin1.csv", ["id", "name"], 2),
        ("table.tsv", ["id", "name"], 3),
        ("issue-1009-semicolon.csv", ["fieldNameA", "fieldNameB"], 1),
        ("skip-rows-before-headers.csv", ["id", "name"], 2),
        ("duplicate-headers.csv", ["id", "name", "id_2", "age", "id_3"], 2),
        ("blank-headers.csv", ["id", "column_2", "age"], 2),
        ("table-unicode-headers.csv", ["id", "国人"], 2),
        ("encoding-issue-274.csv", None, 507),
        ("table-with-accents.csv", None, 638),
    ],
)
def test_frictionless_text_files(
    frictionless: Path, name: str, header: list[str] | None, count: int
) -> None:
    table = read_delimited(frictionless / name)
    assert table.rows == count
    if header:
        assert sorted(table.header.names) == sorted(header)


def test_leading_zeros_survive(frictionless: Path) -> None:
    table = read_delimited(frictionless / "issue-1009-semicolon.csv")
    assert rows(table) == [("0123", "c")]


def test_structure_errors_are_set_aside(frictionless: Path) -> None:
    table = read_delimited(frictionless / "structure-errors.csv")
    assert table.rows == 2
    assert table.blank_rows == 1
    assert table.rejected.select("_line", "reason_code").rows() == [(5, "extra_cells")]


@pytest.mark.parametrize(
    "name", ["blank-rows.csv", "blank-rows-multiple.csv", "blank-rows-no-fields.csv"]
)
def test_blank_rows_are_skipped(frictionless: Path, name: str) -> None:
    table = read_delimited(frictionless / name)
    assert table.rows == 2
    assert table.blank_rows >= 1


def test_a_header_over_five_merged_rows(frictionless: Path) -> None:
    [table] = read_workbook(frictionless / "multiline-headers.xlsx")
    assert table.header.names == [
        "Region",
        "Caloric contribution (%)",
        "Cumulative impact of changes on cost of food basket from previous quarter",
        "Cumulative impact of changes on cost of food basket from baseline (%)",
    ]
    assert rows(table) == [("A", "B", "C", "D")]


def test_a_title_above_and_a_total_below(frictionless: Path) -> None:
    [table] = read_workbook(frictionless / "skip-rows.xlsx")
    assert table.header.names == ["A", "B"]
    assert rows(table) == [("8", "9")]
    assert table.rejected["reason_code"].to_list() == ["totals_row"]


def test_floats_are_what_the_spreadsheet_shows(frictionless: Path) -> None:
    [table] = read_workbook(frictionless / "adjust-floating-point-error.xlsx")
    values = [row[2] for row in rows(table)]
    assert values == ["242.26", "274.66", "291.86", "968", "1720"]


@pytest.mark.parametrize("kind", ["xls", "xlsx"])
def test_integers_stay_integers_and_texts_keep_zeros(
    frictionless: Path, kind: str
) -> None:
    [table] = read_workbook(frictionless / f"cast-int-to-string-issue-1251.{kind}")
    assert rows(table)[0] == ("001", "b", "1", "a", "1")


def test_a_number_above_the_first_column_is_still_a_header(frictionless: Path) -> None:
    [table] = read_workbook(frictionless / "issue-870.xlsx")
    assert table.header.is_certain
    assert table.header.names[:3] == ["0", "First Name", "Last Name"]


@pytest.mark.parametrize("kind", ["xls", "xlsx"])
def test_merged_cells_of_both_formats(calamine_files: Path, kind: str) -> None:
    table = read_workbook(calamine_files / f"merged_range.{kind}")[0]
    assert table.header.names == ["A1", "B1", "C1", "C1_2", "E1", "F1", "G1", "H1"]
    assert table.rows == 2


@pytest.mark.parametrize("kind", ["xls", "xlsx", "xlsb"])
def test_both_date_systems_give_the_same_days(calamine_files: Path, kind: str) -> None:
    tables = [
        read_workbook(calamine_files / f"{stem}.{kind}")[0]
        for stem in ("date", "date_1904")
    ]
    assert rows(tables[0]) == rows(tables[1])
    assert rows(tables[0])[0][0] == "2021-01-02"


def test_iso_dates_of_ods(calamine_files: Path) -> None:
    [table] = read_workbook(calamine_files / "date.ods")
    assert [row[0] for row in rows(table)] == [
        "2021-01-01 10:10:10",
        "10:10:10",
        "10:10:10",
    ]


def test_a_header_far_below_the_top(calamine_files: Path) -> None:
    [table] = read_workbook(calamine_files / "header-row.xlsx")
    assert table.header.line == 9
    assert rows(table) == [("put data here", "1", "2", "3")]


@pytest.mark.parametrize("kind", ["xlsx", "xlsb", "ods"])
def test_a_password_is_named_with_the_fix(calamine_files: Path, kind: str) -> None:
    with pytest.raises(
        BrokenArchiveError, match="protected by a password; save a copy"
    ):
        read_workbook(calamine_files / f"pass_protected.{kind}")


@pytest.mark.parametrize("name", ["errors.xlsx", "empty_sheet.xlsx"])
def test_blank_workbooks_are_a_clear_error(calamine_files: Path, name: str) -> None:
    with pytest.raises(EmptyFileError, match="every sheet is blank"):
        read_workbook(calamine_files / name)


def test_hidden_and_chart_sheets_are_not_data(calamine_files: Path) -> None:
    for kind in ("xls", "xlsx", "xlsb", "ods"):
        tables = read_workbook(calamine_files / f"any_sheets.{kind}")
        assert [table.sheet for table in tables] == ["Visible"]


def test_every_file_is_recognised_by_content(
    frictionless: Path, calamine_files: Path
) -> None:
    for path in sorted([*frictionless.iterdir(), *calamine_files.iterdir()]):
        is_text = path.suffix in (".csv", ".tsv")
        expected = FileKind.DELIMITED if is_text else FileKind.WORKBOOK
        assert detect_kind(path) is expected, path.name


def test_no_row_of_any_sample_goes_missing(shared_data: Path) -> None:
    """Rows, rejects and blanks of every readable table add up to its records."""
    for path in sorted((shared_data / "spreadsheets").rglob("*.csv")):
        table = read_delimited(path)
        kept = table.frame.collect()
        seen = {*kept["_line"].to_list(), *table.rejected["_line"].to_list()}
        assert kept.height == table.rows
        assert len(seen) == table.rows + table.rejected.height
