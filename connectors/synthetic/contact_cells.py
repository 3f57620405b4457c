"""How people are written down: names, addresses and numbers of contact records.

Belongs here: dirty columns that describe a person in one record. Which records exist
is decided elsewhere; files are written elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from connectors.synthetic.columns import choose, gather
from connectors.synthetic.company_cells import (
    company_name,
    country_name,
    street_line,
)
from connectors.synthetic.contact_names import name_columns
from connectors.synthetic.contact_reach import email_column, phone_columns
from connectors.synthetic.dirt import Column, Kind
from connectors.synthetic.rng import IntArray, chance
from connectors.synthetic.viewpoint import Who
from connectors.synthetic.world import DAY, Chunk


@dataclass(frozen=True, slots=True)
class ContactCells:
    """Dirty columns of contact records, and what their clean e-mail really is.

    `mail_code` identifies the clean address (equal code, equal address); -1 for none.
    """

    columns: dict[str, Column]
    mail_code: IntArray


def _place(rng: np.random.Generator, chunk: Chunk, who: Who) -> dict[str, Column]:
    world, people, companies = chunk.world, chunk.people, chunk.world.companies
    employed, at, size = who.firm >= 0, who.person, len(who)
    own = people.country[at].astype(np.int64)
    country = np.where(employed, companies.country[who.firm], own)
    city = np.where(employed, companies.city[who.firm], people.city[at])
    street = np.where(employed, companies.street[who.firm], people.street[at])
    house = np.where(employed, companies.house[who.firm], people.house[at])
    line = street_line(rng, world, country, street, house)
    columns = {
        "street": line,
        "city": Column.of(gather(world.vocabulary.city.text, city)),
        "state": Column.of(gather(world.vocabulary.state, city)),
        "postal_code": Column.of(gather(world.vocabulary.postcode, city)),
    }
    columns["city"].put(
        chance(rng, size, world.dirt.upper_case),
        Kind.UPPER_CASE,
        lambda s: s.str.to_uppercase(),
    )
    none = chance(rng, size, world.dirt.address_missing)
    for column in columns.values():
        column.drop(none)
    columns["country"] = country_name(rng, world, country)
    return columns


def birth_date(chunk: Chunk, person: IntArray) -> pl.Series:
    """Return ISO birth dates."""
    seconds = (
        chunk.world.clock.end - chunk.people.birth_day[person].astype(np.int64) * DAY
    )
    text = pl.select(
        pl.from_epoch(pl.lit(pl.Series(seconds)), time_unit="s").dt.strftime("%Y-%m-%d")
    )
    return text.to_series()


def describe(rng: np.random.Generator, chunk: Chunk, who: Who) -> ContactCells:
    """Write everything that one record per row may say about its person."""
    world, dirt, size = chunk.world, chunk.world.dirt, len(who)
    columns = name_columns(rng, chunk, who)
    email, code = email_column(rng, chunk, who)
    columns["email"] = email
    columns |= phone_columns(rng, chunk, who)
    columns |= _place(rng, chunk, who)
    company = company_name(rng, world, who.firm)
    company.put(
        chance(rng, size, dirt.company_placeholder),
        Kind.PLACEHOLDER,
        lambda s: choose(rng, world.vocabulary.people["placeholder_companies"], len(s)),
    )
    company.drop(chance(rng, size, dirt.company_missing))
    columns["company_name"] = company
    title = np.where(
        who.earlier_job,
        chunk.people.previous_title[who.person],
        chunk.people.title[who.person],
    )
    job = Column.of(
        gather(world.vocabulary.title.text, np.where(who.firm < 0, -1, title))
    )
    job.drop(chance(rng, size, dirt.title_missing))
    columns["job_title"] = job
    born = Column.of(birth_date(chunk, who.person))
    born.drop(chance(rng, size, dirt.birthdate_missing))
    columns["birth_date"] = born
    return ContactCells(columns=columns, mail_code=code)
