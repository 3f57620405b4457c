"""Generates the whole synthetic CRM: draws the world, writes exports and the truth.

Belongs here: the order of the steps and the report. Every step lives in a module of
its own.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl

from connectors.synthetic import (
    writers_hubspot,
    writers_salesforce,
    writers_salesforce_activity,
    writers_salesforce_sales,
    writers_sheets,
)
from connectors.synthetic.account_records import make_accounts
from connectors.synthetic.ceiling import (
    CeilingLog,
    buyer_evidence,
    contact_evidence,
)
from connectors.synthetic.contact_records import (
    ContactRecords,
    Membership,
    account_of,
    draw_membership,
    link_by_view,
    make_contacts,
    unique_mail,
)
from connectors.synthetic.deals import WON, Deals, deal_names, make_deals
from connectors.synthetic.errors import SyntheticRequestError
from connectors.synthetic.money import exchange_rates
from connectors.synthetic.revenue import (
    Buyers,
    choose_customers,
    make_buyers,
    make_invoices,
    make_orders,
    make_subscriptions,
    take_buyers,
)
from connectors.synthetic.rng import BoolArray
from connectors.synthetic.salesforce_ids import refer
from connectors.synthetic.settings import DirtProfile, Proportions
from connectors.synthetic.truth import TruthLog, company_labels
from connectors.synthetic.world import Chunk, World, create_world, open_chunk
from connectors.synthetic.writers_salesforce_sales import Opportunities
from connectors.synthetic.writers_sheets import note_revenue

MIN_PEOPLE, MAX_PEOPLE = 1_000, 5_000_000
_OUTPUTS = ("salesforce", "hubspot", "spreadsheets", "truth")


@dataclass(frozen=True, slots=True)
class SyntheticReport:
    """What was written: files, rows per export object, rows per truth file."""

    out: Path
    people: int
    companies: int
    files: tuple[Path, ...]
    rows: Mapping[str, int]
    truth_rows: Mapping[str, int]


@dataclass(slots=True)
class _Exports:
    salesforce: writers_salesforce.SalesforceExport
    hubspot: writers_hubspot.HubspotExport
    sheets: writers_sheets.SheetsExport
    truth: TruthLog
    ceiling: CeilingLog
    users: pl.Series
    campaigns: pl.Series
    rates: pl.DataFrame


def generate(
    out: Path,
    *,
    people: int,
    seed: int,
    as_of: date,
    dirt: DirtProfile | None = None,
    proportions: Proportions | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> SyntheticReport:
    """Write a made-up CRM with known truth into a folder.

    The same arguments give the same bytes. Existing outputs of an earlier call in the
    folder are replaced; other files are left alone.

    Args:
        out: Folder for `salesforce/`, `hubspot/`, `spreadsheets/`, `fx_rates.csv` and
            `truth/`.
        people: How many real people the world has, 1,000 to 5,000,000.
        seed: Any integer from 0.
        as_of: The day on which the exports were made; nothing is later.
        dirt: Rates of each kind of dirt.
        proportions: How many records people and companies cause.
        progress: Called with (chunks done, chunks in all).

    Raises:
        SyntheticRequestError: The size, seed or folder is impossible.
    """
    if not MIN_PEOPLE <= people <= MAX_PEOPLE:
        raise SyntheticRequestError(
            f"Cannot generate a CRM of {people:,} people: sizes from {MIN_PEOPLE:,} to "
            f"{MAX_PEOPLE:,} are supported. Choose another size."
        )
    if seed < 0:
        raise SyntheticRequestError(
            f"Cannot generate with seed {seed}: seeds are 0 or larger. Choose another."
        )
    if out.exists() and not out.is_dir():
        raise SyntheticRequestError(
            f"Cannot write the synthetic CRM: {out} is a file, a folder was expected. "
            "Choose another output folder."
        )
    world = create_world(
        people=people,
        seed=seed,
        as_of=as_of,
        dirt=dirt or DirtProfile(),
        proportions=proportions or Proportions(),
    )
    out.mkdir(parents=True, exist_ok=True)
    for name in _OUTPUTS:
        shutil.rmtree(out / name, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".spool-", dir=out) as spool:
        exports = _open(out, Path(spool), world)
        chunks = len(world.people_bounds)
        for number in range(chunks):
            _write_chunk(open_chunk(world, number), exports)
            if progress is not None:
                progress(number + 1, chunks)
        files = _close(out, exports, people, world)
    return SyntheticReport(
        out=out,
        people=people,
        companies=len(world.companies),
        files=tuple(files),
        rows={
            **{f"salesforce:{k}": v for k, v in exports.salesforce.counts.items()},
            **{
                f"hubspot:{k}": v
                for k, v in exports.hubspot.counts.items()
                if not k.endswith("-ids")
            },
            **{f"shop:{k}": v for k, v in exports.sheets.counts.items()},
        },
        truth_rows=dict(exports.truth.rows),
    )


def _open(out: Path, spool: Path, world: World) -> _Exports:
    salesforce = writers_salesforce.SalesforceExport(out / "salesforce", spool)
    users = writers_salesforce.write_users(salesforce, world)
    campaigns = writers_salesforce_activity.write_campaigns(salesforce, world, users)
    sheets = out / "spreadsheets"
    sheets.mkdir()
    first = datetime.fromtimestamp(world.clock.start - 40 * 86_400, UTC).date()
    rates = exchange_rates(world.streams, first, world.clock.as_of)
    rates.write_csv(out / "fx_rates.csv")
    return _Exports(
        salesforce=salesforce,
        hubspot=writers_hubspot.HubspotExport(
            out / "hubspot", spool, world.clock.as_of.isoformat()
        ),
        sheets=writers_sheets.SheetsExport(sheets, spool),
        truth=TruthLog(out / "truth"),
        ceiling=CeilingLog(),
        users=users,
        campaigns=campaigns,
        rates=rates,
    )


def _close(out: Path, exports: _Exports, people: int, world: World) -> list[Path]:
    as_of = world.clock.as_of
    exports.truth.close()
    parts = 1 if people < 10_000 else max(2, people // 1_000_000 + 1)
    files = [
        *exports.salesforce.close(parts),
        *exports.hubspot.close(people, as_of),
        *exports.sheets.close(as_of),
        out / "fx_rates.csv",
    ]
    ceiling = out / "truth" / "ceiling.json"
    ceiling.write_text(
        exports.ceiling.report(exports.truth.mixed_implied), encoding="utf-8"
    )
    return [*files, *sorted((out / "truth").glob("*.parquet")), ceiling]


def _write_chunk(chunk: Chunk, exports: _Exports) -> None:
    members = draw_membership(chunk)
    sf_accounts = make_accounts(chunk, crm="salesforce")
    hs_companies = make_accounts(chunk, crm="hubspot")
    contacts = make_contacts(chunk, "contact", members.contact)
    leads = make_contacts(chunk, "lead", members.lead, again=0.04)
    portal = make_contacts(chunk, "hubspot", members.hubspot, keep_losers=False)
    unique_mail(portal)
    deals = make_deals(chunk)
    truth, salesforce = exports.truth, exports.salesforce

    account_ids = writers_salesforce.write_accounts(
        salesforce, chunk, sf_accounts, exports.users, truth
    )
    rng = chunk.rng("links")
    account_row = account_of(rng, chunk, contacts, sf_accounts)
    contact_ids = writers_salesforce.write_contacts(
        salesforce, chunk, contacts, account_row, account_ids, exports.users, truth
    )
    lead_ids = salesforce.mint.take("Lead", leads.created)
    keys = writers_salesforce.SalesforceKeys(
        account_ids, contact_ids, lead_ids, exports.users
    )
    opportunities = writers_salesforce_sales.settle_opportunities(
        salesforce, chunk, deals, sf_accounts, contacts
    )
    writers_salesforce_sales.write_opportunities(
        salesforce, chunk, deals, opportunities, keys, truth, exports.campaigns
    )
    became_contact = link_by_view(rng, leads, contacts, 0.5)
    first_deal = np.full(len(contacts), -1)
    with_contact = np.flatnonzero(opportunities.contact >= 0)
    first_deal[opportunities.contact[with_contact]] = with_contact
    converted = became_contact >= 0
    at = np.maximum(became_contact, 0)
    writers_salesforce.write_leads(
        salesforce,
        chunk,
        leads,
        writers_salesforce.Conversions(
            contact=became_contact,
            account=np.where(converted, account_row[at], -1),
            opportunity=np.where(converted, first_deal[at], -1),
        ),
        lead_ids,
        (contact_ids, account_ids, opportunities.ids),
        exports.users,
        truth,
    )
    writers_salesforce_activity.write_activities(
        salesforce, chunk, contacts, account_row, leads, opportunities, keys
    )
    writers_salesforce_activity.write_cases(
        salesforce, chunk, contacts, account_row, keys
    )
    writers_salesforce_activity.write_campaign_members(
        salesforce, chunk, contacts, leads, keys, exports.campaigns
    )
    writers_salesforce_activity.write_health_scores(
        salesforce, chunk, sf_accounts, keys
    )

    company_ids = writers_hubspot.write_companies(
        exports.hubspot, chunk, hs_companies, (sf_accounts, account_ids), truth
    )
    company_row = account_of(rng, chunk, portal, hs_companies)
    synced_contact = link_by_view(rng, portal, contacts, 0.55)
    open_lead = link_by_view(rng, portal, leads, 0.4)
    open_lead = np.where(
        (synced_contact < 0) & (became_contact[np.maximum(open_lead, 0)] < 0),
        open_lead,
        -1,
    )
    customer = _customers(chunk, deals)
    portal_ids, exported = writers_hubspot.write_contacts(
        exports.hubspot,
        chunk,
        portal,
        company_row,
        (hs_companies, company_ids),
        (refer(contact_ids, synced_contact), refer(lead_ids, open_lead)),
        customer,
        truth,
    )
    deal_company = hs_companies.pick(rng, deals.firm, chunk.first_company)
    hubspot_deals = writers_hubspot.write_deals(
        exports.hubspot,
        chunk,
        deals,
        deal_names(chunk.rng("deal-names"), chunk, deals),
        (opportunities.row_of_deal, opportunities.ids),
        (deal_company, company_ids, portal, portal_ids),
        exports.rates,
        truth,
    )
    writers_hubspot.write_tickets(
        exports.hubspot, chunk, portal, portal_ids, company_row, company_ids
    )
    _note_deal_revenue(chunk, deals, opportunities, hubspot_deals, truth)
    sheets, listed = _write_sheets(chunk, exports, members)
    ceiling = exports.ceiling
    ceiling.add_accounts(chunk, sf_accounts, np.ones(len(sf_accounts), np.bool_))
    ceiling.add_accounts(chunk, hs_companies, ~hs_companies.deleted)
    ceiling.add_buyer_companies(chunk, sheets)
    everything = np.ones(len(contacts), np.bool_)
    ceiling.add_contacts(
        [
            contact_evidence(chunk, contacts, everything, account_row >= 0),
            _told(chunk, leads),
            _told(chunk, portal, exported),
            *(_told(chunk, records) for records in listed),
            buyer_evidence(chunk, sheets),
        ],
        [
            (0, 0, contacts.merged_into),
            (1, 1, leads.merged_into),
            (1, 0, became_contact),
            (2, 0, np.where(exported, synced_contact, -1)),
            (2, 1, np.where(exported, open_lead, -1)),
        ],
    )


def _told(
    chunk: Chunk, records: ContactRecords, shown: BoolArray | None = None
) -> pl.DataFrame:
    everything = np.ones(len(records), np.bool_)
    return contact_evidence(
        chunk,
        records,
        everything if shown is None else shown,
        records.columns["company_name"].known(),
    )


def _customers(chunk: Chunk, deals: Deals) -> BoolArray:
    customer = np.zeros(chunk.company_count, np.bool_)
    customer[deals.firm[deals.stage == WON] - chunk.first_company] = True
    return customer


def _write_sheets(
    chunk: Chunk, exports: _Exports, members: Membership
) -> tuple[list[Buyers], list[ContactRecords]]:
    truth, sheets = exports.truth, exports.sheets
    listed = []
    for name, who, again, write in (
        ("attendee", members.attendee, 0.1, writers_sheets.write_attendees),
        ("partner", members.partner, 0.0, writers_sheets.write_partners),
    ):
        records = make_contacts(
            chunk,
            name,
            who,
            special=False,
            again=again,
            keep_losers=False,
            merges=False,
        )
        write(sheets, chunk, records, truth)
        listed.append(records)
    customers = choose_customers(chunk)
    shoppers = make_buyers(chunk, "orders", customers["orders"], 0.08)
    billed = make_buyers(chunk, "invoices", customers["invoices"], 0.25)
    subscribers = make_buyers(chunk, "subscriptions", customers["subscriptions"], 0.1)
    orders, invoices = make_orders(chunk, shoppers), make_invoices(chunk, billed)
    writers_sheets.write_orders(sheets, chunk, shoppers, orders, truth)
    writers_sheets.write_invoices(sheets, chunk, billed, invoices, truth)
    subscriptions = make_subscriptions(chunk, subscribers)
    writers_sheets.write_subscriptions(sheets, chunk, subscribers, subscriptions, truth)
    # A customer whose every row was cut off at the end of history implies no record.
    seen = [
        (shoppers, orders.buyer),
        (billed, invoices.buyer),
        (subscribers, subscriptions.buyer),
    ]
    return [take_buyers(b, np.unique(rows)) for b, rows in seen], listed


def _note_deal_revenue(
    chunk: Chunk,
    deals: Deals,
    opportunities: Opportunities,
    hubspot: writers_hubspot.HubspotDeals,
    truth: TruthLog,
) -> None:
    """State the revenue of won deals, each counted once, Salesforce's amount first."""
    amount = np.full(len(deals), -1)
    amount[hubspot.deal] = hubspot.amount
    mine = np.flatnonzero((opportunities.deal >= 0) & ~opportunities.deleted)
    amount[opportunities.deal[mine]] = opportunities.amount[mine]
    won = np.flatnonzero((deals.stage == WON) & (amount >= 0))
    firm = pl.Series(deals.firm[won])
    currency = chunk.world.companies.currency.gather(firm)
    note_revenue(truth, "won_deals", company_labels(firm), currency, amount[won])
