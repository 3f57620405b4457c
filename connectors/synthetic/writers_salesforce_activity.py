"""Salesforce activities, cases, campaigns and a custom object.

Belongs here: Task, Event, Case, Campaign, CampaignMember and Health_Score__c.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from connectors.synthetic.account_records import LIVE, AccountRecords
from connectors.synthetic.columns import blank, choose, digits, join, texts
from connectors.synthetic.contact_records import PERSON, ContactRecords
from connectors.synthetic.rng import IntArray, chance
from connectors.synthetic.salesforce_ids import refer
from connectors.synthetic.world import DAY, Chunk, World, draw_times, timestamps
from connectors.synthetic.writers_salesforce import (
    INSTANT,
    SalesforceExport,
    SalesforceKeys,
    flag,
)
from connectors.synthetic.writers_salesforce_sales import Opportunities

_DATE = "%Y-%m-%d"
_TASKS = {
    "Email": [
        "Email: Intro",
        "Email: Follow-up",
        "Email: Re: Quote",
        "Newsletter sent",
    ],
    "Call": ["Call", "Left voicemail", "Discovery call", "Renewal call"],
    "Task": ["Send contract", "Prepare proposal", "Check in", "Update CRM"],
}
_MEETINGS = ["Demo", "Kick-off", "Quarterly business review", "Lunch", "Workshop"]
_CASES = [
    "Cannot log in",
    'Invoice says "paid" but is not',
    "Question about export",
    "Feature request",
    "Printer, scanner and label offline",
    "Wrong delivery address",
]


def write_campaigns(
    export: SalesforceExport, world: World, users: pl.Series
) -> pl.Series:
    """Write the org's campaigns; returns their ids, oldest first."""
    rng, size = world.streams.get("campaigns"), 24
    start = np.sort(rng.integers(world.clock.start, world.clock.end - 40 * DAY, size))
    ids = export.mint.take("Campaign", start)
    stamp = timestamps(start, INSTANT)
    kind = choose(rng, ["Webinar", "Trade Show", "Email", "Advertisement"], size)
    cost = pl.Series(rng.integers(10, 400, size) * 100).cast(pl.String)
    frame = pl.DataFrame(
        {
            "Id": ids,
            "IsDeleted": flag(np.zeros(size, np.bool_)),
            "Name": join(kind, " ", timestamps(start, "%Y-%m")),
            "Type": kind,
            "Status": choose(rng, ["Completed", "In Progress"], size),
            "StartDate": timestamps(start, _DATE),
            "EndDate": timestamps(start + 30 * DAY, _DATE),
            "BudgetedCost": cost,
            "ActualCost": cost,
            "OwnerId": refer(users, rng.integers(0, len(users), size)),
            "CreatedDate": stamp,
            "LastModifiedDate": stamp,
            "SystemModstamp": stamp,
        }
    )
    export.append("Campaign", frame, start)
    return ids


def live_people(records: ContactRecords) -> IntArray:
    """Rows of people that are neither merged nor deleted."""
    return np.flatnonzero((records.status == LIVE) & (records.nature == PERSON))


def write_activities(
    export: SalesforceExport,
    chunk: Chunk,
    contacts: ContactRecords,
    leads: ContactRecords,
    *,
    account_row: IntArray,
    opportunities: Opportunities,
    keys: SalesforceKeys,
) -> None:
    """Write Task and Event: who was contacted, about what."""
    world, shares = chunk.world, chunk.world.proportions
    opportunity = np.full(len(contacts), -1)
    has_contact = np.flatnonzero((opportunities.contact >= 0) & ~opportunities.deleted)
    opportunity[opportunities.contact[has_contact]] = has_contact
    for name, rate in (
        ("Task", shares.tasks_per_contact),
        ("Event", shares.events_per_contact),
    ):
        rng = chunk.rng(f"sf-{name}")
        people, prospects = live_people(contacts), live_people(leads)
        # A few contacts get most of the attention.
        busy = rng.gamma(0.6, rate / 0.6, len(people))
        who = np.repeat(people, rng.poisson(busy))
        lead = np.repeat(prospects, rng.poisson(rate / 4, len(prospects)))
        size = len(who) + len(lead)
        who_id = pl.concat([refer(keys.contacts, who), refer(keys.leads, lead)])
        account = np.concatenate([account_row[who], np.full(len(lead), -1)])
        deal = np.concatenate([opportunity[who], np.full(len(lead), -1)])
        deal = np.where(chance(rng, size, 0.5), deal, -1)
        account_id = refer(keys.accounts, account)
        what_id = refer(opportunities.ids, deal).fill_null(account_id)
        known = np.concatenate([contacts.created[who], leads.created[lead]])
        at = draw_times(rng, known, np.full(size, world.clock.last))
        owner = np.concatenate([contacts.owner[who], leads.owner[lead]])
        writer = _task_columns if name == "Task" else _event_columns
        stamp = timestamps(at, INSTANT)
        frame = pl.DataFrame(
            {
                "Id": export.mint.take(name, at),
                "WhoId": who_id,
                "WhatId": what_id,
                "AccountId": account_id,
                **writer(rng, at, size),
                "OwnerId": refer(keys.users, owner),
                "IsDeleted": flag(chance(rng, size, world.dirt.deleted)),
                "CreatedDate": stamp,
                "LastModifiedDate": stamp,
                "SystemModstamp": stamp,
            }
        )
        export.append(name, frame, at)


