"""HubSpot export files: contacts, companies, deals and tickets with English labels.

Belongs here: how HubSpot shows its records. Merge losers and archived records are not
in an export; a winner names them in `Merged object IDs`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from connectors.synthetic.account_records import LIVE, MERGED, AccountRecords
from connectors.synthetic.columns import blank, choose, gather, join, patch, texts
from connectors.synthetic.contact_records import PERSON, ContactRecords
from connectors.synthetic.deals import NEW, RENEWAL, WON, Deals
from connectors.synthetic.export_files import (
    CsvSpool,
    SheetSpool,
    write_workbook,
    zip_files,
)
from connectors.synthetic.money import in_home_currency, plain_amount
from connectors.synthetic.rng import BoolArray, IntArray, chance
from connectors.synthetic.salesforce_ids import refer
from connectors.synthetic.truth import TruthLog, company_labels
from connectors.synthetic.world import (
    DAY,
    Chunk,
    draw_owner,
    draw_times,
    names_of_staff,
    pick_words,
    timestamps,
)
from connectors.synthetic.writers_salesforce import CONTACT_FIELDS, note_contacts
from connectors.synthetic.writers_salesforce_sales import deal_labels

_MINUTE = "%Y-%m-%d %H:%M"
_DATE = "%Y-%m-%d"
_FIRST_ID = {
    "contacts": 101,
    "companies": 9_400_000_001,
    "deals": 17_100_000_003,
    "tickets": 2_300_000_009,
}
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
_ZIP_FROM_PEOPLE = 50_000


@dataclass(slots=True)
class HubspotExport:
    """Spools the four files of a portal's export."""

    folder: Path
    spool: Path
    stamp: str
    counts: dict[str, int] = field(default_factory=dict)
    _companies: SheetSpool | None = None

    def ids(self, name: str, created: IntArray) -> pl.Series:
        """Give each row a record id; the older the row, the lower the id."""
        start = self.counts.get(f"{name}-ids", 0)
        self.counts[f"{name}-ids"] = start + len(created)
        rank = np.empty(len(created), np.int64)
        rank[np.argsort(created, kind="stable")] = np.arange(len(created))
        number = _FIRST_ID[name] + (start + rank) * 50 + (rank * 7) % 43
        return pl.Series(number).cast(pl.String)

    def append(
        self,
        name: str,
        frame: pl.DataFrame,
        created: IntArray,
        labels: tuple[str, ...] = (),
    ) -> None:
        """Write rows, newest first as HubSpot does."""
        frame = frame[pl.Series(np.argsort(-created, kind="stable"))]
        self.counts[name] = self.counts.get(name, 0) + len(frame)
        if name == "companies":
            if self._companies is None:
                self._companies = SheetSpool(
                    "companies", self.spool / "hubspot-companies.xml"
                )
            self._companies.append(frame)
        else:
            CsvSpool(self.spool / f"hubspot-{name}.csv").append(frame, labels)

    def close(self, people: int, as_of: object) -> list[Path]:
        """Move the files into place; large CSV exports arrive zipped."""
        self.folder.mkdir(parents=True, exist_ok=True)
        written: list[Path] = []
        for name in ("contacts", "deals", "tickets"):
            source = self.spool / f"hubspot-{name}.csv"
            base = f"hubspot-crm-exports-all-{name}-{self.stamp}"
            if name == "contacts" and people >= _ZIP_FROM_PEOPLE:
                target = self.folder / f"{base}.zip"
                zip_files(target, [(f"{base}.csv", source)])
            else:
                target = self.folder / f"{base}.csv"
                source.replace(target)
            written.append(target)
        assert self._companies is not None
        self._companies.close()
        target = self.folder / f"hubspot-crm-exports-all-companies-{self.stamp}.xlsx"
        write_workbook(target, [self._companies], as_of)
        return [*written, target]


