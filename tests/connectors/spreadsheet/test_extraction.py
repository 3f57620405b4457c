"""Spreadsheets end to end: one snapshot per object, all or nothing, landing only news."""

from __future__ import annotations

import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter

from connectors.errors import (
    BrokenArchiveError,
    ColumnMappingError,
    EmptyFileError,
    EncodingError,
    PermanentError,
    SourceFileMissingError,
)
from connectors.landing import Landing, SourceReport
from connectors.spreadsheet import (
    SpreadsheetConfig,
    declared_columns,
    ensure_contracts,
    extract,
    inspect_source,
)
from connectors.spreadsheet.__main__ import main

ORDERS = (
    "Order No,Date,Company,Amount\n001,2025-01-01,Acme,10\n002,2025-01-02,Beta,20\n"
)


class Shop:
    """A folder of files, a landing zone, and a clock that moves with every run."""

    def __init__(self, folder: Path, moment: datetime) -> None:
        self.folder = folder
        self.landing = Landing(folder / "landing")
        self.moment = moment

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def config(self, *tables: dict[str, Any]) -> SpreadsheetConfig:
        listed = [
            {"object": "orders"} | table | {"path": str(self.folder / table["path"])}
            for table in tables
        ]
        return SpreadsheetConfig.model_validate({"name": "shop", "tables": listed})

    def run(self, *tables: dict[str, Any]) -> SourceReport:
        self.moment += timedelta(hours=1)
        return extract(self.config(*tables), self.landing, extracted_at=self.moment)

    def rows(self, object_name: str = "orders") -> dict[str, dict[str, Any]]:
        frame = self.landing.current("spreadsheet", object_name, "shop").collect()
        return {row["_source_record_id"]: row for row in frame.to_dicts()}


@pytest.fixture
def shop(tmp_path: Path, extracted_at: datetime) -> Shop:
    return Shop(tmp_path, extracted_at)


def test_orders_land_under_canonical_names_with_options(shop: Shop) -> None:
    shop.write("orders.csv", ORDERS.replace(",", ";").replace("10", "10,50"))
    report = shop.run(
        {
            "path": "*.csv",
            "decimal_separator": ",",
            "date_order": "dmy",
            "amount_includes_tax": True,
            "currency": "EUR",
        }
    )
    assert report.counts["orders"].new == 2
    row = shop.rows()["001"]
    expected = {
        "id": "001",
        "order_date": "2025-01-01",
        "company": "Acme",
        "amount": "10,50",
        "currency": "EUR",
        "date_order": "dmy",
        "decimal_separator": ",",
        "amount_includes_tax": "true",
        "sheet_name": None,
        "_source_file": "orders.csv",
        "_source_line": 2,
        "_source_name": "shop",
    }
    assert {name: row[name] for name in expected} == expected


def test_a_second_run_reads_nothing_and_a_third_without_receipt_lands_nothing(
    shop: Shop,
) -> None:
    shop.write("orders.csv", ORDERS)
    table = {"path": "*.csv"}
    shop.run(table)
    assert shop.run(table).is_unchanged
    for receipt in (shop.landing.root / "_receipts").rglob("*.json"):
        receipt.unlink()
    third = shop.run(table)
    assert not third.is_unchanged
    assert not any(load.is_written for load in third.loads)


def test_one_edited_one_deleted_one_new(shop: Shop) -> None:
    path = shop.write("orders.csv", ORDERS + "003,2025-01-03,Cy,30\n")
    shop.run({"path": "*.csv"})
    text = (
        path.read_text()
        .replace("Beta,20", "Beta,25")
        .replace("001,2025-01-01,Acme,10\n", "")
    )
    path.write_text(text + "004,2025-01-04,Dee,40\n")
    counts = shop.run({"path": "*.csv"}).counts["orders"]
    assert (counts.new, counts.changed, counts.tombstoned, counts.unchanged) == (
        1,
        1,
        1,
        1,
    )
    assert shop.rows()["001"]["_delete_kind"] == "absent"


