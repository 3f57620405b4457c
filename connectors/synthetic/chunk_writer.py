"""One chunk of the world, seen by every source and written to every file.

Belongs here: the order in which a chunk's records are made, linked and written. What a
record says and how a file looks is decided in the modules called.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from connectors.synthetic import writers_hubspot, writers_salesforce, writers_sheets
from connectors.synthetic.account_records import AccountRecords, make_accounts
from connectors.synthetic.ceiling import CeilingLog
from connectors.synthetic.contact_records import (
    ContactRecords,
    Membership,
    account_of,
    draw_membership,
    link_by_view,
    make_contacts,
    unique_mail,
)
from connectors.synthetic.customers import (
    Buyers,
    choose_customers,
    make_buyers,
    take_buyers,
)
from connectors.synthetic.deals import WON, Deals, deal_names, make_deals
from connectors.synthetic.evidence import buyer_evidence, contact_evidence
from connectors.synthetic.revenue import make_invoices, make_orders, make_subscriptions
from connectors.synthetic.rng import BoolArray, IntArray
from connectors.synthetic.salesforce_ids import refer
from connectors.synthetic.truth import TruthLog, company_labels, note_revenue
from connectors.synthetic.world import Chunk
from connectors.synthetic.writers_hubspot_sales import (
    DealParties,
    HubspotDeals,
    write_deals,
    write_tickets,
)
from connectors.synthetic.writers_salesforce_activity import (
    write_activities,
    write_campaign_members,
    write_cases,
    write_health_scores,
)
from connectors.synthetic.writers_salesforce_duplicates import write_duplicate_items
from connectors.synthetic.writers_salesforce_sales import (
    Opportunities,
    settle_opportunities,
    write_opportunities,
)
from connectors.synthetic.writers_sheets_sales import (
    write_invoices,
    write_orders,
    write_subscriptions,
)


@dataclass(slots=True)
class Exports:
    """Everything that is open while the chunks go by."""

    salesforce: writers_salesforce.SalesforceExport
    hubspot: writers_hubspot.HubspotExport
    sheets: writers_sheets.SheetsExport
    truth: TruthLog
    ceiling: CeilingLog
    users: pl.Series
    products: pl.Series
    campaigns: pl.Series
    rates: pl.DataFrame


@dataclass(frozen=True, slots=True)
class _Salesforce:
    """Salesforce's view of a chunk, with the ids it gave."""

    accounts: AccountRecords
    contacts: ContactRecords
    leads: ContactRecords
    account_row: IntArray
    opportunities: Opportunities
    keys: writers_salesforce.SalesforceKeys
    became_contact: IntArray


@dataclass(frozen=True, slots=True)
class _Portal:
    """HubSpot's view of a chunk."""

    companies: AccountRecords
    contacts: ContactRecords
    exported: BoolArray
    synced_contact: IntArray
    synced_lead: IntArray
    deals: HubspotDeals


def write_chunk(chunk: Chunk, exports: Exports) -> None:
    """Make and write all records of one chunk, and the truth about them."""
    members, deals = draw_membership(chunk), make_deals(chunk)
    salesforce = _write_salesforce(chunk, exports, members, deals)
    portal = _write_portal(chunk, exports, members, deals, salesforce)
    _note_deal_revenue(
        chunk, deals, salesforce.opportunities, portal.deals, exports.truth
    )
    buyers, listed = _write_sheets(chunk, exports, members)
    exports.truth.add_people(chunk)
    _note_ceiling(
        chunk, exports.ceiling, salesforce, portal, buyers=buyers, listed=listed
    )


def _write_salesforce(
    chunk: Chunk, exports: Exports, members: Membership, deals: Deals
) -> _Salesforce:
    export, truth, users = exports.salesforce, exports.truth, exports.users
    rng = chunk.rng("links-salesforce")
    accounts = make_accounts(chunk, crm="salesforce")
    contacts = make_contacts(chunk, "contact", members.contact)
    leads = make_contacts(chunk, "lead", members.lead, again=0.04)
    account_ids = writers_salesforce.write_accounts(
        export, chunk, accounts, users, truth
    )
    account_row = account_of(rng, chunk, contacts, accounts)
    contact_ids = writers_salesforce.write_contacts(
        export,
        chunk,
        contacts,
        accounts=refer(account_ids, account_row),
        users=users,
        truth=truth,
    )
    keys = writers_salesforce.SalesforceKeys(
        accounts=account_ids,
        contacts=contact_ids,
        leads=export.mint.take("Lead", leads.created),
        users=users,
        products=exports.products,
    )
    opportunities = settle_opportunities(export, chunk, deals, accounts, contacts)
    write_opportunities(
        export,
        chunk,
        deals,
        opportunities,
        keys=keys,
        truth=truth,
        campaigns=exports.campaigns,
    )
    became = link_by_view(rng, leads, contacts, 0.5)
    deal_of = np.full(len(contacts), -1)
    with_contact = np.flatnonzero(opportunities.contact >= 0)
    deal_of[opportunities.contact[with_contact]] = with_contact
    at = np.maximum(became, 0)
    writers_salesforce.write_leads(
        export,
        chunk,
        leads,
        became=writers_salesforce.Conversions(
            contact=refer(contact_ids, became),
            account=refer(account_ids, np.where(became >= 0, account_row[at], -1)),
            opportunity=refer(
                opportunities.ids, np.where(became >= 0, deal_of[at], -1)
            ),
        ),
        keys=keys,
        truth=truth,
    )
    write_activities(
        export,
        chunk,
        contacts,
        leads,
        account_row=account_row,
        opportunities=opportunities,
        keys=keys,
    )
    write_cases(export, chunk, contacts, account_row, keys)
    write_campaign_members(
        export, chunk, contacts, leads, keys=keys, campaigns=exports.campaigns
    )
    write_health_scores(export, chunk, accounts, keys)
    write_duplicate_items(export, chunk, contacts, leads, keys=keys)
    return _Salesforce(
        accounts, contacts, leads, account_row, opportunities, keys, became
    )