def _merged_ids(
    into: IntArray, merged: BoolArray, ids: pl.Series, modified: IntArray
) -> tuple[pl.Series, pl.Series]:
    """List the losers of each winner, plain and with the time of the merge."""
    target = into.copy()
    for _ in range(3):
        target = np.where((target >= 0) & (into[target] >= 0), into[target], target)
    losers = np.flatnonzero(merged & (target >= 0))
    lost = ids.gather(pl.Series(losers))
    moment = pl.Series(modified[losers] * 1_000).cast(pl.String)
    lists = (
        pl.DataFrame(
            {"row": target[losers], "id": lost, "vid": join(lost, ":", moment)}
        )
        .group_by("row", maintain_order=True)
        .agg(pl.col("id").str.join(";"), pl.col("vid").str.join(";"))
    )
    rows = lists["row"].to_numpy()
    empty = texts([None]).new_from_index(0, len(ids))
    return patch(empty, rows, lists["id"]), patch(empty, rows, lists["vid"])


def write_companies(
    export: HubspotExport,
    chunk: Chunk,
    companies: AccountRecords,
    salesforce: tuple[AccountRecords, pl.Series],
    truth: TruthLog,
) -> pl.Series:
    """Write companies; returns the ids of all rows, exported or not."""
    rng, size = chunk.rng("hs-company"), len(companies)
    value = {name: column.value for name, column in companies.columns.items()}
    ids = export.ids("companies", companies.created)
    merged = companies.merged_into >= 0
    shown = ~companies.deleted
    synced = salesforce[0].pick(rng, companies.firm, chunk.first_company)
    synced = np.where(chance(rng, size, 0.45), synced, -1)
    merged_ids, _ = _merged_ids(companies.merged_into, merged, ids, companies.modified)
    employees = value["employee_count"].cast(pl.Int64)
    parent = np.where(companies.parent >= 0, companies.parent, -1)
    frame = pl.DataFrame(
        {
            "Record ID": ids,
            "Company name": value["account_name"],
            "Company Domain Name": value["domain"],
            "Website URL": value["website"],
            "Phone Number": value["phone"],
            "Street Address": value["street"],
            "City": value["city"],
            "State/Region": value["state"],
            "Postal Code": value["postal_code"],
            "Country/Region": value["country"],
            "Industry": value["industry"],
            "Number of Employees": employees,
            "Annual Revenue": value["annual_revenue"].cast(pl.Int64),
            "Type": choose(rng, ["Prospect", "Partner", "Reseller", "Other"], size),
            "Parent Company": refer(ids, parent),
            "Company owner": names_of_staff(chunk.world, companies.owner),
            "Lifecycle Stage": pick_words(rng, chunk.world, "lifecycle_stages", size),
            "Create Date": timestamps(companies.created, _MINUTE),
            "Last Modified Date": timestamps(companies.modified, _MINUTE),
            "Merged object IDs": merged_ids,
            "Salesforce Account ID": refer(salesforce[1], synced),
        }
    )
    keep = pl.Series(shown)
    export.append("companies", frame.filter(keep), companies.created[shown])
    keys = "hubspot:companies:" + ids
    real = companies.firm >= 0
    fake = f"t-hsc-{chunk.number}-" + pl.Series(np.arange(size)).cast(pl.String)
    labels = company_labels(pl.Series(companies.firm)).zip_with(pl.Series(real), fake)
    truth.add(
        "truth_accounts",
        source_record_key=keys.filter(keep),
        company_id=labels.filter(keep),
    )
    truth.add(
        "truth_test_records", source_record_key=keys.filter(pl.Series(shown & ~real))
    )
    told = {
        name: companies.columns[name]
        for name in (
            "account_name",
            "domain",
            "website",
            "phone",
            "street",
            "country",
            "industry",
        )
    }
    truth.add_values(keys, told, shown & real)
    return ids


CONTACT_LABELS = (
    "Record ID", "First Name", "Last Name", "Email", "Additional email addresses",
    "Phone Number", "Mobile Phone Number", "Job Title", "Company Name", "Website URL",
    "Street Address", "City", "State/Region", "Postal Code", "Country/Region",
    "Date of birth", "Lifecycle Stage", "Lead Status", "Contact owner",
    "Unsubscribed from all email", "Email hard bounce reason",
    "Email hard bounce reason", "Original Traffic Source", "Create Date",
    "Last Modified Date", "Merged object IDs", "Merged vids with timestamps of a contact",
    "Salesforce Contact ID", "Salesforce Lead ID", "Associated Company",
    "Associated Company IDs", "Associated Company IDs (Primary)",
)  # fmt: skip


