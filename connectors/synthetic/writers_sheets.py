"""The spreadsheets: attendees, partners, orders, invoices, subscriptions.

Belongs here: the sheets' layouts (titles, totals, German headers, encodings) and the
`tables.yml` that maps their columns. What was bought is decided in `revenue`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from connectors.synthetic.columns import digits, join, patch, texts
from connectors.synthetic.contact_records import ContactRecords
from connectors.synthetic.dirt import Column, Kind
from connectors.synthetic.export_files import CsvSpool, SheetSpool, write_workbook
from connectors.synthetic.money import plain_amount
from connectors.synthetic.revenue import (
    PLAN_NAMES,
    Buyers,
    Lines,
    Subscriptions,
    full_name_column,
)
from connectors.synthetic.rng import IntArray
from connectors.synthetic.truth import TruthLog, implied_keys
from connectors.synthetic.vocabulary import plain_form
from connectors.synthetic.world import DAY, Chunk, timestamps
from connectors.synthetic.writers_salesforce import note_contacts

_PERIODS = ("month", "quarter", "year")
_ATTENDEE_SHEETS = ("Attendees 2024", "Attendees 2025")


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

    def close(self, as_of: date) -> list[Path]:
        """Write the workbooks and tables.yml."""
        books = {
            "event_attendees.xlsx": _ATTENDEE_SHEETS,
            "invoices.xlsx": ("Invoices",),
            "subscriptions.xlsx": ("Subscriptions",),
        }
        for title in _ATTENDEE_SHEETS:
            sheet = self._sheets[title]
            sheet.append_note(["Total", str(sheet.rows)])
        written = [self.folder / "partner_list.csv", self.folder / "orders.csv"]
        for book, titles in books.items():
            sheets = [self._sheets[title] for title in titles]
            for sheet in sheets:
                sheet.close()
            write_workbook(self.folder / book, sheets, as_of)
            written.append(self.folder / book)
        tables = self.folder / "tables.yml"
        tables.write_text(
            yaml.safe_dump(
                {"tables": table_mappings()}, sort_keys=False, allow_unicode=True
            ),
            encoding="utf-8",
        )
        return [*written, tables]


ATTENDEE_COLUMNS = {
    "id": "Badge no",
    "full_name": "Name",
    "email": "E-Mail",
    "company": "Company",
    "job_title": "Job title",
    "phone": "Phone",
    "country": "Country",
    "created_at": "Registered on",
}
PARTNER_COLUMNS = {
    "id": "Partner-Nr",
    "company": "Firma",
    "first_name": "Vorname",
    "last_name": "Nachname",
    "job_title": "Position",
    "email": "E-Mail",
    "phone": "Telefon",
    "mobile_phone": "Mobil",
    "street": "Straße",
    "postal_code": "PLZ",
    "city": "Ort",
    "country": "Land",
    "created_at": "Angelegt am",
}
ORDER_COLUMNS = {
    "id": "Line ID",
    "order_date": "Order date",
    "type": "Kind",
    "company": "Company",
    "domain": "Shop domain",
    "full_name": "Customer",
    "email": "E-mail",
    "phone": "Phone",
    "country": "Country",
    "amount": "Gross amount",
    "currency": "Currency",
    "tax": "VAT",
    "status": "Status",
    "product": "Item",
    "quantity": "Qty",
    "related_id": "Refund of",
}
INVOICE_COLUMNS = {
    "id": "Invoice no.",
    "invoice_date": "Date",
    "due_date": "Due",
    "paid_date": "Paid on",
    "type": "Document",
    "company": "Customer",
    "domain": "Customer domain",
    "full_name": "Attention",
    "email": "Billing e-mail",
    "country": "Country",
    "amount": "Net amount",
    "currency": "Cur",
    "tax": "Tax",
    "status": "Status",
    "product": "Service",
    "period_start": "From",
    "period_end": "To",
    "related_id": "Corrects",
}
SUBSCRIPTION_COLUMNS = {
    "id": "Subscription",
    "company": "Account",
    "domain": "Domain",
    "full_name": "Contact",
    "email": "Contact e-mail",
    "country": "Country",
    "product": "Product",
    "plan": "Plan",
    "amount": "Fee",
    "currency": "Currency",
    "billing_period": "Billed every",
    "start_date": "Start",
    "end_date": "End",
    "cancelled_at": "Cancelled on",
    "status": "Status",
    "cancel_reason": "Reason",
}


def table_mappings() -> list[dict[str, Any]]:
    """Return the `tables` that a user would write into tidycrm.yml for these files."""

    def table(
        path: str, kind: str, columns: dict[str, str], **options: object
    ) -> dict[str, Any]:
        return {
            "path": f"spreadsheets/{path}",
            "object": kind,
            **options,
            "columns": dict(columns),
        }

    return [
        *(
            table("event_attendees.xlsx", "contacts", ATTENDEE_COLUMNS, sheet=title)
            for title in _ATTENDEE_SHEETS
        ),
        table(
            "partner_list.csv",
            "contacts",
            PARTNER_COLUMNS,
            date_order="dmy",
            decimal_separator=",",
        ),
        table(
            "orders.csv",
            "orders",
            ORDER_COLUMNS,
            date_order="dmy",
            decimal_separator=".",
            amount_includes_tax=True,
        ),
        table(
            "invoices.xlsx",
            "invoices",
            INVOICE_COLUMNS,
            sheet="Invoices",
            amount_includes_tax=False,
        ),
        table(
            "subscriptions.xlsx",
            "subscriptions",
            SUBSCRIPTION_COLUMNS,
            sheet="Subscriptions",
        ),
    ]


def _days(values: IntArray) -> pl.Series:
    """Return typed dates; negative days become null."""
    days = pl.Series(values).cast(pl.Int32).cast(pl.Date)
    return days.zip_with(pl.Series(values >= 0), pl.Series([None], dtype=pl.Date))


def _named(columns: dict[str, str], values: dict[str, pl.Series]) -> pl.DataFrame:
    return pl.DataFrame({columns[key]: series for key, series in values.items()})


def _typed_money(cents: IntArray) -> pl.Series:
    return pl.Series(cents / 100.0)


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
    frame = _named(
        ATTENDEE_COLUMNS,
        {
            "id": ids,
            "full_name": columns["full_name"].value,
            "email": columns["email"].value,
            "company": columns["company_name"].value,
            "job_title": columns["job_title"].value,
            "phone": columns["phone"].value,
            "country": columns["country"].value,
            "created_at": _days(records.created // DAY),
        },
    )
    for index, title in enumerate(_ATTENDEE_SHEETS):
        preamble = (
            (f"Customer Day {2024 + index}: list of attendees",),
            ("Exported by", "Event team"),
            ("",),
        )
        sheet = export.sheet(title, preamble, merge=len(ATTENDEE_COLUMNS))
        sheet.append(frame.filter(pl.Series(year == index)))
    keys = "shop:contacts:" + ids
    fields = ("full_name", "email", "phone", "company_name", "country")
    note_contacts(truth, chunk, records, keys, fields, "att")
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
    frame = _named(
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
    note_contacts(truth, chunk, records, "shop:contacts:" + ids, fields, "par")


def _note_buyers(
    truth: TruthLog,
    buyers: Buyers,
    rows: IntArray,
    company: pl.Series,
) -> None:
    at = pl.Series(rows)
    buyer, firm = implied_keys(
        buyers.columns["email"].value.gather(at),
        buyers.full_name.value.gather(at),
        company,
        buyers.domain.gather(at),
    )
    truth.add_implied("buyers", buyer, buyers.label.gather(at))
    truth.add_implied("buyer_companies", firm, buyers.payer.gather(at))


def note_revenue(
    truth: TruthLog, stream: str, payer: pl.Series, currency: pl.Series, net: IntArray
) -> None:
    """Add up the expected revenue per true customer and currency."""
    sums = (
        pl.DataFrame({"payer": payer, "currency": currency, "net": net})
        .group_by("payer", "currency")
        .agg(pl.col("net").sum(), pl.len().alias("rows"))
        .sort("payer", "currency")
    )
    size = len(sums)
    company = sums["payer"].str.starts_with("c")
    kind = texts(["person", "company"]).gather(company.cast(pl.Int64))
    truth.add(
        "truth_revenue",
        stream=texts([stream]).new_from_index(0, size),
        entity_type=kind,
        entity_id=sums["payer"],
        currency=sums["currency"],
        net_amount=plain_amount(sums["net"].to_numpy()).cast(pl.Decimal(18, 2)),
        record_count=sums["rows"].cast(pl.Int64),
    )


def write_orders(
    export: SheetsExport, chunk: Chunk, buyers: Buyers, lines: Lines, truth: TruthLog
) -> None:
    """Write order lines, refunds as negative lines of type refund or order."""
    rng = chunk.rng("sheet-orders")
    orders = export.number("orders", int(lines.order.max(initial=-1)) + 1)
    at = pl.Series(lines.buyer)
    sales = np.flatnonzero(lines.related < 0)
    first = np.searchsorted(lines.order[sales], lines.order, "left")
    place = np.arange(len(lines)) - first + 1
    place = np.where(lines.related >= 0, place[lines.related], place)
    ids = join("SO-", digits(orders[lines.order], 7), "-", digits(place, 1))
    refund = lines.related >= 0
    related = ids.zip_with(pl.Series(refund), texts([None]))
    ids = patch(ids, np.flatnonzero(refund), join(ids.filter(pl.Series(refund)), "-R"))
    kind = texts(["order", "refund"]).gather(
        pl.Series((refund & (rng.random(len(lines)) < 0.7)).astype(np.int64))
    )
    company = buyers.columns["company_name"].value.gather(at)
    varied = pl.Series(rng.random(len(lines)) >= 0.05)
    company = company.zip_with(varied, buyers.other_company.gather(at))
    frame = _named(
        ORDER_COLUMNS,
        {
            "id": ids,
            "order_date": timestamps(lines.day * DAY, "%d/%m/%Y"),
            "type": kind,
            "company": company,
            "domain": buyers.domain.gather(at),
            "full_name": buyers.full_name.value.gather(at),
            "email": buyers.columns["email"].value.gather(at),
            "phone": buyers.columns["phone"].value.gather(at),
            "country": buyers.columns["country"].value.gather(at),
            "amount": plain_amount(lines.amount),
            "currency": buyers.currency.gather(at),
            "tax": plain_amount(lines.tax),
            "status": lines.status,
            "product": texts(chunk.world.vocabulary.people["goods"]).gather(
                pl.Series(lines.product)
            ),
            "quantity": pl.Series(lines.quantity).cast(pl.String),
            "related_id": related,
        },
    )
    order = pl.Series(np.lexsort((lines.order, lines.day)))
    export.csv("orders.csv").append(frame[order])
    _note_buyers(truth, buyers, lines.buyer, company)
    net = np.where(lines.counts, lines.amount - lines.tax, 0)
    payer = buyers.payer.gather(at)
    note_revenue(truth, "orders", payer, buyers.currency.gather(at), net)


def write_invoices(
    export: SheetsExport, chunk: Chunk, buyers: Buyers, lines: Lines, truth: TruthLog
) -> None:
    """Write invoices and credit notes, typed dates and numbers."""
    rng = chunk.rng("sheet-invoices")
    at, credit = pl.Series(lines.buyer), lines.related >= 0
    number = digits(export.number("invoices", len(lines)), 6)
    ids = join(
        texts(["INV-", "CN-"]).gather(pl.Series(credit.astype(np.int64))), number
    )
    paid = (lines.status == "paid").to_numpy()
    today = chunk.world.clock.end // DAY - 1
    paid_on = np.minimum(lines.day + rng.integers(3, 45, len(lines)), today)
    company = buyers.columns["company_name"].value.gather(at)
    services = ["Managed service", "Support retainer", "Licence rental"]
    frame = _named(
        INVOICE_COLUMNS,
        {
            "id": ids,
            "invoice_date": _days(lines.day),
            "due_date": _days(np.where(credit, -1, lines.day + 30)),
            "paid_date": _days(np.where(paid & ~credit, paid_on, -1)),
            "type": texts(["Invoice", "Credit note"]).gather(
                pl.Series(credit.astype(np.int64))
            ),
            "company": company,
            "domain": buyers.domain.gather(at),
            "full_name": buyers.full_name.value.gather(at),
            "email": buyers.columns["email"].value.gather(at),
            "country": buyers.columns["country"].value.gather(at),
            "amount": _typed_money(lines.amount),
            "currency": buyers.currency.gather(at),
            "tax": _typed_money(lines.tax),
            "status": lines.status,
            "product": texts(services).gather(pl.Series(lines.product)),
            "period_start": _days(lines.period_start),
            "period_end": _days(lines.period_end),
            "related_id": ids.gather(pl.Series(np.maximum(lines.related, 0))).zip_with(
                pl.Series(credit), texts([None])
            ),
        },
    )
    export.sheet("Invoices").append(frame)
    _note_buyers(truth, buyers, lines.buyer, company)
    net = np.where(lines.counts, lines.amount, 0)
    payer = buyers.payer.gather(at)
    note_revenue(truth, "invoices", payer, buyers.currency.gather(at), net)


def write_subscriptions(
    export: SheetsExport,
    chunk: Chunk,
    buyers: Buyers,
    rows: Subscriptions,
    truth: TruthLog,
) -> None:
    """Write subscriptions: one row per plan and customer between changes."""
    at = pl.Series(rows.buyer)
    ids = join("SUB-", digits(export.number("subscriptions", len(rows)), 6))
    company = buyers.columns["company_name"].value.gather(at)
    today = chunk.world.clock.end // DAY
    over = (rows.end >= 0) & (rows.end <= today)
    state = np.where(over, np.where(rows.cancelled >= 0, 2, 1), 0)
    frame = _named(
        SUBSCRIPTION_COLUMNS,
        {
            "id": ids,
            "company": company,
            "domain": buyers.domain.gather(at),
            "full_name": buyers.full_name.value.gather(at),
            "email": buyers.columns["email"].value.gather(at),
            "country": buyers.columns["country"].value.gather(at),
            "product": texts(["Cloud Suite"]).new_from_index(0, len(rows)),
            "plan": texts(list(PLAN_NAMES)).gather(pl.Series(rows.plan)),
            "amount": _typed_money(rows.amount),
            "currency": buyers.currency.gather(at),
            "billing_period": texts(list(_PERIODS)).gather(pl.Series(rows.period)),
            "start_date": _days(rows.start),
            "end_date": _days(rows.end),
            "cancelled_at": _days(rows.cancelled),
            "status": texts(["active", "changed", "ended"]).gather(pl.Series(state)),
            "cancel_reason": rows.reason,
        },
    )
    export.sheet("Subscriptions").append(frame)
    _note_buyers(truth, buyers, rows.buyer, company)
    payer = buyers.payer.gather(at)
    note_revenue(
        truth,
        "subscriptions",
        payer,
        buyers.currency.gather(at),
        rows.amount * rows.billed,
    )
