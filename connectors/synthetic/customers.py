"""Customers of the sheets: who orders, who is invoiced, who subscribes.

Belongs here: the people and companies behind order lines, and how they write
themselves. What they buy is drawn in `revenue`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import polars as pl

from connectors.synthetic.columns import blank, gather, join, patch, texts
from connectors.synthetic.company_cells import company_name
from connectors.synthetic.contact_cells import describe
from connectors.synthetic.contact_reach import shared_mailbox
from connectors.synthetic.dirt import Column, Kind
from connectors.synthetic.money import local_units
from connectors.synthetic.rng import FloatArray, IntArray, chance
from connectors.synthetic.truth import company_labels, person_labels
from connectors.synthetic.viewpoint import Who
from connectors.synthetic.world import Chunk


@dataclass(frozen=True, slots=True)
class Buyers:
    """Customers of the sheets: a person, for a company or for themselves.

    `label` is the true person or mailbox behind the address, `payer` the true company
    or person whose revenue it is.
    """

    person: IntArray
    firm: IntArray
    mail_code: IntArray
    columns: dict[str, Column]
    full_name: Column
    other_company: pl.Series
    domain: pl.Series
    currency: pl.Series
    tax_rate: FloatArray
    units: IntArray
    label: pl.Series
    payer: pl.Series

    def __len__(self) -> int:
        return len(self.person)


def take_buyers(buyers: Buyers, rows: IntArray) -> Buyers:
    """Return some buyers."""
    at = pl.Series(rows)

    def part(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: column.take(rows) for name, column in value.items()}
        if isinstance(value, Column):
            return value.take(rows)
        return value.gather(at) if isinstance(value, pl.Series) else value[rows]

    return Buyers(**{f.name: part(getattr(buyers, f.name)) for f in fields(Buyers)})


def full_name_column(
    rng: np.random.Generator, first: Column, last: Column, reversed_rate: float
) -> Column:
    """Join given and family name into one field, sometimes 'Last, First'."""
    clean = join(first.clean, " ", last.clean).fill_null(last.clean)
    value = join(first.value, " ", last.value).fill_null(last.value)
    column = Column(clean, value, first.bits | last.bits)
    both = first.value.is_not_null().to_numpy() & last.value.is_not_null().to_numpy()
    both &= (
        ~last.value.str.contains(",", literal=True).fill_null(value=False).to_numpy()
    )
    turn = both & chance(rng, len(clean), reversed_rate)
    turned = join(last.value, ", ", first.value)
    column.swap_in(turn, Kind.LAST_COMMA_FIRST, turned)
    # A missing given name still leaves a family name in this field.
    missing = (column.bits & np.uint64(Kind.MISSING)) > 0
    column.bits[missing & column.value.is_not_null().to_numpy()] |= np.uint64(
        Kind.INITIAL_ONLY
    )
    return column


def make_buyers(
    chunk: Chunk, name: str, person: IntArray, mailbox_rate: float
) -> Buyers:
    """Describe the customers of one sheet.

    Args:
        chunk: The part of the world in hand.
        name: The sheet, which names the random stream.
        person: Chunk index of each customer.
        mailbox_rate: Share of business customers who use the company's mailbox.
    """
    world, rng, size = chunk.world, chunk.rng(f"buyers-{name}"), len(person)
    firm = chunk.people.company[person].astype(np.int64)
    cells = describe(rng, chunk, Who(person, firm, np.zeros(size, np.bool_)))
    columns = cells.columns
    # A shop cannot sell without an address: no missing or placeholder ones here.
    email = columns["email"]
    unfit = np.flatnonzero(
        (email.bits & np.uint64(Kind.MISSING | Kind.PLACEHOLDER)) > 0
    )
    email.value = patch(email.value, unfit, email.clean.gather(pl.Series(unfit)))
    email.bits[unfit] = 0
    mailbox = shared_mailbox(chunk, firm)
    use = (firm >= 0) & chance(rng, size, mailbox_rate)
    email.swap_in(use, Kind.SHARED_MAILBOX, mailbox)
    shared = (email.bits & np.uint64(Kind.SHARED_MAILBOX)) > 0

    company = columns["company_name"]
    gone = np.flatnonzero(
        (firm >= 0) & ((company.bits & np.uint64(Kind.MISSING | Kind.PLACEHOLDER)) > 0)
    )
    company.value = patch(company.value, gone, company.clean.gather(pl.Series(gone)))
    company.bits[gone] = 0
    placed = np.flatnonzero(firm < 0)
    company.value = patch(
        company.value, placed, texts([None]).new_from_index(0, len(placed))
    )
    company.bits[placed] = 0

    countries = world.vocabulary.countries
    country = np.where(
        firm >= 0, world.companies.country[firm], chunk.people.country[person]
    ).astype(np.int64)
    own = texts([c.currency for c in countries]).gather(pl.Series(country))
    currency = gather(world.companies.currency, firm).fill_null(own)
    people = person_labels(person + chunk.first_person)
    return Buyers(
        person=person,
        firm=firm,
        mail_code=np.where(shared, -1, cells.mail_code),
        columns=columns,
        full_name=full_name_column(
            rng, columns["first_name"], columns["last_name"], 0.04
        ),
        other_company=company_name(rng, world, firm).value,
        domain=blank(gather(world.companies.domain, firm), chance(rng, size, 0.45)),
        currency=currency,
        tax_rate=np.asarray([c.tax_rate for c in countries])[country],
        units=local_units(currency),
        label=company_labels(pl.Series(firm), "m").zip_with(pl.Series(shared), people),
        payer=company_labels(pl.Series(firm)).zip_with(pl.Series(firm >= 0), people),
    )


def choose_customers(chunk: Chunk) -> dict[str, IntArray]:
    """Draw who buys in the shop, who is invoiced and who subscribes."""
    rng, people = chunk.rng("customers"), chunk.people
    consumer = people.company < 0
    size = len(people)
    draw = rng.random(size)
    order = np.flatnonzero(np.where(consumer, draw < 0.33, draw < 0.033))
    subscriber_people = np.flatnonzero(consumer & (draw > 0.95))
    # One billing contact per invoiced or subscribed company.
    employed = np.flatnonzero(~consumer)
    shuffled = rng.permutation(employed)
    _, first = np.unique(people.company[shuffled], return_index=True)
    contacts = shuffled[first]
    # Nobody is invoiced for a subscription a second time.
    draw = rng.random(len(contacts))
    billed = contacts[draw < 0.055]
    subscribed = contacts[(draw >= 0.055) & (draw < 0.145)]
    return {
        "orders": order.astype(np.int64),
        "invoices": np.sort(billed).astype(np.int64),
        "subscriptions": np.sort(
            np.concatenate([subscriber_people, subscribed])
        ).astype(np.int64),
    }
