"""HubSpot export files: contacts, companies, deals and tickets with English labels.

Belongs here: how HubSpot shows its records. Merge losers and archived records are not
in an export; a winner names them in `Merged object IDs`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from connectors.synthetic.account_records import LIVE, MERGED, AccountRecords
from connectors.synthetic.columns import blank, choose, gather, join, patch, texts
from connectors.synthetic.contact_records import ContactRecords
from connectors.synthetic.export_files import CsvSpool, zip_files
from connectors.synthetic.marketing_mail import MAIL_LABELS, marketing_mail
from connectors.synthetic.rng import BoolArray, IntArray, chance
from connectors.synthetic.salesforce_ids import refer
from connectors.synthetic.truth import TruthLog, company_labels
from connectors.synthetic.workbooks import SheetSpool, write_workbook
from connectors.synthetic.world import (
    Chunk,
    names_of_staff,
    pick_words,
    timestamps,
)
from connectors.synthetic.writers_salesforce import CONTACT_FIELDS, note_contacts

MINUTE = "%Y-%m-%d %H:%M"
_FIRST_ID = {
    "contacts": 101,
    "companies": 9_400_000_001,
    "deals": 17_100_000_003,
    "tickets": 2_300_000_009,
}
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
            self._company_sheet().append(frame)
        else:
            CsvSpool(self.spool / f"hubspot-{name}.csv").append(frame, labels)

    def _company_sheet(self) -> SheetSpool:
        if self._companies is None:
            path = self.spool / "hubspot-companies.xml"
            self._companies = SheetSpool("companies", path)
        return self._companies

    def close(self, people: int, as_of: date) -> list[Callable[[], Path]]:
        """Return the making of each file; large CSV exports arrive zipped."""
        self.folder.mkdir(parents=True, exist_ok=True)
        packing: list[Callable[[], Path]] = []
        for name in ("contacts", "deals", "tickets"):
            source = self.spool / f"hubspot-{name}.csv"
            base = f"hubspot-crm-exports-all-{name}-{self.stamp}"
            if name == "contacts" and people >= _ZIP_FROM_PEOPLE:
                members = [(f"{base}.csv", source)]
                packing.append(partial(zip_files, self.folder / f"{base}.zip", members))
            else:
                packing.append(partial(source.replace, self.folder / f"{base}.csv"))
        sheet = self._company_sheet()
        sheet.close()
        target = self.folder / f"hubspot-crm-exports-all-companies-{self.stamp}.xlsx"
        return [*packing, partial(write_workbook, target, [sheet], as_of)]


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
            "Create Date": timestamps(companies.created, MINUTE),
            "Last Modified Date": timestamps(companies.modified, MINUTE),
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
    "Associated Company IDs", "Associated Company IDs (Primary)", *MAIL_LABELS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PrimaryCompany:
    """Id and name of the company that each contact is associated with."""

    ids: pl.Series
    names: pl.Series


@dataclass(frozen=True, slots=True)
class SyncIds:
    """Salesforce ids that the sync wrote into contacts."""

    contact: pl.Series
    lead: pl.Series


def write_contacts(
    export: HubspotExport,
    chunk: Chunk,
    contacts: ContactRecords,
    *,
    company: PrimaryCompany,
    synced: SyncIds,
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
    local = np.where(contacts.firm >= 0, contacts.firm - chunk.first_company, 0)
    buys = (contacts.firm >= 0) & customer[local]
    stage = stage.zip_with(
        pl.Series(~(buys & chance(rng, size, 0.8))), texts(["Customer"])
    )
    domain = gather(world.companies.domain, contacts.firm)
    birth = value["birth_date"]
    us_style = birth.str.to_date("%Y-%m-%d").dt.strftime("%m/%d/%Y")
    bounced = chance(rng, size, 0.03)
    has_no_site, is_us_style = chance(rng, size, 0.5), chance(rng, size, 0.2)
    lead_status = blank(
        choose(rng, ["New", "Open", "In progress", "Connected"], size),
        chance(rng, size, 0.5),
    )
    opted_out = chance(rng, size, 0.06)
    columns = [
        ids, value["first_name"], value["last_name"], value["email"], extra,
        value["phone"], value["mobile_phone"], value["job_title"],
        value["company_name"], blank(domain, has_no_site), value["street"],
        value["city"], value["state"], value["postal_code"], value["country"],
        us_style.zip_with(pl.Series(is_us_style), birth), stage, lead_status,
        names_of_staff(world, contacts.owner),
        texts(["false", "true"]).gather(pl.Series(opted_out.astype(np.int64))),
        blank(choose(rng, ["UNKNOWN_USER", "MAILBOX_FULL"], size), ~bounced),
        blank(choose(rng, ["Other", "Unknown user"], size), ~bounced),
        pick_words(rng, world, "traffic_sources", size),
        timestamps(contacts.created, MINUTE), timestamps(contacts.modified, MINUTE),
        merged_ids, vids, synced.contact, synced.lead, company.names, company.ids, company.ids,
        *marketing_mail(
            chunk, contacts.created, has_address=value["email"].is_not_null().to_numpy(),
            bounced=bounced, opted_out=opted_out,
        ),
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
        keys="hubspot:contacts:" + ids,
        fields=(*CONTACT_FIELDS, "company_name"),
        prefix="hsc",
        kept=shown,
    )
    return ids, shown