def write_contacts(
    export: HubspotExport,
    chunk: Chunk,
    contacts: ContactRecords,
    company_row: IntArray,
    companies: tuple[AccountRecords, pl.Series],
    synced: tuple[pl.Series, pl.Series],
    customer: BoolArray,
    truth: TruthLog,
) -> tuple[pl.Series, BoolArray]:
    """Write contacts; returns the ids of all rows and which were exported."""
    rng, size, world = chunk.rng("hs-contact"), len(contacts), chunk.world
    value = {name: column.value for name, column in contacts.columns.items()}
    ids = export.ids("contacts", contacts.created)
    shown = contacts.status == LIVE
    merged = contacts.status == MERGED
    merged_ids, vids = _merged_ids(contacts.merged_into, merged, ids, contacts.modified)
    extra = texts([None]).new_from_index(0, size)
    rows = np.flatnonzero(merged & (contacts.merged_into >= 0))
    winner = contacts.merged_into[rows]
    unique_winner, first = np.unique(winner, return_index=True)
    extra = patch(extra, unique_winner, value["email"].gather(pl.Series(rows[first])))
    extra = extra.zip_with(extra.ne_missing(value["email"]), texts([None]))
    stage = pick_words(rng, world, "lifecycle_stages", size)
    buys = np.where(
        contacts.firm >= 0, customer[contacts.firm - chunk.first_company], False
    )
    stage = stage.zip_with(
        pl.Series(~(buys & chance(rng, size, 0.8))), texts(["Customer"])
    )
    domain = gather(world.companies.domain, contacts.firm)
    company_ids = refer(companies[1], company_row)
    company_names = refer(companies[0].columns["account_name"].value, company_row)
    birth = value["birth_date"]
    us_style = birth.str.to_date("%Y-%m-%d").dt.strftime("%m/%d/%Y")
    bounced = chance(rng, size, 0.03)
    columns = [
        ids, value["first_name"], value["last_name"], value["email"], extra,
        value["phone"], value["mobile_phone"], value["job_title"],
        value["company_name"], blank(domain, chance(rng, size, 0.5)), value["street"],
        value["city"], value["state"], value["postal_code"], value["country"],
        us_style.zip_with(pl.Series(chance(rng, size, 0.2)), birth), stage,
        blank(choose(rng, ["New", "Open", "In progress", "Connected"], size),
              chance(rng, size, 0.5)),
        names_of_staff(world, contacts.owner),
        texts(["false", "true"]).gather(
            pl.Series(chance(rng, size, 0.06).astype(np.int64))
        ),
        blank(choose(rng, ["UNKNOWN_USER", "MAILBOX_FULL"], size), ~bounced),
        blank(choose(rng, ["Other", "Unknown user"], size), ~bounced),
        pick_words(rng, world, "traffic_sources", size),
        timestamps(contacts.created, _MINUTE), timestamps(contacts.modified, _MINUTE),
        merged_ids, vids, synced[0], synced[1], company_names, company_ids, company_ids,
    ]  # fmt: skip
    frame = pl.DataFrame([c.alias(f"c{i}") for i, c in enumerate(columns)])
    export.append(
        "contacts",
        frame.filter(pl.Series(shown)),
        contacts.created[shown],
        CONTACT_LABELS,
    )
    note_contacts(
        truth,
        chunk,
        contacts,
        "hubspot:contacts:" + ids,
        (*CONTACT_FIELDS, "company_name"),
        "hsc",
        shown,
    )
    return ids, shown


@dataclass(frozen=True, slots=True)
class HubspotDeals:
    """What HubSpot says about deals: its own amount may differ from the truth's."""

    deal: IntArray
    amount: IntArray


