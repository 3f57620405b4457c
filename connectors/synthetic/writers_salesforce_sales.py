"""Salesforce opportunities with their line items and field history.

Belongs here: how Salesforce records a true deal. HubSpot's view of the same deals is
in its own writer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from connectors.synthetic.account_records import AccountRecords
from connectors.synthetic.columns import choose, digits, gather, join, patch, texts
from connectors.synthetic.contact_records import ContactRecords
from connectors.synthetic.deal_dirt import spoil_opportunities
from connectors.synthetic.deals import LOST, STAGES, WON, Deals, deal_names
from connectors.synthetic.money import plain_amount
from connectors.synthetic.rng import BoolArray, IntArray, chance
from connectors.synthetic.salesforce_ids import refer
from connectors.synthetic.truth import TruthLog
from connectors.synthetic.world import DAY, Chunk, draw_owner, draw_times, timestamps
from connectors.synthetic.writers_salesforce import (
    INSTANT,
    SalesforceExport,
    SalesforceKeys,
    flag,
)

_DATE = "%Y-%m-%d"
_TYPES = ["New Business", "Renewal", "Existing Business", "New Business"]


@dataclass(frozen=True, slots=True)
class Opportunities:
    """Salesforce's rows of the chunk's deals; `deal` is -1 for test opportunities."""

    deal: IntArray
    account: IntArray
    contact: IntArray
    owner: IntArray
    amount: IntArray
    stage: IntArray
    created: IntArray
    closes: IntArray
    deleted: BoolArray
    name: pl.Series
    ids: pl.Series
    row_of_deal: IntArray


def _text(value: str | None, size: int) -> pl.Series:
    return texts([value]).new_from_index(0, size)


def settle_opportunities(
    export: SalesforceExport,
    chunk: Chunk,
    deals: Deals,
    accounts: AccountRecords,
    contacts: ContactRecords,
) -> Opportunities:
    """Decide which account, contact and owner each opportunity has."""
    rng, dirt = chunk.rng("sf-opportunity"), chunk.world.dirt
    account = accounts.pick(rng, deals.firm, chunk.first_company)
    mine = np.flatnonzero(deals.in_salesforce & (account >= 0))
    test_accounts = np.flatnonzero((accounts.firm < 0) & ~accounts.deleted)
    tests = len(test_accounts)
    size = len(mine) + tests
    names = deal_names(chunk.rng("deal-names"), chunk, deals).gather(pl.Series(mine))
    names = pl.concat([names, _text("Test Opportunity - please ignore", tests)])
    day = np.full(tests, chunk.world.clock.end - 200 * DAY)
    created = np.concatenate([deals.created[mine], day])
    # Only deals that HubSpot does not know are deleted: their revenue is gone for sure.
    deleted = np.concatenate(
        [
            ~deals.in_hubspot[mine] & chance(rng, len(mine), dirt.deleted),
            np.zeros(tests, np.bool_),
        ]
    )
    row_of_deal = np.full(len(deals), -1)
    row_of_deal[mine] = np.arange(len(mine))
    contact = contacts.pick(rng, deals.person[mine])
    return Opportunities(
        deal=np.concatenate([mine, np.full(tests, -1)]),
        account=np.concatenate([account[mine], test_accounts]),
        contact=np.concatenate([contact, np.full(tests, -1)]),
        owner=draw_owner(rng, chunk.world, size),
        amount=np.concatenate([deals.amount[mine], np.full(tests, 100)]),
        stage=np.concatenate([deals.stage[mine], rng.integers(0, 4, tests)]),
        created=created,
        closes=np.concatenate([deals.closes[mine], day + 30 * DAY]),
        deleted=deleted,
        name=names,
        ids=export.mint.take("Opportunity", created),
        row_of_deal=row_of_deal,
    )


def write_opportunities(
    export: SalesforceExport,
    chunk: Chunk,
    deals: Deals,
    rows: Opportunities,
    *,
    keys: SalesforceKeys,
    truth: TruthLog,
    campaigns: pl.Series,
) -> None:
    """Write Opportunity, OpportunityLineItem and OpportunityFieldHistory."""
    rng, world, size = chunk.rng("sf-sales"), chunk.world, len(rows.deal)
    real = rows.deal >= 0
    deal = np.where(real, rows.deal, 0)
    closed = rows.stage >= WON
    stage_names = texts([name for name, _ in STAGES])
    probability = np.asarray([p for _, p in STAGES])[rows.stage]
    close_date, percent = spoil_opportunities(
        chunk,
        rows.stage,
        (rows.created, rows.closes),
        probability,
        only_here=real & ~deals.in_hubspot[deal],
    )
    term = np.where(real & (rows.stage == WON), deals.term[deal], 0)
    firm = np.where(real, deals.firm[deal], -1)
    latest = np.where(
        closed, np.minimum(rows.closes + 20 * DAY, world.clock.last), world.clock.last
    )
    changed = timestamps(
        draw_times(
            rng,
            np.maximum(rows.created, np.where(closed, rows.closes, rows.created)),
            latest,
        ),
        INSTANT,
    )
    month = pl.from_epoch(pl.lit(pl.Series(rows.closes)), time_unit="s")
    fiscal = pl.select(
        year=month.dt.year().cast(pl.String), quarter=month.dt.quarter().cast(pl.String)
    )
    owner = refer(keys.users, rows.owner)
    kind = texts(_TYPES).gather(pl.Series(np.where(real, deals.kind[deal], 0)))
    currency = gather(world.companies.currency, firm).fill_null("USD")
    # Not every contract has its dates entered: then the reader must assume a term.
    dated = term > 0
    dated &= chance(rng, size, 0.85)
    campaign = np.where(
        chance(rng, size, 0.2), rng.integers(0, max(len(campaigns), 1), size), -1
    )
    frame = pl.DataFrame(
        {
            "Id": rows.ids,
            "IsDeleted": flag(rows.deleted),
            "AccountId": refer(keys.accounts, rows.account),
            "ContactId": refer(keys.contacts, rows.contact),
            "Name": rows.name,
            "StageName": stage_names.gather(pl.Series(rows.stage)),
            "Amount": plain_amount(rows.amount),
            "Probability": percent.value,
            "ExpectedRevenue": plain_amount(rows.amount * probability // 100),
            "CloseDate": close_date.value,
            "Type": kind,
            "LeadSource": choose(rng, world.vocabulary.people["lead_sources"], size),
            "IsClosed": flag(closed),
            "IsWon": flag(rows.stage == WON),
            "ForecastCategory": choose(rng, ["Pipeline", "BestCase", "Forecast"], size)
            .zip_with(pl.Series(rows.stage != WON), texts(["Closed"]))
            .zip_with(pl.Series(rows.stage != LOST), texts(["Omitted"])),
            "CurrencyIsoCode": currency,
            "CampaignId": refer(campaigns, campaign),
            "OwnerId": owner,
            "CreatedDate": timestamps(rows.created, INSTANT),
            "CreatedById": owner,
            "LastModifiedDate": changed,
            "SystemModstamp": changed,
            "FiscalQuarter": fiscal["quarter"],
            "FiscalYear": fiscal["year"],
            "ContractStartDate__c": timestamps(
                np.where(dated, deals.starts[deal], -1), _DATE
            ),
            "ContractEndDate__c": timestamps(
                np.where(dated, deals.ends[deal], -1), _DATE
            ),
            "ContractTerm__c": pl.Series(np.where(dated, term, -1))
            .cast(pl.String)
            .replace("-1", None),
        }
    )
    export.append("Opportunity", frame, rows.created)
    keys_of = "salesforce:opportunity:" + rows.ids
    label = deal_labels(chunk, rows.deal)
    truth.add("truth_deals", source_record_key=keys_of, deal_id=label)
    truth.add("truth_test_records", source_record_key=keys_of.filter(pl.Series(~real)))
    spoilt = {"close_date": close_date, "probability": percent}
    truth.add_values(keys_of, spoilt, ~rows.deleted)
    _write_line_items(export, chunk, rows, keys.products)
    _write_history(export, chunk, rows, keys.users)


def deal_labels(chunk: Chunk, deal: IntArray) -> pl.Series:
    """Return the ids under which the truth knows deals."""
    number = digits(np.maximum(deal, 0), 7)
    labels = f"d{chunk.number:04d}" + number
    rows = np.flatnonzero(deal < 0)
    tests = f"t-sfo-{chunk.number}-" + pl.Series(rows).cast(pl.String)
    return patch(labels, rows, tests)


def _write_line_items(
    export: SalesforceExport, chunk: Chunk, rows: Opportunities, products: pl.Series
) -> None:
    rng, words = chunk.rng("sf-lines"), chunk.world.vocabulary.people
    count = rng.integers(0, 5, len(rows.deal))
    count[rows.amount < 1_000] = 0
    parent = np.repeat(np.arange(len(rows.deal)), count)
    size = len(parent)
    if not size:
        return
    first = np.ones(size, np.bool_)
    first[1:] = parent[1:] != parent[:-1]
    start = np.flatnonzero(first)
    share = rng.integers(1, 6, size)
    total_share = np.add.reduceat(share, start)
    group = np.cumsum(first) - 1
    amount = rows.amount[parent]
    price = amount * share // total_share[group]
    # The first line takes the rounding, so that the lines sum to the amount.
    spare = rows.amount[parent[start]] - np.add.reduceat(price, start)
    price[start] += spare
    quantity = rng.choice(np.asarray([1, 1, 1, 2, 5, 10]), size)
    quantity = np.where(price % quantity == 0, quantity, 1)
    product = rng.integers(0, len(words["products"]), size)
    code = texts([p["code"] for p in words["products"]]).gather(pl.Series(product))
    name = texts([p["name"] for p in words["products"]]).gather(pl.Series(product))
    created = rows.created[parent] + 3_600
    stamp = timestamps(created, INSTANT)
    frame = pl.DataFrame(
        {
            "Id": export.mint.take("OpportunityLineItem", created),
            "OpportunityId": rows.ids.gather(pl.Series(parent)),
            "SortOrder": pl.Series(np.arange(size) - start[group] + 1).cast(pl.String),
            "Product2Id": refer(products, product),
            "ProductCode": code,
            "Name": join(rows.name.gather(pl.Series(parent)), " ", name),
            "Quantity": join(pl.Series(quantity).cast(pl.String), ".0"),
            "TotalPrice": plain_amount(price),
            "UnitPrice": plain_amount(price // quantity),
            "ListPrice": plain_amount(price // quantity),
            "ServiceDate": timestamps(rows.closes[parent] + DAY, _DATE),
            "Description": _text(None, size),
            "CreatedDate": stamp,
            "LastModifiedDate": stamp,
            "SystemModstamp": stamp,
            "IsDeleted": flag(rows.deleted[parent]),
        }
    )
    export.append("OpportunityLineItem", frame, created)


def _write_history(
    export: SalesforceExport, chunk: Chunk, rows: Opportunities, users: pl.Series
) -> None:
    rng, world = chunk.rng("sf-history"), chunk.world
    stages = texts([name for name, _ in STAGES])
    size = len(rows.deal)
    reached = np.where(rows.stage < WON, rows.stage, rng.integers(1, 5, size))
    reached[rows.stage == WON] = 4
    steps = reached + (rows.stage >= WON)
    end = np.where(rows.stage >= WON, rows.closes, world.clock.last)
    end = np.clip(end, rows.created + 60, world.clock.last)
    parent = np.repeat(np.arange(size), steps)
    at = np.arange(len(parent)) - np.repeat(np.cumsum(steps) - steps, steps)
    final = (at == steps[parent] - 1) & (rows.stage[parent] >= WON)
    new = np.where(final, rows.stage[parent], at + 1)
    span = end[parent] - rows.created[parent]
    when = rows.created[parent] + span * (at + 1) // np.maximum(steps[parent], 1)
    parts = [
        (
            np.arange(size),
            "created",
            _text(None, size),
            _text(None, size),
            rows.created,
        ),
        (
            parent,
            "StageName",
            stages.gather(pl.Series(at)),
            stages.gather(pl.Series(new)),
            when,
        ),
    ]
    repriced = np.flatnonzero(chance(rng, size, 0.25))
    before = rows.amount[repriced] * rng.integers(70, 130, len(repriced)) // 100
    middle = draw_times(rng, rows.created[repriced], end[repriced])
    parts.append(
        (
            repriced,
            "Amount",
            plain_amount(before),
            plain_amount(rows.amount[repriced]),
            middle,
        )
    )
    moved = np.flatnonzero(chance(rng, size, 0.3))
    old = rows.closes[moved] - rng.integers(-30, 90, len(moved)) * DAY
    middle = draw_times(rng, rows.created[moved], end[moved])
    parts.append(
        (
            moved,
            "CloseDate",
            timestamps(old, _DATE),
            timestamps(rows.closes[moved], _DATE),
            middle,
        )
    )
    which = np.concatenate([p[0] for p in parts])
    created = np.concatenate([p[4] for p in parts])
    frame = pl.DataFrame(
        {
            "Id": export.mint.take("OpportunityFieldHistory", created),
            "IsDeleted": flag(rows.deleted[which]),
            "OpportunityId": rows.ids.gather(pl.Series(which)),
            "CreatedById": refer(users, rows.owner[which]),
            "CreatedDate": timestamps(created, INSTANT),
            "Field": pl.concat([_text(p[1], len(p[0])) for p in parts]),
            "OldValue": pl.concat([p[2] for p in parts]),
            "NewValue": pl.concat([p[3] for p in parts]),
        }
    )
    export.append("OpportunityFieldHistory", frame, created)