def test_all_files_and_entries_of_an_object_are_one_snapshot(shop: Shop) -> None:
    shop.write("jan.csv", ORDERS)
    shop.write("feb.csv", ORDERS.replace("001", "101").replace("002", "102"))
    with xlsxwriter.Workbook(shop.folder / "web.xlsx") as book:
        for month in ("Mar", "Apr"):
            sheet = book.add_worksheet(month)
            sheet.write_row(0, 0, ["Order No", "Net amount"])
            sheet.write_row(1, 0, [f"{month}-1", 5])
    tables = ({"path": "*.csv"}, {"path": "web.xlsx"})
    report = shop.run(*tables)
    assert report.counts["orders"].new == 6
    assert len(report.loads) == 1
    assert shop.rows()["Mar-1"]["sheet_name"] == "Mar"
    (shop.folder / "feb.csv").unlink()
    assert shop.run(*tables).counts["orders"].tombstoned == 2


def test_several_objects_of_one_workbook(shop: Shop) -> None:
    with xlsxwriter.Workbook(shop.folder / "all.xlsx") as book:
        for name, header in (
            ("People", ["Full name", "E-Mail"]),
            ("Firms", ["Company", "Website"]),
        ):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, header)
            sheet.write_row(1, 0, ["x", "y"])
    report = shop.run(
        {"path": "all.xlsx", "sheet": "People", "object": "contacts"},
        {"path": "all.xlsx", "sheet": "Firms", "object": "companies"},
    )
    assert {load.object for load in report.loads} == {"contacts", "companies"}
    [company] = shop.rows("companies").values()
    assert company["name"] == "x"


def test_zipped_files_are_read(shop: Shop) -> None:
    with zipfile.ZipFile(shop.folder / "export.zip", "w") as archive:
        archive.writestr("a/orders.csv", ORDERS)
        archive.writestr("__MACOSX/._orders.csv", b"\x00\x01")
        archive.writestr("readme.md", "hello")
    shop.run({"path": "export.zip"})
    assert shop.rows()["001"]["_source_file"] == "export.zip/a/orders.csv"


def test_the_same_id_in_a_later_file_wins_and_is_reported(shop: Shop) -> None:
    shop.write("1.csv", ORDERS)
    shop.write("2.csv", ORDERS.replace("Acme,10", "Acme,11"))
    report = shop.run({"path": "*.csv"})
    counts = report.counts["orders"]
    assert (counts.new, counts.repeated, counts.superseded) == (2, 1, 1)
    assert shop.rows()["001"]["amount"] == "11"
    assert any("later file won" in warning for warning in report.warnings)


def test_rows_of_one_order_are_numbered(shop: Shop) -> None:
    shop.write("o.csv", ORDERS + "001,2025-01-01,Acme,5\n001,2025-01-01,Acme,10\n")
    report = shop.run({"path": "*.csv"})
    assert set(shop.rows()) == {"001", "001#2", "002"}
    assert report.counts["orders"].repeated == 1, "the same in everything: one record"
    assert any("numbered #2" in note for note in report.notes)


def test_rows_without_any_id_are_known_by_their_content(shop: Shop) -> None:
    text = "Date,Amount\n2025-01-01,5\n2025-01-01,5\n2025-01-02,6\n"
    path = shop.write("o.csv", text)
    shop.run({"path": "*.csv"})
    ids = sorted(shop.rows())
    assert len(ids) == 3
    assert sum(key.endswith("#2") for key in ids) == 1
    path.write_text("Date,Amount\n2025-01-02,6\n2025-01-01,5\n2025-01-01,5\n\n")
    assert not shop.run({"path": "*.csv"}).loads[0].is_written, "order does not matter"


def test_key_columns_make_the_id(shop: Shop) -> None:
    shop.write("o.csv", "Shop,Nr,Amount\nA,1,5\nB,1,6\n,,7\n")
    report = shop.run({"path": "*.csv", "key": ["shop", "Nr"]})
    ids = sorted(shop.rows())
    assert ids[:2] == ["A|1", "B|1"]
    assert ids[2].startswith("row-")
    assert any("blank id" in note for note in report.notes)


def test_a_blank_id_does_not_cost_the_row(shop: Shop) -> None:
    shop.write("o.csv", ORDERS + ",2025-01-03,Cy,30\n")
    shop.run({"path": "*.csv"})
    assert len(shop.rows()) == 3


