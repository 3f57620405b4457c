"""Contact-like records: which source knows which person, how often, in which job.

Belongs here: Salesforce contacts and leads, HubSpot contacts, rows of attendee and
partner lists of one chunk, with duplicates, merges, deletions, mailboxes, test records
and the links between the two CRMs. Files are written elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from connectors.synthetic.account_records import (
    LIVE,
    MERGED,
    AccountRecords,
    duplicate,
    live_spans,
    merge_targets,
    settle_duplicates,
)
from connectors.synthetic.columns import choose, occurrence, patch
from connectors.synthetic.company_cells import company_name
from connectors.synthetic.contact_cells import describe
from connectors.synthetic.contact_reach import shared_mailbox
from connectors.synthetic.dirt import Column, Kind, nothing
from connectors.synthetic.rng import BoolArray, IntArray, chance
from connectors.synthetic.truth import company_labels, person_labels
from connectors.synthetic.viewpoint import Who
from connectors.synthetic.world import DAY, Chunk, draw_owner, draw_times

PERSON, MAILBOX, TEST = 0, 1, 2


@dataclass(frozen=True, slots=True)
class ContactRecords:
    """Contact-like records of one object; rows of one person are adjacent.

    `person` is an index into the chunk, -1 for mailboxes and tests; `firm` is the
    company that the record knows (world-wide index); `status` is live, merged or
    deleted; `nature` is person, mailbox or test.
    """

    person: IntArray
    firm: IntArray
    earlier_job: BoolArray
    nature: IntArray
    status: IntArray
    merged_into: IntArray
    created: IntArray
    modified: IntArray
    owner: IntArray
    mail_code: IntArray
    columns: dict[str, Column]
    first_live: IntArray
    live_count: IntArray

    def __len__(self) -> int:
        return len(self.person)

    def pick(self, rng: np.random.Generator, person: IntArray) -> IntArray:
        """Choose a live record of each person; -1 where there is none."""
        local = np.maximum(person, 0)
        count = np.where(person >= 0, self.live_count[local], 0)
        chosen = self.first_live[local] + (rng.random(len(person)) * count).astype(
            np.int64
        )
        return np.where(count > 0, chosen, -1)


@dataclass(frozen=True, slots=True)
class Membership:
    """Who is in which source, before duplicates: person and job per record."""

    contact: tuple[IntArray, BoolArray]
    lead: tuple[IntArray, BoolArray]
    hubspot: tuple[IntArray, BoolArray]
    attendee: tuple[IntArray, BoolArray]
    partner: tuple[IntArray, BoolArray]


def _two_jobs(
    rng: np.random.Generator, here: BoolArray, old: BoolArray, new: BoolArray
) -> tuple[IntArray, BoolArray]:
    """Turn possible views into records: the old job stays, the new one may follow."""
    size = len(here)
    stale = here & old & (~new | chance(rng, size, 0.75))
    fresh = here & new & (~stale | chance(rng, size, 0.5))
    person = np.concatenate([np.flatnonzero(stale), np.flatnonzero(fresh)])
    earlier = np.concatenate(
        [np.ones(stale.sum(), np.bool_), np.zeros(fresh.sum(), np.bool_)]
    )
    order = np.lexsort((~earlier, person))
    return person[order].astype(np.int64), earlier[order]


def draw_membership(chunk: Chunk) -> Membership:
    """Decide for every person which sources know them; everybody is known somewhere."""
    rng, people, shares = chunk.rng("membership"), chunk.people, chunk.world.proportions
    companies, size = chunk.world.companies, len(chunk.people)
    changed = people.previous >= 0
    consumer = people.company < 0
    now_in = ~consumer & companies.in_salesforce[people.company]
    was_in = changed & companies.in_salesforce[people.previous]
    contact_new = (now_in & chance(rng, size, 0.78)) | (
        consumer & chance(rng, size, 0.08)
    )
    in_contacts = contact_new | was_in
    contact = _two_jobs(rng, in_contacts, was_in, contact_new)
    in_leads = chance(rng, size, shares.lead)
    lead = _two_jobs(
        rng, in_leads, changed & chance(rng, size, 0.4), np.ones(size, np.bool_)
    )
    nowhere = ~in_contacts & ~in_leads
    draw = rng.random(size)
    in_hubspot = np.where(nowhere, draw < 0.94, draw < shares.hubspot)
    hubspot = _two_jobs(
        rng, in_hubspot, changed & chance(rng, size, 0.5), np.ones(size, np.bool_)
    )
    in_attendees = (nowhere & ~in_hubspot) | chance(rng, size, shares.attendee)
    none = np.zeros(size, np.bool_)
    attendee = _two_jobs(rng, in_attendees, none, ~none)
    # The partner list is a cp1252 file: its people come from Western Europe and the US.
    western = np.asarray(
        [
            c.language in {"en", "de", "fr", "es", "nl", "sv", "it", "pt"}
            for c in chunk.world.vocabulary.countries
        ]
    )
    partner = _two_jobs(
        rng,
        chance(rng, size, shares.partner)
        & western[people.country]
        & ~consumer
        & western[companies.country[people.company]],
        none,
        ~none,
    )
    return Membership(contact, lead, hubspot, attendee, partner)


def _special_columns(
    rng: np.random.Generator,
    chunk: Chunk,
    mailbox_firm: IntArray,
    tests: int,
    fields: list[str],
) -> dict[str, Column]:
    words, boxes = chunk.world.vocabulary.people, len(mailbox_firm)
    columns = {field: nothing(boxes + tests) for field in fields}
    names = choose(rng, words["mailbox_names"], boxes)
    columns["last_name"] = Column.of(
        pl.concat([names, choose(rng, words["test_last"], tests)])
    )
    columns["first_name"] = nothing(boxes).then(
        Column.of(choose(rng, words["test_first"], tests))
    )
    number = pl.Series(chunk.number * 10_000 + np.arange(1, tests + 1)).cast(pl.String)
    fake = choose(
        rng, ["test{}@test.com", "test{}@example.com", "asdf{}@asdf.com"], tests
    )
    fake = (
        pl.select(
            pl.lit(fake).str.replace("{}", pl.lit(number), literal=True)
        ).to_series()
        if tests
        else fake
    )
    columns["email"] = Column.of(pl.concat([shared_mailbox(chunk, mailbox_firm), fake]))
    columns["phone"] = nothing(boxes).then(
        Column.of(choose(rng, words["placeholder_phones"], tests))
    )
    columns["company_name"] = company_name(rng, chunk.world, mailbox_firm).then(
        Column.of(choose(rng, chunk.world.vocabulary.companies["test_names"], tests))
    )
    return columns


def make_contacts(
    chunk: Chunk,
    name: str,
    members: tuple[IntArray, BoolArray],
    *,
    special: bool = True,
    again: float | None = None,
    keep_losers: bool = True,
    merges: bool = True,
) -> ContactRecords:
    """Make the contact-like records of one object.

    Args:
        chunk: The part of the world in hand.
        name: The object, which names the random stream.
        members: Person and job per record, ordered by person.
        special: Whether mailboxes and test records are among them.
        again: Rate of duplicates; the world's default if not given.
        keep_losers: Whether merge losers remain as deleted rows (Salesforce).
        merges: Whether users merge duplicates in this source at all.
    """
    rng, world = chunk.rng(f"contacts-{name}"), chunk.world
    dirt, shares, clock = world.dirt, world.proportions, world.clock
    rate = shares.contact_duplicate if again is None else again
    at = duplicate(rng, np.arange(len(members[0])), rate)
    person, earlier = members[0][at], members[1][at]
    view = person * 2 + ~earlier
    order, status = settle_duplicates(
        rng,
        view,
        merged=dirt.duplicate_merged if merges else 0.0,
        deleted=dirt.deleted if keep_losers else 0.0,
        spare_single=not keep_losers,
    )
    person, earlier, view = person[order], earlier[order], view[order]
    into = merge_targets(rng, view, status == MERGED)
    firm = np.where(
        earlier, chunk.people.previous[person], chunk.people.company[person]
    ).astype(np.int64)
    real = len(person)
    cells = describe(rng, chunk, Who(person, firm, earlier))

    boxes = round(dirt.mailbox_record * real) if special else 0
    tests = max(2, round(dirt.test_record * real)) if special else 0
    tests = tests if dirt.test_record > 0 else 0
    firms = chunk.firms()
    box_firm = rng.choice(firms, size=boxes, replace=boxes > len(firms))
    tail = _special_columns(rng, chunk, box_firm, tests, list(cells.columns))
    extra = boxes + tests
    columns = {key: cells.columns[key].then(tail[key]) for key in cells.columns}
    size = real + extra

    # The old job's record predates the change, the new job's record follows it.
    changed = clock.end - chunk.people.changed_days_ago[person].astype(np.int64) * DAY
    has_change = chunk.people.previous[person] >= 0
    latest = np.where(earlier, changed, clock.end - 2 * DAY)
    first = np.where(has_change & ~earlier, changed, clock.start)
    created = draw_times(
        rng,
        np.concatenate([first, np.full(extra, clock.start)]),
        np.concatenate([latest, np.full(extra, clock.end - 2 * DAY)]),
    )
    # Somebody's edit after the job change does not bring the new job in.
    modified = draw_times(rng, created, np.full(size, clock.last))

    first_live, live_count = live_spans(person, status == LIVE, len(chunk.people))
    return ContactRecords(
        person=np.concatenate([person, np.full(extra, -1)]),
        firm=np.concatenate([firm, box_firm, np.full(tests, -1)]),
        earlier_job=np.concatenate([earlier, np.zeros(extra, np.bool_)]),
        nature=np.concatenate(
            [np.full(real, PERSON), np.full(boxes, MAILBOX), np.full(tests, TEST)]
        ),
        status=np.concatenate([status, np.full(extra, LIVE)]),
        merged_into=np.concatenate([into, np.full(extra, -1)]),
        created=created,
        modified=modified,
        owner=draw_owner(rng, world, size),
        mail_code=np.concatenate([cells.mail_code, np.full(extra, -1)]),
        columns=columns,
        first_live=first_live,
        live_count=live_count,
    )


def identity_labels(chunk: Chunk, records: ContactRecords, prefix: str) -> pl.Series:
    """Return the true identity behind each record.

    A mailbox is an identity of its own, one per company; every test record is one.
    """
    box = company_labels(pl.Series(records.firm), "m")
    rows = np.arange(len(records))
    test = pl.Series(rows).cast(pl.String)
    labels = person_labels(records.person + chunk.first_person)
    labels = patch(
        labels,
        np.flatnonzero(records.nature == MAILBOX),
        box.filter(pl.Series(records.nature == MAILBOX)),
    )
    return patch(
        labels,
        np.flatnonzero(records.nature == TEST),
        (f"t-{prefix}-{chunk.number}-" + test).filter(
            pl.Series(records.nature == TEST)
        ),
    )


def account_of(
    rng: np.random.Generator,
    chunk: Chunk,
    contacts: ContactRecords,
    accounts: AccountRecords,
) -> IntArray:
    """Choose the account row of each contact; lost where the company text is lost."""
    row = accounts.pick(rng, contacts.firm, chunk.first_company)
    lost = contacts.columns["company_name"].value.is_null().to_numpy()
    return np.where(lost & (contacts.nature == PERSON), -1, row)


def link_by_view(
    rng: np.random.Generator,
    left: ContactRecords,
    right: ContactRecords,
    rate: float,
) -> IntArray:
    """Link records of the same person and job; each right row is used once at most.

    Returns:
        For each left row a live right row, or -1.
    """
    live = np.flatnonzero((right.status == LIVE) & (right.nature == PERSON))
    keys = right.person[live] * 2 + ~right.earlier_job[live]
    wanted = np.where(left.person >= 0, left.person * 2 + ~left.earlier_job, -1)
    at = np.searchsorted(keys, wanted, "left")
    at = np.minimum(at, max(len(keys) - 1, 0))
    if not len(keys):
        return np.full(len(left), -1)
    hit = (keys[at] == wanted) & (left.status == LIVE) & chance(rng, len(left), rate)
    rows = np.where(hit, live[at], -1)
    taken = occurrence([pl.Series(rows)]) > 0
    return np.where(taken, -1, rows)


def unique_mail(chunk: Chunk, records: ContactRecords) -> None:
    """Empty repeated addresses: HubSpot keeps an address on one contact only."""
    email = records.columns["email"]
    # Placeholders know no chunks: they may only occur in the first one.
    if chunk.number:
        email.drop((email.bits & np.uint64(Kind.PLACEHOLDER)) > 0)
    email.drop(~email.value.str.contains("@", literal=True).fill_null(True).to_numpy())
    key = email.value.str.to_lowercase().str.strip_chars()
    repeated = (occurrence([key.fill_null("")]) > 0) & key.is_not_null().to_numpy()
    email.drop(repeated)
