"""The layouts of the sheets, and the mapping a user would write for them.

Belongs here: headers and reading options of the five files. Rows are written elsewhere.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from connectors.synthetic.rng import IntArray

ATTENDEE_SHEETS = ("Attendees 2024", "Attendees 2025")
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
            for title in ATTENDEE_SHEETS
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


def typed_days(values: IntArray) -> pl.Series:
    """Return typed dates; negative days become null."""
    days = pl.Series(values).cast(pl.Int32).cast(pl.Date)
    return days.zip_with(pl.Series(values >= 0), pl.Series([None], dtype=pl.Date))


def under_headers(
    columns: dict[str, str], values: dict[str, pl.Series]
) -> pl.DataFrame:
    """Put columns under the sheet's own headers."""
    return pl.DataFrame({columns[key]: series for key, series in values.items()})


def typed_money(cents: IntArray) -> pl.Series:
    """Return amounts as numbers."""
    return pl.Series(cents / 100.0)
