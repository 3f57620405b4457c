"""The Salesforce Data Export: ZIPs of CSV files with API-name headers.

Belongs here: the export's container and its people and companies (Account, Contact,
Lead). Staff and price list, deals and activities are written by the sibling modules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from connectors.synthetic.account_records import DELETED, MERGED, AccountRecords
from connectors.synthetic.columns import blank, choose, gather, texts
from connectors.synthetic.contact_records import (
    PERSON,
    TEST,
    ContactRecords,
    identity_labels,
)
from connectors.synthetic.export_files import CsvSpool, zip_files
from connectors.synthetic.rng import BoolArray, IntArray, chance
from connectors.synthetic.salesforce_ids import PREFIXES, IdMint, make_ids, refer
from connectors.synthetic.truth import TruthLog, company_labels
from connectors.synthetic.world import Chunk, pick_words, timestamps

INSTANT = "%Y-%m-%dT%H:%M:%S.000Z"
_SPLIT = ("Contact", "Task", "Event", "OpportunityFieldHistory")


@dataclass(slots=True)
class SalesforceExport:
    """Spools one CSV per object and packs them as the weekly export does.

    `parts` is the number of ZIPs, `chunk` which chunk of how many is being written.
    """

    folder: Path
    spool: Path
    parts: int
    chunk: tuple[int, int] = (0, 1)
    mint: IdMint = field(default_factory=IdMint)
    counts: dict[str, int] = field(default_factory=dict)

    def append(self, name: str, frame: pl.DataFrame, created: IntArray) -> None:
        """Write rows of one object, oldest first."""
        frame = frame[pl.Series(np.argsort(created, kind="stable"))]
        self.counts[name] = self.counts.get(name, 0) + len(frame)
        parts = self.parts if name in _SPLIT else 1
        chunk, chunks = self.chunk
        for part in range(parts):
            # The part that this chunk's share of all rows falls into.
            edges = [
                round(len(frame) * min(max(chunks * at / parts - chunk, 0.0), 1.0))
                for at in (part, part + 1)
            ]
            if edges[1] > edges[0] or chunk == 0:
                spool = CsvSpool(self.spool / f"{name}.{part}.csv", quote_all=True)
                spool.append(frame[edges[0] : edges[1]])

    def close(self) -> list[Callable[[], Path]]:
        """Return the packing of each ZIP, to be called in any order.

        The biggest objects are split over all ZIPs, every other object is in the first
        one, and User is repeated in each: all three happen in real exports.
        """
        org = make_ids(PREFIXES["Organization"], np.asarray([62**5 + 7]))[0]
        self.folder.mkdir(parents=True, exist_ok=True)
        packing: list[Callable[[], Path]] = []
        for part in range(self.parts):
            members = [
                (f"{name}.csv", self.spool / f"{name}.{at}.csv")
                for name in sorted(self.counts)
                for at in [part if name in _SPLIT else 0]
                if part == 0 or name in _SPLIT or name == "User"
            ]
            target = self.folder / f"WE_{org}_{part + 1}.ZIP"
            packing.append(partial(zip_files, target, members))
        return packing


@dataclass(frozen=True, slots=True)
class SalesforceKeys:
    """Ids of one chunk's records, by row of the record tables."""

    accounts: pl.Series
    contacts: pl.Series
    leads: pl.Series
    users: pl.Series
    products: pl.Series


def flag(mask: BoolArray) -> pl.Series:
    """Write booleans as the Data Export does."""
    return texts(["0", "1"]).gather(pl.Series(mask.astype(np.int64)))


