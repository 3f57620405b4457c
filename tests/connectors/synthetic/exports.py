"""Reads the generated files with other tools than the ones that wrote them."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import yaml
from python_calamine import CalamineWorkbook

csv.field_size_limit(10_000_000)
Row = dict[str, str]


def read_csv(
    raw: bytes, encoding: str = "utf-8-sig", delimiter: str = ","
) -> list[Row]:
    text = io.StringIO(raw.decode(encoding), newline="")
    return list(csv.DictReader(text, delimiter=delimiter))


def read_sheet(path: Path, sheet: str, header_row: int = 0) -> list[dict[str, object]]:
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_name(sheet).to_python()
    header = [str(cell) for cell in rows[header_row]]
    return [dict(zip(header, row, strict=True)) for row in rows[header_row + 1 :]]


@dataclass(frozen=True)
class Crm:
    """One generated CRM, read back."""

    out: Path
    salesforce: dict[str, list[Row]]
    hubspot: dict[str, list[Row]]
    attendees: list[dict[str, object]]
    partners: list[Row]
    orders: list[Row]
    invoices: list[dict[str, object]]
    subscriptions: list[dict[str, object]]
    tables: list[dict[str, object]]
    truth: dict[str, pl.DataFrame]
    ceiling: dict[str, dict[str, float]]

    def by_id(self, name: str) -> dict[str, Row]:
        return {row["Id"]: row for row in self.salesforce[name]}

    def person_of(self) -> dict[str, str]:
        return dict(self.truth["truth_contacts"].iter_rows())

    def company_of(self) -> dict[str, str]:
        return dict(self.truth["truth_accounts"].iter_rows())


def read_salesforce(folder: Path) -> dict[str, list[Row]]:
    objects: dict[str, dict[str, Row]] = {}
    for path in sorted(folder.glob("WE_*.ZIP")):
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                rows = objects.setdefault(member.removesuffix(".csv"), {})
                for row in read_csv(archive.read(member)):
                    rows[row["Id"]] = row
    return {name: list(rows.values()) for name, rows in objects.items()}


def read_crm(out: Path) -> Crm:
    sheets = out / "spreadsheets"
    hubspot = {
        name: read_csv(next((out / "hubspot").glob(f"*-{name}-*.csv")).read_bytes())
        for name in ("contacts", "deals", "tickets")
    }
    companies = next((out / "hubspot").glob("*.xlsx"))
    hubspot["companies"] = [
        {key: "" if value == "" else str(value) for key, value in row.items()}
        for row in read_sheet(companies, "companies")
    ]
    attendees = [
        row
        for title in ("Attendees 2024", "Attendees 2025")
        for row in read_sheet(sheets / "event_attendees.xlsx", title, 3)
        if row["Badge no"] != "Total"
    ]
    return Crm(
        out=out,
        salesforce=read_salesforce(out / "salesforce"),
        hubspot=hubspot,
        attendees=attendees,
        partners=read_csv((sheets / "partner_list.csv").read_bytes(), "cp1252", ";"),
        orders=read_csv((sheets / "orders.csv").read_bytes()),
        invoices=read_sheet(sheets / "invoices.xlsx", "Invoices"),
        subscriptions=read_sheet(sheets / "subscriptions.xlsx", "Subscriptions"),
        tables=yaml.safe_load((sheets / "tables.yml").read_text("utf-8"))["tables"],
        truth={
            path.stem: pl.read_parquet(path)
            for path in sorted((out / "truth").glob("*.parquet"))
        },
        ceiling=json.loads((out / "truth" / "ceiling.json").read_text("utf-8")),
    )
