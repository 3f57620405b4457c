"""The sheets that hold money: orders, invoices, subscriptions.

Belongs here: their rows and the truth about them: which person and company each row
implies, and what revenue to expect. What was bought is decided in `revenue`.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from connectors.synthetic.columns import digits, join, patch, texts
from connectors.synthetic.customers import Buyers
from connectors.synthetic.money import plain_amount
from connectors.synthetic.revenue import PLAN_NAMES, Lines, Subscriptions
from connectors.synthetic.rng import IntArray
from connectors.synthetic.sheet_layouts import (
    INVOICE_COLUMNS,
    ORDER_COLUMNS,
    SUBSCRIPTION_COLUMNS,
    typed_days,
    typed_money,
    under_headers,
)
from connectors.synthetic.truth import TruthLog, implied_keys, note_revenue
from connectors.synthetic.world import DAY, Chunk, timestamps
from connectors.synthetic.writers_sheets import SheetsExport

_PERIODS = ("month", "quarter", "year")


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


def write_orders(
    export: SheetsExport, chunk: Chunk, buyers: Buyers, lines: Lines, truth: TruthLog
) -> None:
    """Write order lines, refunds as negative lines of type refund or order."""
    rng = chunk.rng("sheet-orders")
    orders = export.number("orders", int(lines.order.max(initial=-1)) + 1)
    export.number("order_lines", len(lines))
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
    frame = under_headers(
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
    frame = under_headers(
        INVOICE_COLUMNS,
        {
            "id": ids,
            "invoice_date": typed_days(lines.day),
            "due_date": typed_days(np.where(credit, -1, lines.day + 30)),
            "paid_date": typed_days(np.where(paid & ~credit, paid_on, -1)),
            "type": texts(["Invoice", "Credit note"]).gather(
                pl.Series(credit.astype(np.int64))
            ),
            "company": company,
            "domain": buyers.domain.gather(at),
            "full_name": buyers.full_name.value.gather(at),
            "email": buyers.columns["email"].value.gather(at),
            "country": buyers.columns["country"].value.gather(at),
            "amount": typed_money(lines.amount),
            "currency": buyers.currency.gather(at),
            "tax": typed_money(lines.tax),
            "status": lines.status,
            "product": texts(services).gather(pl.Series(lines.product)),
            "period_start": typed_days(lines.period_start),
            "period_end": typed_days(lines.period_end),
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
    frame = under_headers(
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
            "amount": typed_money(rows.amount),
            "currency": buyers.currency.gather(at),
            "billing_period": texts(list(_PERIODS)).gather(pl.Series(rows.period)),
            "start_date": typed_days(rows.start),
            "end_date": typed_days(rows.end),
            "cancelled_at": typed_days(rows.cancelled),
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