def write_accounts(
    export: SalesforceExport,
    chunk: Chunk,
    accounts: AccountRecords,
    users: pl.Series,
    truth: TruthLog,
) -> pl.Series:
    """Write Account rows; returns their ids."""
    rng, size = chunk.rng("sf-account"), len(accounts)
    value = {name: column.value for name, column in accounts.columns.items()}
    ids = export.mint.take("Account", accounts.created)
    merged = accounts.merged_into >= 0
    modified = timestamps(accounts.modified, INSTANT)
    currency = gather(chunk.world.companies.currency, accounts.firm).fill_null("USD")
    owner = refer(users, accounts.owner)
    frame = pl.DataFrame(
        {
            "Id": ids,
            "IsDeleted": flag(accounts.deleted),
            "MasterRecordId": refer(ids, accounts.merged_into),
            "Name": value["account_name"],
            "Type": choose(rng, ["Customer", "Prospect", "Partner", "Other"], size),
            "ParentId": refer(ids, np.where(merged, -1, accounts.parent)),
            "BillingStreet": value["street"],
            "BillingCity": value["city"],
            "BillingState": value["state"],
            "BillingPostalCode": value["postal_code"],
            "BillingCountry": value["country"],
            "Phone": value["phone"],
            "Website": value["website"],
            "Industry": value["industry"],
            "AnnualRevenue": value["annual_revenue"],
            "NumberOfEmployees": value["employee_count"],
            "OwnerId": owner,
            "CreatedDate": timestamps(accounts.created, INSTANT),
            "CreatedById": owner,
            "LastModifiedDate": modified,
            "SystemModstamp": modified,
            "AccountSource": pick_words(rng, chunk.world, "lead_sources", size),
            "CurrencyIsoCode": currency,
            "Tier__c": value["tier"],
        }
    )
    export.append("Account", frame, accounts.created)
    keys = "salesforce:account:" + ids
    real = accounts.firm >= 0
    labels = company_labels(pl.Series(accounts.firm))
    fake = f"t-sfa-{chunk.number}-" + pl.Series(np.arange(size)).cast(pl.String)
    truth.add(
        "truth_accounts",
        source_record_key=keys,
        company_id=labels.zip_with(pl.Series(real), fake),
    )
    truth.add("truth_test_records", source_record_key=keys.filter(pl.Series(~real)))
    told = {
        name: accounts.columns[name]
        for name in (
            "account_name",
            "website",
            "phone",
            "street",
            "country",
            "industry",
        )
    }
    truth.add_values(keys, told, real)
    return ids


def note_contacts(
    truth: TruthLog,
    chunk: Chunk,
    records: ContactRecords,
    *,
    keys: pl.Series,
    fields: tuple[str, ...],
    prefix: str,
    kept: BoolArray | None = None,
) -> None:
    """Write the truth of contact-like records (of those that were exported)."""
    labels = identity_labels(chunk, records, prefix)
    shown = np.ones(len(records), np.bool_) if kept is None else kept
    truth.add(
        "truth_contacts",
        source_record_key=keys.filter(pl.Series(shown)),
        person_id=labels.filter(pl.Series(shown)),
    )
    employed = pl.Series((records.nature == PERSON) & (records.firm >= 0) & shown)
    truth.add(
        "truth_employers",
        source_record_key=keys.filter(employed),
        company_id=company_labels(pl.Series(records.firm)).filter(employed),
    )
    tests = pl.Series((records.nature == TEST) & shown)
    truth.add("truth_test_records", source_record_key=keys.filter(tests))
    told = {name: records.columns[name] for name in fields}
    truth.add_values(keys, told, (records.nature == PERSON) & shown)


CONTACT_FIELDS = (
    "first_name", "last_name", "email", "phone", "mobile_phone", "street", "city",
    "country",
)  # fmt: skip


def write_contacts(
    export: SalesforceExport,
    chunk: Chunk,
    contacts: ContactRecords,
    *,
    accounts: pl.Series,
    users: pl.Series,
    truth: TruthLog,
) -> pl.Series:
    """Write Contact rows; returns their ids.

    Args:
        export: Where to.
        chunk: The part of the world in hand.
        contacts: The records.
        accounts: Account id of each contact.
        users: Ids of users.
        truth: Where the truth goes.
    """
    rng, size = chunk.rng("sf-contact"), len(contacts)
    value = {name: column.value for name, column in contacts.columns.items()}
    ids = export.mint.take("Contact", contacts.created)
    modified = timestamps(contacts.modified, INSTANT)
    owner = refer(users, contacts.owner)
    departments = pick_words(rng, chunk.world, "departments", size)
    frame = pl.DataFrame(
        {
            "Id": ids,
            "IsDeleted": flag(
                (contacts.status == MERGED) | (contacts.status == DELETED)
            ),
            "MasterRecordId": refer(ids, contacts.merged_into),
            "AccountId": accounts,
            "LastName": value["last_name"],
            "FirstName": value["first_name"],
            "Salutation": value["salutation"],
            "MiddleName": value["middle_name"],
            "Suffix": value["suffix"],
            "MailingStreet": value["street"],
            "MailingCity": value["city"],
            "MailingState": value["state"],
            "MailingPostalCode": value["postal_code"],
            "MailingCountry": value["country"],
            "Phone": value["phone"],
            "MobilePhone": value["mobile_phone"],
            "HomePhone": value["home_phone"],
            "Email": value["email"],
            "Title": value["job_title"],
            "Department": blank(departments, chance(rng, size, 0.5)),
            "LeadSource": pick_words(rng, chunk.world, "lead_sources", size),
            "Birthdate": value["birth_date"],
            "HasOptedOutOfEmail": flag(chance(rng, size, 0.05)),
            "DoNotCall": flag(chance(rng, size, 0.03)),
            "OwnerId": owner,
            "CreatedDate": timestamps(contacts.created, INSTANT),
            "CreatedById": owner,
            "LastModifiedDate": modified,
            "SystemModstamp": modified,
        }
    )
    export.append("Contact", frame, contacts.created)
    note_contacts(
        truth,
        chunk,
        contacts,
        keys="salesforce:contact:" + ids,
        fields=CONTACT_FIELDS,
        prefix="sfc",
    )
    return ids