def write_deals(
    export: HubspotExport,
    chunk: Chunk,
    deals: Deals,
    names: pl.Series,
    opportunity: tuple[IntArray, pl.Series],
    parties: tuple[IntArray, pl.Series, ContactRecords, pl.Series],
    rates: pl.DataFrame,
    truth: TruthLog,
) -> HubspotDeals:
    """Write the deals that HubSpot knows.

    Args:
        export: Where to.
        chunk: The part of the world in hand.
        deals: All deals of the chunk.
        names: Their names in Salesforce.
        opportunity: Row of each deal in Salesforce (-1 for none) and those rows' ids.
        parties: Company row per deal, company ids, contacts, contact ids.
        rates: Exchange rates, for the amount in the portal's currency.
        truth: Where the truth goes.
    """
    rng, world = chunk.rng("hs-deal"), chunk.world
    company_row, company_ids, contacts, contact_ids = parties
    mine = np.flatnonzero(deals.in_hubspot & (company_row >= 0))
    size = len(mine)
    at = pl.Series(mine)
    shared = opportunity[0][mine] >= 0
    synced = shared & deals.has_sync_id[mine]
    typed = ~synced
    # Entered twice by hand: similar, not equal.
    name = names.gather(at)
    stem = world.companies.stem.gather(pl.Series(deals.firm[mine]))
    looser = [
        name.str.replace(" [–-] ", " / ").str.replace(": ", " "),
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
    created = np.minimum(
        deals.created[mine] + np.where(synced, 300, rng.integers(0, 5, size) * DAY),
        closes,
    )
    created = np.minimum(created, world.clock.last)
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
    contact = contacts.pick(rng, deals.person[mine])

    def if_true(mask: BoolArray, values: pl.Series) -> pl.Series:
        return blank(values, ~mask)

    company = refer(company_ids, company_row[mine])
    flags = texts(["false", "true"])
    frame = pl.DataFrame(
        {
            "Record ID": ids,
            "Deal Name": name,
            "Pipeline": texts(["Sales Pipeline"]).new_from_index(0, size),
            "Deal Stage": texts(list(_STAGES)).gather(pl.Series(stage)),
            "Amount": plain_amount(amount),
            "Currency": currency,
            "Amount in company currency": plain_amount(
                in_home_currency(amount, currency, closes, rates)
            ),
            "Deal probability": plain_amount(_PROBABILITY[stage]),
            "Close Date": timestamps(closes + 12 * 3_600, _MINUTE),
            "Create Date": timestamps(created, _MINUTE),
            "Deal Type": texts(["New Business", "Existing Business"]).gather(
                pl.Series((kind != NEW).astype(np.int64))
            ),
            "Deal owner": names_of_staff(world, draw_owner(rng, world, size)),
            "Is Deal Closed?": flags.gather(pl.Series(closed.astype(np.int64))),
            "Is Closed Won": flags.gather(pl.Series(won.astype(np.int64))),
            "Last Modified Date": timestamps(changed, _MINUTE),
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
                opportunity[1], np.where(synced, opportunity[0][mine], -1)
            ),
            "Associated Company IDs": company,
            "Associated Company IDs (Primary)": company,
            "Associated Contact IDs": refer(contact_ids, contact),
        }
    )
    export.append("deals", frame, created)
    truth.add(
        "truth_deals",
        source_record_key="hubspot:deals:" + ids,
        deal_id=deal_labels(chunk, mine),
    )
    assert RENEWAL == 1
    return HubspotDeals(deal=mine, amount=amount)


def write_tickets(
    export: HubspotExport,
    chunk: Chunk,
    contacts: ContactRecords,
    contact_ids: pl.Series,
    company_row: IntArray,
    company_ids: pl.Series,
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
            "Create Date": timestamps(at, _MINUTE),
            "Close Date": timestamps(np.where(done, done_at, -1), _MINUTE),
            "Last Modified Date": timestamps(np.where(done, done_at, at), _MINUTE),
            "Ticket owner": names_of_staff(chunk.world, contacts.owner[who]),
            "Associated Company IDs": refer(company_ids, company_row[who]),
            "Associated Contact IDs": refer(contact_ids, who),
        }
    )
    export.append("tickets", frame, at)
