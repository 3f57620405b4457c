"""The spreadsheets have the mess they promise, and their money adds up."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from itertools import pairwise

import polars as pl
from python_calamine import CalamineWorkbook

from tests.connectors.synthetic.exports import Crm

Totals = dict[str, Decimal]
AS_OF = date(2026, 1, 15)


def truth_by_currency(crm: Crm, stream: str) -> Totals:
    revenue = crm.truth["truth_revenue"].filter(pl.col("stream") == stream)
    sums = revenue.group_by("currency").agg(pl.col("net_amount").sum())
    return {code: amount for code, amount in sums.iter_rows() if amount}


def test_attendees_have_title_blank_row_and_totals(crm: Crm) -> None:
    book = CalamineWorkbook.from_path(
        str(crm.out / "spreadsheets" / "event_attendees.xlsx")
    )
    assert book.sheet_names == ["Attendees 2024", "Attendees 2025"]
    sheet = book.get_sheet_by_name("Attendees 2024")
    rows = sheet.to_python(skip_empty_area=False)
    assert rows[0][0] == "Customer Day 2024: list of attendees"
    assert set(rows[0][1:]) == {""}
    assert set(rows[2]) == {""}
    assert rows[3][0] == "Badge no"
    assert rows[-1][:2] == ["Total", str(len(rows) - 5)]
    assert sheet.merged_cell_ranges == [((0, 0), (0, 7))]
    assert isinstance(rows[4][7], date)


def test_partner_list_is_german_semicolon_cp1252(crm: Crm) -> None:
    raw = (crm.out / "spreadsheets" / "partner_list.csv").read_bytes()
    header = raw.split(b"\r\n")[0].decode("cp1252").split(";")
    assert header[8] == "Straße"
    assert b"Stra\xdfe" in raw
    assert all(None not in row and None not in row.values() for row in crm.partners)
    assert all(row["Angelegt am"][2] == "." for row in crm.partners)


def test_mapping_names_headers_that_exist(crm: Crm) -> None:
    headers = {
        "event_attendees.xlsx": set(crm.attendees[0]),
        "partner_list.csv": set(crm.partners[0]),
        "orders.csv": set(crm.orders[0]),
        "invoices.xlsx": set(crm.invoices[0]),
        "subscriptions.xlsx": set(crm.subscriptions[0]),
    }
    for table in crm.tables:
        name = str(table["path"]).removeprefix("spreadsheets/")
        assert set(table["columns"].values()) <= headers[name]
        assert (crm.out / str(table["path"])).is_file()
    assert {table["object"] for table in crm.tables} == {
        "contacts", "orders", "invoices", "subscriptions",
    }  # fmt: skip


def test_row_numbers_are_unique(crm: Crm) -> None:
    for rows, column in (
        (crm.orders, "Line ID"),
        (crm.invoices, "Invoice no."),
        (crm.subscriptions, "Subscription"),
        ([*crm.attendees], "Badge no"),
        (crm.partners, "Partner-Nr"),
    ):
        ids = [row[column] for row in rows]
        assert len(ids) == len(set(ids)) > 100


def test_refunds_never_exceed_their_line(crm: Crm) -> None:
    lines = {row["Line ID"]: row for row in crm.orders}
    part, whole = 0, 0
    for row in crm.orders:
        amount = Decimal(row["Gross amount"])
        if not row["Refund of"]:
            assert amount > 0
            continue
        assert amount < 0
        sold = lines[row["Refund of"]]
        assert -amount <= Decimal(sold["Gross amount"])
        assert row["Currency"] == sold["Currency"]
        assert row["E-mail"] == sold["E-mail"]
        whole += -amount == Decimal(sold["Gross amount"])
        part += -amount < Decimal(sold["Gross amount"])
    assert part > 10
    assert whole > 30


def test_negative_lines_are_not_always_called_refunds(crm: Crm) -> None:
    kinds = {row["Kind"] for row in crm.orders if row["Gross amount"].startswith("-")}
    assert kinds == {"order", "refund"}


def test_order_revenue_of_the_truth_is_the_sum_of_the_file(crm: Crm) -> None:
    refunded = {row["Refund of"] for row in crm.orders}
    sums: Totals = defaultdict(Decimal)
    for row in crm.orders:
        silent = row["Status"] == "refunded" and row["Line ID"] not in refunded
        if row["Status"] != "cancelled" and not silent:
            sums[row["Currency"]] += Decimal(row["Gross amount"]) - Decimal(row["VAT"])
    assert {k: v for k, v in sums.items() if v} == truth_by_currency(crm, "orders")


def test_invoice_revenue_of_the_truth_is_the_sum_of_the_file(crm: Crm) -> None:
    sums: Totals = defaultdict(Decimal)
    for row in crm.invoices:
        if row["Status"] != "void":
            sums[str(row["Cur"])] += Decimal(str(row["Net amount"]))
    assert {k: v for k, v in sums.items() if v} == truth_by_currency(crm, "invoices")


def _periods_begun(row: dict[str, object]) -> int:
    step = {"month": 1, "quarter": 3, "year": 12}[str(row["Billed every"])]
    start, end = row["Start"], row["End"]
    assert isinstance(start, date)
    last = min(end, AS_OF) if isinstance(end, date) else AS_OF
    count, month = 0, start.year * 12 + start.month - 1
    while True:
        begun = date(month // 12, month % 12 + 1, start.day)
        over = begun >= end if isinstance(end, date) else False
        if begun > last or (over and count):
            return count
        count, month = count + 1, month + step


def test_subscription_revenue_counts_periods_begun(crm: Crm) -> None:
    sums: Totals = defaultdict(Decimal)
    for row in crm.subscriptions:
        sums[str(row["Currency"])] += Decimal(str(row["Fee"])) * _periods_begun(row)
    assert dict(sums) == truth_by_currency(crm, "subscriptions")


def test_customers_churn_upgrade_and_come_back(crm: Crm) -> None:
    by_contact = defaultdict(list)
    for row in crm.subscriptions:
        by_contact[row["Contact e-mail"]].append(row)
    upgraded = returned = churned = 0
    for rows in by_contact.values():
        rows.sort(key=lambda row: str(row["Start"]))
        churned += rows[-1]["Status"] == "ended"
        for before, after in pairwise(rows):
            upgraded += before["End"] == after["Start"]
            returned += str(before["End"]) < str(after["Start"])
    assert min(upgraded, returned, churned) > 5
    for row in crm.subscriptions:
        if row["Cancelled on"] != "":
            assert row["Start"] < row["Cancelled on"] < row["End"]


def test_won_deal_revenue_counts_each_deal_once(crm: Crm) -> None:
    deals = dict(crm.truth["truth_deals"].iter_rows())
    won: dict[str, tuple[str, Decimal]] = {}
    for row in crm.hubspot["deals"]:
        if row["Is Closed Won"] == "true":
            key = deals[f"hubspot:deals:{row['Record ID']}"]
            # An amount that HubSpot lacks is Salesforce's to tell.
            won[key] = (row["Currency"], Decimal(row["Amount"] or "NaN"))
    for row in crm.salesforce["Opportunity"]:
        if row["IsWon"] == "1" and row["IsDeleted"] == "0":
            key = deals[f"salesforce:opportunity:{row['Id']}"]
            won[key] = (row["CurrencyIsoCode"], Decimal(row["Amount"]))
    sums: Totals = defaultdict(Decimal)
    for code, amount in won.values():
        sums[code] += amount
    assert dict(sums) == truth_by_currency(crm, "won_deals")


def test_every_currency_has_a_rate_for_every_month(crm: Crm) -> None:
    rates = pl.read_csv(crm.out / "fx_rates.csv", try_parse_dates=True)
    used = {row["Currency"] for row in crm.orders} | {
        row["CurrencyIsoCode"] for row in crm.salesforce["Opportunity"]
    }
    assert used - {"EUR"} <= set(rates["currency"])
    months = rates.group_by("currency").agg(pl.col("rate_date").n_unique())
    assert set(months["rate_date"]) == {rates["rate_date"].n_unique()}
    assert rates["rate_date"].min() < date(2023, 7, 17)
    assert rates["rate_date"].max() == date(2026, 1, 1)
    assert rates["rate"].min() > 0