@dataclass(frozen=True, slots=True)
class Conversions:
    """What each lead became: ids of contact, account and opportunity, or null."""

    contact: pl.Series
    account: pl.Series
    opportunity: pl.Series


def write_leads(
    export: SalesforceExport,
    chunk: Chunk,
    leads: ContactRecords,
    *,
    became: Conversions,
    keys: SalesforceKeys,
    truth: TruthLog,
) -> None:
    """Write Lead rows under the ids in `keys`."""
    ids, users = keys.leads, keys.users
    rng, size = chunk.rng("sf-lead"), len(leads)
    value = {name: column.value for name, column in leads.columns.items()}
    converted = became.contact.is_not_null().to_numpy()
    modified = timestamps(leads.modified, INSTANT)
    owner = refer(users, leads.owner)
    status = choose(
        rng, ["Open - Not Contacted", "Working - Contacted", "Unqualified"], size
    ).zip_with(pl.Series(~converted), texts(["Closed - Converted"]))
    when = timestamps(np.where(converted, leads.modified, -1), "%Y-%m-%d")
    companies = chunk.world.companies
    frame = pl.DataFrame(
        {
            "Id": ids,
            "IsDeleted": flag((leads.status == MERGED) | (leads.status == DELETED)),
            "MasterRecordId": refer(ids, leads.merged_into),
            "LastName": value["last_name"],
            "FirstName": value["first_name"],
            "Salutation": value["salutation"],
            "MiddleName": value["middle_name"],
            "Suffix": value["suffix"],
            "Title": value["job_title"],
            "Company": value["company_name"].fill_null("[not provided]"),
            "Street": value["street"],
            "City": value["city"],
            "State": value["state"],
            "PostalCode": value["postal_code"],
            "Country": value["country"],
            "Phone": value["phone"],
            "MobilePhone": value["mobile_phone"],
            "Email": value["email"],
            "Website": blank(
                gather(companies.domain, leads.firm), chance(rng, size, 0.7)
            ),
            "LeadSource": pick_words(rng, chunk.world, "lead_sources", size),
            "Status": status,
            "Industry": blank(
                gather(companies.industry, leads.firm), chance(rng, size, 0.5)
            ),
            "Rating": choose(rng, ["Hot", "Warm", "Cold"], size),
            "OwnerId": owner,
            "IsConverted": flag(converted),
            "ConvertedDate": when,
            "ConvertedAccountId": became.account,
            "ConvertedContactId": became.contact,
            "ConvertedOpportunityId": became.opportunity,
            "HasOptedOutOfEmail": flag(chance(rng, size, 0.05)),
            "DoNotCall": flag(chance(rng, size, 0.03)),
            "CreatedDate": timestamps(leads.created, INSTANT),
            "CreatedById": owner,
            "LastModifiedDate": modified,
            "SystemModstamp": modified,
        }
    )
    export.append("Lead", frame, leads.created)
    note_contacts(
        truth,
        chunk,
        leads,
        keys="salesforce:lead:" + ids,
        fields=(*CONTACT_FIELDS, "company_name"),
        prefix="sfl",
    )