def test_rejected_rows_land_with_file_and_line(shop: Shop) -> None:
    shop.write("o.csv", ORDERS + "1.23457E+17,2025-01-03,Cy,1\n5,x,y,z,w\nTotal,,,30\n")
    report = shop.run({"path": "*.csv"})
    rejected = (
        shop.landing.rejected("spreadsheet", "orders").sort("_source_line").collect()
    )
    assert rejected.select("_source_file", "_source_line", "reason_code").rows() == [
        ("o.csv", 4, "id_in_scientific_notation"),
        ("o.csv", 5, "extra_cells"),
        ("o.csv", 6, "totals_row"),
    ]
    counts = report.counts["orders"]
    assert counts.rows_read == counts.new + counts.rejected == 5
    assert report.warnings == (
        "orders: 3 rows were set aside, see the quarantine",
        "orders: because a missing record may be among the rows that could not be read, "
        "no record was marked as deleted",
    )


def test_a_row_that_cannot_be_read_deletes_nothing_and_a_total_does_not_matter(
    shop: Shop,
) -> None:
    shop.write("o.csv", ORDERS)
    shop.run({"path": "*.csv"})
    first, second = sorted(shop.rows())
    head, one, _ = ORDERS.splitlines()
    shop.write("o.csv", f"{head}\n{one}\n5,x,y,z,w\n")
    shop.run({"path": "*.csv"})
    assert not shop.rows()[second]["_is_deleted"]
    shop.write("o.csv", f"{head}\n{one}\nTotal,,,30\n")
    shop.run({"path": "*.csv"})
    rows = shop.rows()
    assert second not in rows or rows[second]["_is_deleted"]
    assert not rows[first]["_is_deleted"]


