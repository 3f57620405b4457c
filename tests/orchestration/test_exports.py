"""Exports: one way out, the same rows in every form, and no cell that runs."""

from __future__ import annotations

import csv
import datetime as dt
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.errors import ExportError
from orchestration.exports import (
    REPORT_TABLES,
    ExportKind,
    export_tables,
    published_tables,
)

NASTY = ["=1+1", "+49 30 1", "-5", "@x", "\tx", "\rx", "'=1", 'plain, "q"', "ü\nz", ""]


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A published file of two tables, as `publish` writes them."""
    file = tmp_path / "published" / "crm.duckdb"
    file.parent.mkdir()
    with duckdb.connect(str(file)) as made:
        made.execute(
            "create table customer_ltv (customer_id varchar, customer_name varchar, "
            "historic_revenue_reporting decimal(18, 2), win_rate decimal(9, 4), "
            "order_count bigint, is_customer boolean, first_order_date date, "
            "seen_at timestamp, tags varchar[])"
        )
        for number, text in enumerate(NASTY):
            made.execute(
                "insert into customer_ltv values (?, ?, ?, 0.25, ?, ?, ?, ?, ?)",
                [
                    f"ga_{number}", text, Decimal("-12345678901234.56"), number,
                    number % 2 == 0, dt.date(2026, 1, 2), dt.datetime(2026, 1, 2, 3, 4),  # noqa: DTZ001
                    ["=a", "b"],
                ],
            )  # fmt: skip
        made.execute("insert into customer_ltv (customer_id) values ('ga_none')")
        made.execute("comment on table customer_ltv is 'One row per customer.'")
        made.execute("comment on column customer_ltv.customer_name is 'Its name.'")
        made.execute("create table model_runs as select 1 as customer_count")
        made.execute(
            "create table publication as select 'run-1' as run_id, date '2026-01-15' as "
            "as_of_date, timestamp '2026-01-16 05:00' as published_at"
        )
    return file


def test_parquet_keeps_every_row_and_type(published: Path, tmp_path: Path) -> None:
    report = export_tables(published, tmp_path / "out", kind=ExportKind.PARQUET)
    assert [file.name for file in report.files] == [
        "customer_ltv.parquet", "model_runs.parquet", "publication.parquet",
    ]  # fmt: skip
    frame = pl.read_parquet(report.files[0])
    assert frame["customer_name"].to_list() == [*NASTY, None]
    assert frame.schema["historic_revenue_reporting"] == pl.Decimal(18, 2)
    assert report.rows["customer_ltv"] == frame.height == len(NASTY) + 1
    assert report.run_id == "run-1"


def test_no_cell_of_a_csv_starts_a_formula(published: Path, tmp_path: Path) -> None:
    report = export_tables(
        published, tmp_path, kind=ExportKind.CSV, tables=["customer_ltv"]
    )
    with report.files[0].open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["customer_name"] for row in rows] == [
        "'=1+1", "'+49 30 1", "'-5", "'@x", "'\tx", "'\rx", "''=1", "plain, \"q\"",
        "ü\nz", "", "",
    ]  # fmt: skip
    # Numbers are numbers: an apostrophe would make them text.
    assert rows[0]["historic_revenue_reporting"] == "-12345678901234.56"
    assert rows[0]["tags"].startswith("[")


@given(texts=st.lists(st.text(max_size=12), min_size=20, max_size=40))
@settings(max_examples=5, deadline=None)
def test_one_apostrophe_less_gives_the_text_back(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("csv")
    with duckdb.connect(str(folder / "crm.duckdb")) as made:
        made.execute("create table publication as select 'r' as run_id")
        made.execute("create table t as select unnest(?::varchar[]) as a", [texts])
    export_tables(
        folder / "crm.duckdb", folder / "out", kind=ExportKind.CSV, tables=["t"]
    )
    with (folder / "out" / "t.csv").open(encoding="utf-8", newline="") as handle:
        cells = [row[0] if row else "" for row in list(csv.reader(handle))[1:]]
    for text, cell in zip(texts, cells, strict=True):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
        assert text in {cell, cell[1:]}


def test_a_workbook_has_a_sheet_per_table_and_says_what_they_are(
    published: Path, tmp_path: Path
) -> None:
    out = tmp_path / "customers.xlsx"
    report = export_tables(published, out, kind=ExportKind.XLSX)
    assert report.files == (out,)
    book = CalamineWorkbook.from_path(str(out))
    assert book.sheet_names == ["contents", "customer_ltv", "model_runs", "columns"]
    rows = book.get_sheet_by_name("customer_ltv").to_python()
    assert rows[0][:2] == ["customer_id", "customer_name"]
    assert [row[1] for row in rows[1:4]] == ["=1+1", "+49 30 1", "-5"]
    assert rows[1][2] == pytest.approx(-12345678901234.56)
    assert rows[1][6] == dt.date(2026, 1, 2)
    contents = book.get_sheet_by_name("contents").to_python()
    assert any("One row per customer." in map(str, row) for row in contents)
    meaning = book.get_sheet_by_name("columns").to_python()
    assert ["customer_ltv", "customer_name", "varchar", "Its name."] in meaning
    assert set(REPORT_TABLES) >= {"customer_ltv", "model_runs"}


def test_a_workbook_holds_no_formula(published: Path, tmp_path: Path) -> None:
    import zipfile

    out = tmp_path / "customers.xlsx"
    export_tables(published, out, kind=ExportKind.XLSX)
    with zipfile.ZipFile(out) as archive:
        sheets = [
            archive.read(name) for name in archive.namelist() if "sheets/" in name
        ]
    assert sheets
    assert not any(b"<f>" in sheet for sheet in sheets)


def test_a_table_that_is_too_long_for_a_sheet_is_refused_and_not_cut(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.exports.workbook.MOST_ROWS", 3)
    with pytest.raises(ExportError, match="customer_ltv has more than 3 rows"):
        export_tables(published, tmp_path / "a.xlsx", kind=ExportKind.XLSX)
    assert list(tmp_path.glob("*.xlsx")) == []
    assert list(tmp_path.glob(".*")) == []


def test_tableau_reads_the_same_rows_and_types(published: Path, tmp_path: Path) -> None:
    pantab = pytest.importorskip(
        "pantab", reason="the extra `hyper` (pantab) is not installed"
    )
    out = tmp_path / "customers.hyper"
    export_tables(published, out, kind=ExportKind.HYPER)
    table = pantab.frame_from_hyper(out, table="customer_ltv", return_type="pyarrow")
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    assert sorted(frame["customer_name"].drop_nulls()) == sorted(NASTY)
    assert frame["historic_revenue_reporting"].drop_nulls().unique().to_list() == [
        Decimal("-12345678901234.56")
    ]
    assert frame.schema["first_order_date"] == pl.Date
    assert not list(tmp_path.glob("*.log"))


def test_without_its_extra_tableau_says_what_to_install(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pantab", None)
    with pytest.raises(ExportError, match=r"tidycrm\[hyper\]"):
        export_tables(published, tmp_path / "a.hyper", kind=ExportKind.HYPER)


@pytest.mark.parametrize("kind", [ExportKind.PARQUET, ExportKind.CSV, ExportKind.XLSX])
def test_rows_that_may_not_leave_stay_in_every_form(
    published: Path, tmp_path: Path, kind: ExportKind
) -> None:
    def held(table: str, columns: object) -> str | None:
        return "is_customer" if "is_customer" in columns else None  # type: ignore[operator]

    out = tmp_path / ("a.xlsx" if kind is ExportKind.XLSX else "out")
    report = export_tables(published, out, kind=kind, restriction=held)
    assert report.rows["customer_ltv"] == 5
    assert report.held_back == {"customer_ltv": len(NASTY) + 1 - 5}
    text = b"".join(file.read_bytes() for file in report.files)
    assert b"ga_1\n" not in text


def test_unknown_tables_and_missing_files_are_named(
    published: Path, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match="nonsense is not in the published file"):
        export_tables(
            published, tmp_path, kind=ExportKind.CSV, tables=["nonsense", "model_runs"]
        )
    with pytest.raises(ExportError, match="tidycrm sync"):
        export_tables(tmp_path / "no.duckdb", tmp_path, kind=ExportKind.CSV)
    assert published_tables(published)["customer_ltv"] == "One row per customer."


def test_the_command_exports_and_lists(published: Path) -> None:
    home = published.parent.parent
    config = home / "tidycrm.yml"
    config.write_text(
        "version: 1\nsources:\n  - {name: crm, type: salesforce_files, path: .}\n"
    )
    base = ["export", "--home", str(home), "--config", str(config)]
    done = CliRunner().invoke(app, [*base, "--format", "csv", "-t", "customer_ltv"])
    assert done.exit_code == 0, done.output
    assert (home / "exports" / "csv" / "customer_ltv.csv").is_file()
    listed = CliRunner().invoke(app, [*base, "--list"])
    assert "customer_ltv" in listed.output
    failed = CliRunner().invoke(app, [*base, "-t", "nonsense"])
    assert failed.exit_code == 1
