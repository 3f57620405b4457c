"""The spreadsheet files, and their lists of people: attendees and partners.

Belongs here: opening and closing the five files; title rows, totals and encodings.
Orders, invoices and subscriptions are written by the sibling module.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import yaml

from connectors.synthetic.columns import digits, texts
from connectors.synthetic.contact_records import ContactRecords
from connectors.synthetic.customers import full_name_column
from connectors.synthetic.dirt import Column, Kind
from connectors.synthetic.export_files import CsvSpool
from connectors.synthetic.rng import IntArray
from connectors.synthetic.sheet_layouts import (
    ATTENDEE_COLUMNS,
    ATTENDEE_SHEETS,
    PARTNER_COLUMNS,
    table_mappings,
    typed_days,
    under_headers,
)
from connectors.synthetic.truth import TruthLog
from connectors.synthetic.vocabulary import plain_form
from connectors.synthetic.workbooks import SheetSpool, write_workbook
from connectors.synthetic.world import DAY, Chunk, timestamps
from connectors.synthetic.writers_salesforce import note_contacts


@dataclass(slots=True)
class SheetsExport:
    """Spools the five files; counts give every row its own number."""

    folder: Path
    spool: Path
    counts: dict[str, int] = field(default_factory=dict)
    _sheets: dict[str, SheetSpool] = field(default_factory=dict)

    def number(self, name: str, size: int) -> IntArray:
        """Return running numbers for some rows."""
        start = self.counts.get(name, 0)
        self.counts[name] = start + size
        return np.arange(start + 1, start + size + 1)

    def sheet(
        self, title: str, preamble: tuple[tuple[str, ...], ...] = (), merge: int = 0
    ) -> SheetSpool:
        """Return the sheet of that title, opened at first use."""
        if title not in self._sheets:
            path = self.spool / f"sheet-{title.replace(' ', '-').lower()}.xml"
            self._sheets[title] = SheetSpool(title, path, preamble, merge)
        return self._sheets[title]

    def csv(self, name: str) -> CsvSpool:
        """Return the spool of one CSV file."""
        if name == "partner_list.csv":
            return CsvSpool(self.folder / name, separator=";", encoding="cp1252")
        return CsvSpool(self.folder / name, encoding="utf-8-sig")

    def close(self, as_of: date) -> list[Callable[[], Path]]:
        """Write tables.yml; return the making of each workbook."""
        books = {
            "event_attendees.xlsx": ATTENDEE_SHEETS,
            "invoices.xlsx": ("Invoices",),
            "subscriptions.xlsx": ("Subscriptions",),
        }
        for title in ATTENDEE_SHEETS:
            sheet = self._sheets[title]
            sheet.append_note(["Total", str(sheet.rows)])
        packing: list[Callable[[], Path]] = []
        for book, titles in books.items():
            sheets = [self._sheets[title] for title in titles]
            for sheet in sheets:
                sheet.close()
            packing.append(partial(write_workbook, self.folder / book, sheets, as_of))
        mapping = {"tables": table_mappings()}
        (self.folder / "tables.yml").write_text(
            yaml.safe_dump(mapping, sort_keys=False, allow_unicode=True),
            encoding="utf-8",
        )
        return packing


def write_attendees(
    export: SheetsExport, chunk: Chunk, records: ContactRecords, truth: TruthLog
) -> pl.Series:
    """Write both attendee sheets; returns the truth keys of the rows."""
    rng, columns = chunk.rng("sheet-attendee"), records.columns
    columns["full_name"] = full_name_column(
        rng, columns["first_name"], columns["last_name"], 0.12
    )
    year = rng.integers(0, 2, len(records))
    badge = digits(export.number("attendees", len(records)), 6)
    ids = texts(["A24-", "A25-"]).gather(pl.Series(year)) + badge
    frame = under_headers(
        ATTENDEE_COLUMNS,
        {
            "id": ids,
            "full_name": columns["full_name"].value,
            "email": columns["email"].value,
            "company": columns["company_name"].value,
            "job_title": columns["job_title"].value,
            "phone": columns["phone"].value,
            "country": columns["country"].value,
            "created_at": typed_days(records.created // DAY),
        },
    )
    for index, title in enumerate(ATTENDEE_SHEETS):
        preamble = (
            (f"Customer Day {2024 + index}: list of attendees",),
            ("Exported by", "Event team"),
            ("",),
        )
        sheet = export.sheet(title, preamble, merge=len(ATTENDEE_COLUMNS))
        sheet.append(frame.filter(pl.Series(year == index)))
    keys = "shop:contacts:" + ids
    fields = ("full_name", "email", "phone", "company_name", "country")
    note_contacts(truth, chunk, records, keys=keys, fields=fields, prefix="att")
    return keys


def _to_cp1252(column: Column) -> None:
    """Replace what the encoding cannot hold by its plain form."""
    unique = column.value.unique(maintain_order=True).drop_nulls().to_list()
    wrong = [v for v in unique if v.encode("cp1252", "ignore").decode("cp1252") != v]
    if wrong:
        plain = [plain_form(v) for v in wrong]
        mask = column.value.is_in(wrong).fill_null(value=False).to_numpy()
        column.put(mask, Kind.DIACRITICS_LOST, lambda s: s.replace(wrong, plain))


def write_partners(
    export: SheetsExport, chunk: Chunk, records: ContactRecords, truth: TruthLog
) -> None:
    """Write the partner list of a German office."""
    columns = records.columns
    for column in columns.values():
        _to_cp1252(column)
    value = {name: column.value for name, column in columns.items()}
    ids = "P-" + digits(export.number("partners", len(records)), 6)
    frame = under_headers(
        PARTNER_COLUMNS,
        {
            "id": ids,
            "company": value["company_name"],
            **{
                name: value[name]
                for name in PARTNER_COLUMNS
                if name not in {"id", "company", "created_at"}
            },
            "created_at": timestamps(records.created, "%d.%m.%Y"),
        },
    )
    export.csv("partner_list.csv").append(frame)
    fields = (
        "first_name", "last_name", "email", "phone", "mobile_phone", "street", "city",
        "company_name", "country",
    )  # fmt: skip
    note_contacts(
        truth,
        chunk,
        records,
        keys="shop:contacts:" + ids,
        fields=fields,
        prefix="par",
    )