def test_day_numbers_of_the_1904_system_become_dates(shop: Shop) -> None:
    with xlsxwriter.Workbook(shop.folder / "mac.xlsx", {"date_1904": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Order No", "Order date", "Amount"])
        sheet.write_row(1, 0, ["1", 42736, 42736])
        sheet.write_row(2, 0, ["2", 42736.5, 1])
    shop.run({"path": "mac.xlsx"})
    rows = shop.rows()
    assert rows["1"]["order_date"] == "2021-01-02"
    assert rows["2"]["order_date"] == "2021-01-02 12:00:00"
    assert rows["1"]["amount"] == "42736"


def test_lost_leading_zeros_are_noted(shop: Shop) -> None:
    codes = ["1067", "4109", *(str(number) for number in range(10115, 10135))]
    body = "".join(f"{i},p{i},{code}\n" for i, code in enumerate(codes))
    shop.write("c.csv", "id,name,zip\n" + body)
    report = shop.run({"path": "c.csv", "object": "contacts"})
    assert any("leading_zeros_maybe_lost" in note for note in report.notes)
    shop.write("c.csv", "id,name,zip\n" + body + "x,y,01067\n")
    report = shop.run({"path": "c.csv", "object": "contacts"})
    assert not any("leading_zeros_maybe_lost" in note for note in report.notes)


def test_explicit_columns_and_unknown_headers(shop: Shop) -> None:
    shop.write("o.csv", "Beleg-Nr.,Wert,Bemerkung,Phone\n1,5,hi,0123\n")
    columns = {"id": "beleg nr", "amount": "Wert", "phone": None}
    shop.run({"path": "o.csv", "columns": columns})
    row = shop.rows()["1"]
    assert (row["amount"], row["bemerkung"]) == ("5", "hi")
    assert row["phone"] == "0123", "not recognised, so kept under its own name"


BAD_INPUT: list[
    tuple[str, str | bytes | None, dict[str, Any], type[PermanentError], str]
] = [
    ("absent", None, {}, SourceFileMissingError, "no file matches"),
    ("empty", "", {}, EmptyFileError, "the file is empty"),
    ("no rows", "Order No,Amount\n", {}, EmptyFileError, "a header and no row"),
    ("binary", bytes(range(32)) * 99, {}, EncodingError, "not a text file"),
    (
        "truncated zip",
        b"PK\x03\x04 half",
        {},
        BrokenArchiveError,
        "truncated or damaged",
    ),
    (
        "missing column",
        ORDERS,
        {"columns": {"tax": "MwSt", "status": "Statuss"}},
        ColumnMappingError,
        r"tax: 'MwSt' \(nearest: .*status: 'Statuss'.*has 'Order No', 'Date'",
    ),
    ("missing key", "a,b\n1,2\n", {"key": ["c"]}, ColumnMappingError, "`key` names"),
    ("no header", "1,5\n2,6\n", {}, ColumnMappingError, "no row looks like a header"),
    (
        "one header for two",
        ORDERS,
        {"columns": {"tax": "Amount", "amount": "Amount"}},
        ColumnMappingError,
        "mapped to both",
    ),
]


@pytest.mark.parametrize(
    ("name", "content", "options", "error", "message"),
    BAD_INPUT,
    ids=[b[0] for b in BAD_INPUT],
)
def test_bad_input_is_one_clear_error_and_lands_nothing(
    shop: Shop,
    name: str,
    content: str | bytes | None,
    options: dict[str, Any],
    error: type[PermanentError],
    message: str,
) -> None:
    shop.write("good.csv", "Full name,Email\nAnn,a@b.example\n")
    if content is not None:
        shop.write("bad.csv", content)
    good = {"path": "good.csv", "object": "contacts"}
    with pytest.raises(error, match=message):
        shop.run(good, {"path": "bad.csv"} | options)
    assert shop.landing.manifests() == []
    assert shop.landing.receipt("spreadsheet", "shop") is None


def test_mapping_mistakes_of_all_files_are_told_at_once(shop: Shop) -> None:
    for name in ("a.csv", "b.csv"):
        shop.write(name, ORDERS)
    with pytest.raises(ColumnMappingError) as caught:
        shop.run({"path": "*.csv", "columns": {"tax": "MwSt"}})
    assert "a.csv" in str(caught.value)
    assert "b.csv" in str(caught.value)


def test_no_message_of_a_mapping_error_holds_cell_values(shop: Shop) -> None:
    shop.write("o.csv", "secret@person.example,+49 170 1234567\nx@y.example,1\n")
    with pytest.raises(ColumnMappingError) as caught:
        shop.run({"path": "o.csv", "columns": {"id": "Nr"}})
    assert "person.example" not in str(caught.value)
    assert "170" not in str(caught.value)


def test_an_optional_table_may_be_absent(shop: Shop) -> None:
    report = shop.run({"path": "absent-*.csv", "optional": True})
    assert report.loads == ()
    shop.write("o.csv", ORDERS)
    both = ({"path": "o.csv"}, {"path": "absent-*.csv", "optional": True})
    assert shop.run(*both).counts["orders"].new == 2


def test_an_empty_table_may_be_allowed(shop: Shop) -> None:
    shop.write("o.csv", ORDERS)
    shop.run({"path": "o.csv"})
    shop.write("o.csv", "Order No,Amount\n")
    report = shop.run({"path": "o.csv", "allow_empty": True})
    assert report.counts["orders"].tombstoned == 2


def test_contracts_exist_for_every_object(shop: Shop) -> None:
    ensure_contracts(shop.landing)
    assert shop.landing.objects() == [
        ("spreadsheet", name) for name in sorted(declared_columns())
    ]
    for name, columns in declared_columns().items():
        part = shop.landing.root / f"spreadsheet/{name}/source=_contract/load=_contract"
        schema = pl.read_parquet_schema(part / "part-0.parquet")
        assert list(schema)[: len(columns)] == list(columns)


def test_inspection_describes_and_lands_nothing(shop: Shop) -> None:
    shop.write("o.csv", "Order No,Amount,Reff\n1,5,x\n")
    said = "\n".join(inspect_source(shop.config({"path": "o.csv"})))
    assert "id = 'Order No', amount = 'Amount'" in said
    assert "1 other columns" in said
    assert not shop.landing.root.exists()


def test_the_command_runs_alone(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.write("o.csv", ORDERS)
    config = shop.write(
        "shop.yml", "name: shop\ntables:\n  - {path: '*.csv', object: orders}\n"
    )
    arguments = ["--config", str(config), "--out", str(shop.landing.root)]
    assert main(arguments) == 0
    assert "orders: LoadCounts(rows_read=2, new=2" in capsys.readouterr().out
    assert main(arguments) == 0
    assert "no file has changed" in capsys.readouterr().out
    (shop.folder / "o.csv").unlink()
    assert main(arguments) == 1
    assert "no file matches" in capsys.readouterr().err
