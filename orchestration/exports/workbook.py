"""The XLSX report: one sheet per table, ready to filter and pivot, and a list of them.

Belongs here: how tables look in a workbook. Does not belong here: which rows and tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import duckdb
import xlsxwriter

from orchestration.errors import ExportError
from orchestration.exports.source import Column, Table

MOST_ROWS: Final = 1_048_575
"""Rows of a sheet below its header; a fixed limit of the format."""
_BATCH: Final = 10_000
_SHEET_NAME: Final = 31  # characters that the format allows
_EXACT: Final = 10**15  # larger numbers lose digits in a spreadsheet
_FORMATS: Final[Mapping[str, str]] = {
    "money": "#,##0.00", "rate": "0.0%", "count": "#,##0", "number": "#,##0.00",
    "date": "yyyy-mm-dd", "instant": "yyyy-mm-dd hh:mm",
}  # fmt: skip


def write_workbook(
    connection: duckdb.DuckDBPyConnection,
    described: Sequence[tuple[Table, str]],
    file: Path,
    *,
    rows: Mapping[str, int],
) -> None:
    """Write tables as sheets of one workbook.

    Texts are written as texts, so that none is run as a formula or turned into a link.

    Args:
        connection: The published file.
        described: Tables with their rows that leave.
        file: The file to write.
        rows: Rows per table that will be written.

    Raises:
        ExportError: A table has more rows than a sheet can hold.
    """
    if long := [name for name, count in rows.items() if count > MOST_ROWS]:
        raise ExportError(
            f"Exporting to XLSX: {', '.join(long)} has more than {MOST_ROWS:,} rows, and "
            "a sheet cannot hold them. Export Parquet or CSV, or name smaller tables "
            "with --table."
        )
    options = {
        "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False, "nan_inf_to_errors": True, "constant_memory": True,
        "default_date_format": _FORMATS["date"],
    }  # fmt: skip
    with xlsxwriter.Workbook(str(file), options) as book:
        styles = {
            name: book.add_format({"num_format": text})
            for name, text in _FORMATS.items()
        }
        styles["head"] = book.add_format(
            {"bold": True, "bg_color": "#DDEFEC", "border": 1, "text_wrap": True,
             "valign": "top"}
        )  # fmt: skip
        styles["title"] = book.add_format({"bold": True, "font_size": 16})
        styles["link"] = book.add_format({"font_color": "#0F766E", "underline": 1})
        styles["wrap"] = book.add_format({"text_wrap": True, "valign": "top"})
        names = _sheet_names([table.name for table, _ in described])
        _write_contents(connection, book, described, names, rows=rows, styles=styles)
        for table, relation in described:
            _write_table(
                connection,
                book.add_worksheet(names[table.name]),
                table,
                relation,
                rows=rows[table.name],
                styles=styles,
            )
        _write_columns(book.add_worksheet("columns"), described, styles)


def _sheet_names(tables: Sequence[str]) -> dict[str, str]:
    """Names that the format allows, each once."""
    taken: dict[str, str] = {}
    for table in tables:
        name, number = table[:_SHEET_NAME], 2
        while name.lower() in {other.lower() for other in taken.values()} | {
            "contents", "columns",
        }:  # fmt: skip
            name = f"{table[: _SHEET_NAME - 3]}_{number}"
            number += 1
        taken[table] = name
    return taken


def _write_contents(
    connection: duckdb.DuckDBPyConnection,
    book: Any,
    described: Sequence[tuple[Table, str]],
    names: Mapping[str, str],
    *,
    rows: Mapping[str, int],
    styles: Mapping[str, Any],
) -> None:
    sheet = book.add_worksheet("contents")
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 10)
    sheet.set_column(2, 2, 110)
    as_of, published, run_id = connection.execute(
        "select any_value(as_of_date)::varchar, any_value(published_at)::varchar, "
        "any_value(run_id) from publication"
    ).fetchall()[0]
    sheet.write_string(0, 0, "Customer warehouse", styles["title"])
    sheet.write_string(
        1, 0, f"as of {as_of}, published {published} UTC, run {str(run_id)[:8]}"
    )
    for place, head in enumerate(("Sheet", "Rows", "One row per")):
        sheet.write_string(3, place, head, styles["head"])
    for line, (table, _) in enumerate(described, start=4):
        sheet.write_url(
            line, 0, f"internal:'{names[table.name]}'!A1", styles["link"], table.name
        )
        sheet.write_number(line, 1, rows[table.name], styles["count"])
        sheet.write_string(line, 2, table.comment, styles["wrap"])
    sheet.freeze_panes(4, 0)


def _write_table(
    connection: duckdb.DuckDBPyConnection,
    sheet: Any,
    table: Table,
    relation: str,
    *,
    rows: int,
    styles: Mapping[str, Any],
) -> None:
    columns = list(table.columns.values())
    looks = [styles.get(_look(column)) for column in columns]
    for place, column in enumerate(columns):
        sheet.set_column(place, place, _width(column), looks[place])
    for place, column in enumerate(columns):
        sheet.write_string(0, place, column.name, styles["head"])
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(rows, 1), len(columns) - 1)
    cursor = connection.cursor()
    cursor.execute(f"select * from {relation}")
    line = 0
    while batch := cursor.fetchmany(_BATCH):
        for row in batch:
            line += 1
            for place, value in enumerate(row):
                _write_cell(sheet, line, place, value, looks[place])


def _write_cell(sheet: Any, line: int, place: int, value: Any, look: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(line, place, value)
    elif isinstance(value, int | float | Decimal) and abs(float(value)) < _EXACT:
        sheet.write_number(line, place, float(value), look)
    elif isinstance(value, datetime):
        sheet.write_datetime(line, place, value.replace(tzinfo=None), look)
    elif isinstance(value, date):
        sheet.write_datetime(line, place, value, look)
    else:
        sheet.write_string(line, place, str(value))


def _write_columns(
    sheet: Any, described: Sequence[tuple[Table, str]], styles: Mapping[str, Any]
) -> None:
    for place, (head, width) in enumerate(
        (("Table", 26), ("Column", 34), ("Type", 16), ("Meaning", 110))
    ):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, head, styles["head"])
    line = 0
    for table, _ in described:
        for column in table.columns.values():
            line += 1
            for place, text in enumerate(
                (table.name, column.name, column.type.lower(), column.comment)
            ):
                sheet.write_string(line, place, text)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(line, 1), 3)


def _look(column: Column) -> str:
    if column.type == "DATE":
        return "date"
    if column.type.startswith("TIMESTAMP"):
        return "instant"
    if column.name.endswith(("_rate", "_probability")):
        return "rate"
    if column.type.startswith("DECIMAL") and column.type.endswith(",2)"):
        return "money"
    if column.type in {"BIGINT", "INTEGER", "HUGEINT"}:
        return "count"
    if column.type.startswith("DECIMAL") or column.type in {"DOUBLE", "FLOAT"}:
        return "number"
    return ""


def _width(column: Column) -> int:
    if column.name.endswith("_id"):
        return 14
    if column.name.endswith(("_reasons", "_action", "_name", "description")):
        return 30
    return min(max(len(column.name) // 2 + 6, 12), 24)