def _task_columns(
    rng: np.random.Generator, at: IntArray, size: int
) -> dict[str, pl.Series]:
    kind = rng.integers(0, 3, size)
    names = list(_TASKS)
    subjects = texts([s for name in names for s in _TASKS[name]])
    width = len(_TASKS[names[0]])
    subject = subjects.gather(pl.Series(kind * width + rng.integers(0, width, size)))
    closed = ~chance(rng, size, 0.1)
    call = choose(rng, ["Outbound", "Outbound", "Inbound"], size)
    return {
        "Subject": subject,
        "ActivityDate": timestamps(at, _DATE),
        "Status": texts(["Open", "Completed"]).gather(
            pl.Series(closed.astype(np.int64))
        ),
        "Priority": choose(rng, ["Normal", "Normal", "High"], size),
        "TaskSubtype": texts(names).gather(pl.Series(kind)),
        "CallType": blank(call, kind != 1),
        "IsClosed": flag(closed),
        "CompletedDateTime": timestamps(np.where(closed, at, -1), INSTANT),
    }


def _event_columns(
    rng: np.random.Generator, at: IntArray, size: int
) -> dict[str, pl.Series]:
    length = rng.integers(1, 5, size) * 1_800
    return {
        "Subject": choose(rng, _MEETINGS, size),
        "StartDateTime": timestamps(at, INSTANT),
        "EndDateTime": timestamps(at + length, INSTANT),
        "ActivityDateTime": timestamps(at, INSTANT),
        "ActivityDate": timestamps(at, _DATE),
        "Type": choose(rng, ["Meeting", "Meeting", "Call"], size),
        "EventSubtype": texts(["Event"]).new_from_index(0, size),
    }


def write_cases(
    export: SalesforceExport,
    chunk: Chunk,
    contacts: ContactRecords,
    account_row: IntArray,
    keys: SalesforceKeys,
) -> None:
    """Write Case: some contacts need help, a few often."""
    rng, clock = chunk.rng("sf-case"), chunk.world.clock
    people = live_people(contacts)
    who = np.repeat(people, rng.poisson(rng.gamma(0.3, 0.5, len(people))))
    size = len(who)
    at = draw_times(rng, contacts.created[who], np.full(size, clock.last))
    closed_at = at + (rng.lognormal(11.5, 1.2, size)).astype(np.int64)
    closed = closed_at < clock.end
    changed = timestamps(np.where(closed, closed_at, at), INSTANT)
    number = digits(export.counts.get("Case", 0) + np.arange(size) + 1_000, 8)
    lines = choose(
        rng, ["", "", "See attached.\nThanks,\nregards", 'He said "now".'], size
    )
    frame = pl.DataFrame(
        {
            "Id": export.mint.take("Case", at),
            "IsDeleted": flag(chance(rng, size, chunk.world.dirt.deleted)),
            "MasterRecordId": texts([None]).new_from_index(0, size),
            "CaseNumber": number,
            "ContactId": refer(keys.contacts, who),
            "AccountId": refer(keys.accounts, account_row[who]),
            "Type": choose(rng, ["Question", "Problem", "Feature Request"], size),
            "Status": texts(["New", "Closed"]).gather(
                pl.Series(closed.astype(np.int64))
            ),
            "Reason": choose(rng, ["Installation", "Billing", "Other"], size),
            "Origin": choose(rng, ["Email", "Phone", "Web"], size),
            "Subject": choose(rng, _CASES, size),
            "Priority": choose(rng, ["Low", "Medium", "High"], size),
            "Description": lines,
            "IsClosed": flag(closed),
            "ClosedDate": timestamps(np.where(closed, closed_at, -1), INSTANT),
            "OwnerId": refer(keys.users, contacts.owner[who]),
            "CreatedDate": timestamps(at, INSTANT),
            "LastModifiedDate": changed,
            "SystemModstamp": changed,
        }
    )
    export.append("Case", frame, at)


