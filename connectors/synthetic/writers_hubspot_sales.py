"""HubSpot deals and tickets.

Belongs here: how HubSpot records a true deal, with the small disagreements of a deal
that was typed into both CRMs by hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from connectors.synthetic.account_records import LIVE
from connectors.synthetic.columns import blank, choose, join, texts
from connectors.synthetic.contact_records import PERSON, ContactRecords
from connectors.synthetic.deal_dirt import spoil_amounts
from connectors.synthetic.deals import NEW, WON, Deals
from connectors.synthetic.money import in_home_currency, plain_amount
from connectors.synthetic.rng import BoolArray, IntArray, chance
from connectors.synthetic.salesforce_ids import refer
from connectors.synthetic.truth import TruthLog
from connectors.synthetic.world import (
    DAY,
    Chunk,
    draw_owner,
    draw_times,
    names_of_staff,
    timestamps,
)
from connectors.synthetic.writers_hubspot import MINUTE, HubspotExport
from connectors.synthetic.writers_salesforce_sales import deal_labels

_DATE = "%Y-%m-%d"
_STAGES = (
    "Appointment Scheduled",
    "Qualified To Buy",
    "Presentation Scheduled",
    "Decision Maker Bought-In",
    "Contract Sent",
    "Closed Won",
    "Closed Lost",
)
_PROBABILITY = np.asarray([20, 40, 60, 80, 90, 100, 0])


@dataclass(frozen=True, slots=True)
class HubspotDeals:
    """What HubSpot says about deals: its own amount may differ from the truth's."""

    deal: IntArray
    amount: IntArray


@dataclass(frozen=True, slots=True)
class DealParties:
    """Whom deals belong to: rows per deal (-1 for none) and the ids of those rows."""

    opportunity_row: IntArray
    opportunity_ids: pl.Series
    company_row: IntArray
    company_ids: pl.Series
    contacts: ContactRecords
    contact_ids: pl.Series