def _write_portal(
    chunk: Chunk,
    exports: Exports,
    members: Membership,
    deals: Deals,
    salesforce: _Salesforce,
) -> _Portal:
    export, truth = exports.hubspot, exports.truth
    rng = chunk.rng("links-hubspot")
    companies = make_accounts(chunk, crm="hubspot")
    contacts = make_contacts(chunk, "hubspot", members.hubspot, keep_losers=False)
    unique_mail(chunk, contacts)
    company_ids = writers_hubspot.write_companies(
        export, chunk, companies, (salesforce.accounts, salesforce.keys.accounts), truth
    )
    company_row = account_of(rng, chunk, contacts, companies)
    synced_contact = link_by_view(rng, contacts, salesforce.contacts, 0.55)
    lead = link_by_view(rng, contacts, salesforce.leads, 0.4)
    is_open = salesforce.became_contact[np.maximum(lead, 0)] < 0
    synced_lead = np.where((synced_contact < 0) & is_open, lead, -1)
    contact_ids, exported = writers_hubspot.write_contacts(
        export,
        chunk,
        contacts,
        company=writers_hubspot.PrimaryCompany(
            ids=refer(company_ids, company_row),
            names=refer(companies.columns["account_name"].value, company_row),
        ),
        synced=writers_hubspot.SyncIds(
            contact=refer(salesforce.keys.contacts, synced_contact),
            lead=refer(salesforce.keys.leads, synced_lead),
        ),
        customer=_customers(chunk, deals),
        truth=truth,
    )
    written = write_deals(
        export,
        chunk,
        deals,
        names=deal_names(chunk.rng("deal-names"), chunk, deals),
        parties=DealParties(
            opportunity_row=salesforce.opportunities.row_of_deal,
            opportunity_ids=salesforce.opportunities.ids,
            company_row=companies.pick(rng, deals.firm, chunk.first_company),
            company_ids=company_ids,
            contacts=contacts,
            contact_ids=contact_ids,
        ),
        rates=exports.rates,
        truth=truth,
    )
    write_tickets(
        export,
        chunk,
        contacts,
        contact_ids=contact_ids,
        company_of=refer(company_ids, company_row),
    )
    return _Portal(companies, contacts, exported, synced_contact, synced_lead, written)


def _customers(chunk: Chunk, deals: Deals) -> BoolArray:
    customer = np.zeros(chunk.company_count, np.bool_)
    customer[deals.firm[deals.stage == WON] - chunk.first_company] = True
    return customer


def _write_sheets(
    chunk: Chunk, exports: Exports, members: Membership
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
    subscriptions = make_subscriptions(chunk, subscribers)
    write_orders(sheets, chunk, shoppers, orders, truth)
    write_invoices(sheets, chunk, billed, invoices, truth)
    write_subscriptions(sheets, chunk, subscribers, subscriptions, truth)
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
    hubspot: HubspotDeals,
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


def _note_ceiling(
    chunk: Chunk,
    ceiling: CeilingLog,
    salesforce: _Salesforce,
    portal: _Portal,
    *,
    buyers: list[Buyers],
    listed: list[ContactRecords],
) -> None:
    def everything(records: AccountRecords | ContactRecords) -> BoolArray:
        return np.ones(len(records), np.bool_)

    def told(records: ContactRecords, shown: BoolArray) -> pl.DataFrame:
        has_company = records.columns["company_name"].known()
        return contact_evidence(chunk, records, shown, has_company)

    ceiling.add_accounts(chunk, salesforce.accounts, everything(salesforce.accounts))
    ceiling.add_accounts(chunk, portal.companies, ~portal.companies.deleted)
    ceiling.add_buyer_companies(chunk, buyers)
    contacts, leads = salesforce.contacts, salesforce.leads
    ceiling.add_contacts(
        [
            contact_evidence(
                chunk, contacts, everything(contacts), salesforce.account_row >= 0
            ),
            told(leads, everything(leads)),
            told(portal.contacts, portal.exported),
            *(told(records, everything(records)) for records in listed),
            buyer_evidence(chunk, buyers),
        ],
        [
            (0, 0, contacts.merged_into),
            (1, 1, leads.merged_into),
            (1, 0, salesforce.became_contact),
            (2, 0, np.where(portal.exported, portal.synced_contact, -1)),
            (2, 1, np.where(portal.exported, portal.synced_lead, -1)),
        ],
    )