def write_campaign_members(
    export: SalesforceExport,
    chunk: Chunk,
    contacts: ContactRecords,
    leads: ContactRecords,
    *,
    keys: SalesforceKeys,
    campaigns: pl.Series,
) -> None:
    """Write CampaignMember: a third of contacts and leads, one campaign each."""
    rng, clock = chunk.rng("sf-member"), chunk.world.clock
    people, prospects = live_people(contacts), live_people(leads)
    who = people[chance(rng, len(people), 0.3)]
    lead = prospects[chance(rng, len(prospects), 0.4)]
    size = len(who) + len(lead)
    known = np.concatenate([contacts.created[who], leads.created[lead]])
    at = draw_times(rng, known, np.full(size, clock.last))
    responded = chance(rng, size, 0.3)
    none = texts([None])
    stamp = timestamps(at, INSTANT)
    frame = pl.DataFrame(
        {
            "Id": export.mint.take("CampaignMember", at),
            "IsDeleted": flag(np.zeros(size, np.bool_)),
            "CampaignId": refer(campaigns, rng.integers(0, len(campaigns), size)),
            "LeadId": pl.concat(
                [none.new_from_index(0, len(who)), refer(keys.leads, lead)]
            ),
            "ContactId": pl.concat(
                [refer(keys.contacts, who), none.new_from_index(0, len(lead))]
            ),
            "Status": texts(["Sent", "Responded"]).gather(
                pl.Series(responded.astype(np.int64))
            ),
            "HasResponded": flag(responded),
            "FirstRespondedDate": timestamps(np.where(responded, at, -1), _DATE),
            "CreatedDate": stamp,
            "LastModifiedDate": stamp,
            "SystemModstamp": stamp,
        }
    )
    export.append("CampaignMember", frame, at)


def write_health_scores(
    export: SalesforceExport,
    chunk: Chunk,
    accounts: AccountRecords,
    keys: SalesforceKeys,
) -> None:
    """Write the custom object Health_Score__c: quarterly scores of some accounts."""
    rng, clock = chunk.rng("sf-health"), chunk.world.clock
    live = np.flatnonzero(~accounts.deleted & (accounts.firm >= 0))
    rated = live[chance(rng, len(live), 0.3)]
    account = np.repeat(rated, rng.integers(1, 4, len(rated)))
    size = len(account)
    at = draw_times(rng, accounts.created[account], np.full(size, clock.last))
    score = np.clip(rng.normal(65, 20, size), 0, 100).astype(np.int64)
    grade = texts(["Red", "Yellow", "Green"]).gather(
        pl.Series((score >= 40).astype(np.int64) + (score >= 70))
    )
    number = digits(export.counts.get("Health_Score__c", 0) + np.arange(size) + 1, 6)
    stamp = timestamps(at, INSTANT)
    frame = pl.DataFrame(
        {
            "Id": export.mint.take("Health_Score__c", at),
            "OwnerId": refer(keys.users, accounts.owner[account]),
            "IsDeleted": flag(np.zeros(size, np.bool_)),
            "Name": join("HS-", number),
            "Account__c": keys.accounts.gather(pl.Series(account)),
            "Score__c": join(pl.Series(score).cast(pl.String), ".0"),
            "Grade__c": grade,
            "Scored_On__c": timestamps(at, _DATE),
            "CreatedDate": stamp,
            "LastModifiedDate": stamp,
            "SystemModstamp": stamp,
        }
    )
    export.append("Health_Score__c", frame, at)