def write_deals(
    export: HubspotExport,
    chunk: Chunk,
    deals: Deals,
    *,
    names: pl.Series,
    parties: DealParties,
    rates: pl.DataFrame,
    truth: TruthLog,
) -> HubspotDeals:
    """Write the deals that HubSpot knows.

    Args:
        export: Where to.
        chunk: The part of the world in hand.
        deals: All deals of the chunk.
        names: Their names in Salesforce.
        parties: Records of both CRMs that deals belong to.
        rates: Exchange rates, for the amount in the portal's currency.
        truth: Where the truth goes.
    """
    rng, world = chunk.rng("hs-deal"), chunk.world
    mine = np.flatnonzero(deals.in_hubspot & (parties.company_row >= 0))
    size = len(mine)
    at = pl.Series(mine)
    shared = parties.opportunity_row[mine] >= 0
    synced = shared & deals.has_sync_id[mine]
    typed = ~synced
    # Entered twice by hand: similar, not equal.
    name = names.gather(at)
    stem = world.companies.stem.gather(pl.Series(deals.firm[mine]))
    looser = [
        name.str.replace(" [\N{EN DASH}-] ", " / ").str.replace(": ", " "),
        name.str.to_lowercase(),
        join(name, " (new)"),
        join(stem, " ", name.str.extract(r"(\d{4})$")),
    ]
    pattern = rng.integers(0, len(looser), size)
    for index, form in enumerate(looser):
        name = name.zip_with(pl.Series(~(typed & shared & (pattern == index))), form)
    amount = deals.amount[mine]
    off = typed & shared & chance(rng, size, 0.3)
    amount = np.where(off, amount * rng.integers(97, 104, size) // 100, amount)
    drift = np.where(typed & shared, rng.integers(-5, 6, size), 0)
    closes = deals.closes[mine] + drift * DAY
    stage = deals.stage[mine]
    closed = stage >= WON
    closes = np.where(closed, np.minimum(closes, world.clock.end - DAY), closes)
    known = deals.created[mine]
    created = known + np.where(synced, 300, rng.integers(0, 5, size) * DAY)
    created = np.where(created < np.minimum(closes, world.clock.last), created, known)
    ids = export.ids("deals", created)
    latest = np.where(
        closed, np.minimum(closes + 15 * DAY, world.clock.last), world.clock.last
    )
    changed = draw_times(rng, np.maximum(created, np.where(closed, closes, 0)), latest)
    currency = world.companies.currency.gather(pl.Series(deals.firm[mine]))
    won = stage == WON
    term = np.where(won, deals.term[mine], 0)
    recurring = (term > 0) & chance(rng, size, 0.6)
    yearly = amount * 12 // np.maximum(term, 1)
    kind = deals.kind[mine]
    contact = parties.contacts.pick(rng, deals.person[mine])

    shown = spoil_amounts(chunk, plain_amount(amount), stage, is_synced=synced)

    def if_true(mask: BoolArray, values: pl.Series) -> pl.Series:
        return blank(values, ~mask)

    company = refer(parties.company_ids, parties.company_row[mine])
    flags = texts(["false", "true"])
    frame = pl.DataFrame(
        {
            "Record ID": ids,
            "Deal Name": name,
            "Pipeline": texts(["Sales Pipeline"]).new_from_index(0, size),
            "Deal Stage": texts(list(_STAGES)).gather(pl.Series(stage)),
            "Amount": shown.value,
            "Currency": currency,
            "Amount in company currency": if_true(
                shown.value.is_not_null().to_numpy(),
                plain_amount(in_home_currency(amount, currency, closes, rates)),
            ),
            "Deal probability": plain_amount(_PROBABILITY[stage]),
            "Close Date": timestamps(closes + 12 * 3_600, MINUTE),
            "Create Date": timestamps(created, MINUTE),
            "Deal Type": texts(["New Business", "Existing Business"]).gather(
                pl.Series((kind != NEW).astype(np.int64))
            ),
            "Deal owner": names_of_staff(world, draw_owner(rng, world, size)),
            "Is Deal Closed?": flags.gather(pl.Series(closed.astype(np.int64))),
            "Is Closed Won": flags.gather(pl.Series(won.astype(np.int64))),
            "Last Modified Date": timestamps(changed, MINUTE),
            "Merged object IDs": texts([None]).new_from_index(0, size),
            "Recurring revenue amount": if_true(recurring, plain_amount(yearly // 12)),
            "Recurring revenue deal type": if_true(
                recurring,
                texts(["New", "Renewal", "Upgrade", "New"]).gather(pl.Series(kind)),
            ),
            "Contract start date": timestamps(
                np.where(recurring, deals.starts[mine], -1), _DATE
            ),
            "Contract end date": timestamps(
                np.where(recurring, deals.ends[mine], -1), _DATE
            ),
            "Annual recurring revenue": if_true(recurring, plain_amount(yearly)),
            "Salesforce Opportunity ID": refer(
                parties.opportunity_ids,
                np.where(synced, parties.opportunity_row[mine], -1),
            ),
            "Associated Company IDs": company,
            "Associated Company IDs (Primary)": company,
            "Associated Contact IDs": refer(parties.contact_ids, contact),
        }
    )
    export.append("deals", frame, created)
    truth.add(
        "truth_deals",
        source_record_key="hubspot:deals:" + ids,
        deal_id=deal_labels(chunk, mine),
    )
    truth.add_values("hubspot:deals:" + ids, {"amount": shown})
    return HubspotDeals(deal=mine, amount=amount)


def write_tickets(
    export: HubspotExport,
    chunk: Chunk,
    contacts: ContactRecords,
    *,
    contact_ids: pl.Series,
    company_of: pl.Series,
) -> None:
    """Write tickets: some contacts ask for help."""
    rng, clock = chunk.rng("hs-ticket"), chunk.world.clock
    people = np.flatnonzero((contacts.status == LIVE) & (contacts.nature == PERSON))
    who = np.repeat(people, rng.poisson(rng.gamma(0.3, 0.4, len(people))))
    size = len(who)
    at = draw_times(rng, contacts.created[who], np.full(size, clock.last))
    done_at = at + rng.lognormal(11.5, 1.2, size).astype(np.int64)
    done = done_at < clock.end
    frame = pl.DataFrame(
        {
            "Ticket ID": export.ids("tickets", at),
            "Ticket name": choose(
                rng, ["Login problem", "Billing question", "Export fails"], size
            ),
            "Ticket description": choose(
                rng, ["Please call back", 'It says "error"', "Hello,\nhelp"], size
            ),
            "Pipeline": texts(["Support Pipeline"]).new_from_index(0, size),
            "Ticket status": texts(["Waiting on us", "Closed"]).gather(
                pl.Series(done.astype(np.int64))
            ),
            "Priority": choose(rng, ["Low", "Medium", "High"], size),
            "Category": choose(rng, ["Product Issue", "Billing Issue", "Other"], size),
            "Create Date": timestamps(at, MINUTE),
            "Close Date": timestamps(np.where(done, done_at, -1), MINUTE),
            "Last Modified Date": timestamps(np.where(done, done_at, at), MINUTE),
            "Ticket owner": names_of_staff(chunk.world, contacts.owner[who]),
            "Associated Company IDs": company_of.gather(pl.Series(who)),
            "Associated Contact IDs": refer(contact_ids, who),
        }
    )
    export.append("tickets", frame, at)
