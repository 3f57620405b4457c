"""The people of the world: one row per real person, before any dirt.

Belongs here: identity, job, household and reachable addresses of people. Numbers are
drawn chunk by chunk for the whole world first (a few dozen bytes a person), because
free-mail addresses and telephone numbers must be unique across chunks; text is made
per chunk only.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import polars as pl

from connectors.synthetic.columns import (
    blank,
    by_group,
    choose,
    digits,
    gather,
    join,
    occurrence,
    texts,
)
from connectors.synthetic.companies import Companies, rank_within
from connectors.synthetic.phones import national_numbers
from connectors.synthetic.rng import (
    BoolArray,
    IntArray,
    Streams,
    chance,
    pick,
    weighted,
)
from connectors.synthetic.settings import Proportions
from connectors.synthetic.vocabulary import Vocabulary

# Share of people with two family names, by language.
_DOUBLE_NAMES = {"es": 0.6, "pt": 0.6, "de": 0.02, "fr": 0.02, "en": 0.01}
_LOCAL_HIRE = 0.9
_SHARED_FAMILY_MAILBOX = 0.12


@dataclass(frozen=True, slots=True)
class People:
    """Numbers that describe people; -1 where nothing applies.

    `company` and `previous` are world-wide company indices, `head` the world-wide index
    of the first member of the household.
    """

    country: IntArray
    gender: IntArray
    first: IntArray
    last: IntArray
    second_last: IntArray
    middle: IntArray
    generation: IntArray
    company: IntArray
    previous: IntArray
    changed_days_ago: IntArray
    head: IntArray
    shares_mail: BoolArray
    birth_day: IntArray
    title: IntArray
    previous_title: IntArray
    extension: IntArray
    city: IntArray
    street: IntArray
    house: IntArray
    has_doctorate: BoolArray

    def __len__(self) -> int:
        return len(self.country)

    def part(self, start: int, end: int) -> People:
        """Return the rows of one chunk."""
        return People(
            **{f.name: getattr(self, f.name)[start:end] for f in fields(self)}
        )


@dataclass(frozen=True, slots=True)
class Addresses:
    """Unique ways to reach the people of one chunk, as clean text."""

    work_mail: pl.Series
    previous_mail: pl.Series
    free_mail: pl.Series
    mobile: pl.Series
    home_phone: pl.Series


def _draw_chunk(
    rng: np.random.Generator,
    vocabulary: Vocabulary,
    proportions: Proportions,
    companies: Companies,
    *,
    people: tuple[int, int],
    firms: tuple[int, int],
) -> People:
    size = people[1] - people[0]
    countries = vocabulary.countries
    cumulative = np.cumsum(companies.weight[firms[0] : firms[1]])

    def employer() -> IntArray:
        return firms[0] + weighted(cumulative, rng.random(size))

    consumer = chance(rng, size, proportions.consumer)
    company = np.where(consumer, -1, employer())
    earlier = employer()
    changed = ~consumer & chance(rng, size, proportions.job_change)
    changed &= earlier != company
    previous = np.where(changed, earlier, -1)

    anywhere = pick(rng, [c.share for c in countries], size)
    hired_at_home = chance(rng, size, _LOCAL_HIRE) & (company >= 0)
    country = np.where(hired_at_home, companies.country[company], anywhere)
    gender = rng.integers(0, 2, size)

    related = chance(rng, size, proportions.family)
    related[0] = False
    related[1:] &= ~related[:-1]
    rows = np.flatnonzero(related)
    heads = rows - 1
    country[rows] = country[heads]
    first = vocabulary.first.draw(rng, country, gender)
    last = vocabulary.last.draw(rng, country, gender)
    second = vocabulary.last.draw(rng, country, gender)
    double = rng.random(size) < np.asarray(
        [_DOUBLE_NAMES.get(c.language, 0.0) for c in countries]
    ).take(country)
    second_last = np.where(double, second, -1)
    birth_day = (rng.normal(16_200, 4_300, size)).astype(np.int64)  # days before as_of
    generation = np.zeros(size, np.int64)

    namesake = chance(rng, len(rows), proportions.same_name_family)
    sons, fathers = rows[namesake], heads[namesake]
    gender[sons] = gender[fathers]
    first[sons] = first[fathers]
    generation[sons], generation[fathers] = 2, 1
    birth_day[sons] = birth_day[fathers] - rng.integers(8_000, 13_000, len(sons))
    last[rows] = last[heads]
    second_last[rows] = second_last[heads]
    head = np.arange(people[0], people[1])
    head[rows] = people[0] + heads

    city = vocabulary.city.draw(rng, country)
    street = vocabulary.street.draw(rng, country)
    house = rng.integers(1, 180, size)
    for place in (city, street, house):
        place[rows] = place[heads]
    return People(
        country=country,
        gender=gender,
        first=first,
        last=last,
        second_last=second_last,
        middle=np.where(chance(rng, size, 0.15), rng.integers(0, 26, size), -1),
        generation=generation,
        company=company,
        previous=previous,
        changed_days_ago=rng.integers(60, 30 * proportions.history_months - 60, size),
        head=head,
        shares_mail=related & chance(rng, size, _SHARED_FAMILY_MAILBOX),
        birth_day=np.clip(birth_day, 7_000, 30_000),
        title=vocabulary.title.draw(rng, country),
        previous_title=vocabulary.title.draw(rng, country),
        extension=np.where(chance(rng, size, 0.4), rng.integers(10, 9999, size), -1),
        city=city,
        street=street,
        house=house,
        has_doctorate=chance(rng, size, 0.03),
    )


def draw_people(
    streams: Streams,
    vocabulary: Vocabulary,
    proportions: Proportions,
    companies: Companies,
    *,
    people_bounds: list[tuple[int, int]],
    company_bounds: list[tuple[int, int]],
) -> People:
    """Draw every person of the world, as numbers."""
    chunks = [
        _draw_chunk(
            streams.get("people", chunk),
            vocabulary,
            proportions,
            companies,
            people=people,
            firms=firms,
        )
        for chunk, (people, firms) in enumerate(
            zip(people_bounds, company_bounds, strict=True)
        )
    ]
    # Small types: five million people stay below a gigabyte.
    columns: dict[str, Any] = {
        f.name: np.concatenate([getattr(c, f.name) for c in chunks])
        for f in fields(People)
    }
    return People(
        **{
            name: values if values.dtype == np.bool_ else values.astype(np.int32)
            for name, values in columns.items()
        }
    )


@dataclass(frozen=True, slots=True)
class Ordinals:
    """World-wide ranks that make free-mail addresses and numbers unique."""

    namesake: IntArray
    national: IntArray


def rank_people(people: People, vocabulary: Vocabulary) -> Ordinals:
    """Rank people among those with the same name slug, and within their country."""
    first = vocabulary.first.slug_id[people.first]
    last = vocabulary.last.slug_id[people.last]
    key = first * (int(vocabulary.last.slug_id.max()) + 1) + last
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    fresh = np.ones(len(key), np.bool_)
    fresh[1:] = ordered[1:] != ordered[:-1]
    at = np.arange(len(key))
    start = np.maximum.accumulate(np.where(fresh, at, 0))
    namesake = np.empty(len(key), np.int64)
    namesake[order] = at - start
    return Ordinals(
        namesake=namesake.astype(np.int32),
        national=rank_within(people.country, len(vocabulary.countries)).astype(
            np.int32
        ),
    )


def family_name(
    people: People, vocabulary: Vocabulary, form: str = "text"
) -> pl.Series:
    """Return the family name, with the second one where people carry two.

    Args:
        people: Whose names.
        vocabulary: Where the names are.
        form: `text` (as it is), `plain` (no diacritics) or `expanded` (Mueller).
    """
    table: pl.Series = getattr(vocabulary.last, form)
    one = gather(table, people.last)
    two = gather(table, people.second_last)
    link = texts(
        [" " if c.language in {"es", "pt"} else "-" for c in vocabulary.countries]
    ).gather(pl.Series(people.country))
    return join(one, link, two).fill_null(one)


def _work_addresses(
    people: People,
    companies: Companies,
    vocabulary: Vocabulary,
    employers: tuple[IntArray, IntArray],
) -> tuple[pl.Series, pl.Series]:
    """Address at the current and at the previous employer, unique per company."""
    first = gather(vocabulary.first.slug, people.first)
    last = gather(vocabulary.last.slug, people.last)
    forms = [
        join(first, ".", last),
        join(first.str.slice(0, 1), last),
        first,
        join(first, "_", last),
        join(last, ".", first),
        join(first, last.str.slice(0, 1)),
    ]
    size = len(people)
    firm = np.concatenate(employers)
    convention = np.where(firm >= 0, companies.convention[firm], 0)
    local = by_group(
        convention,
        2 * size,
        lambda k, rows: forms[k].gather(pl.Series(rows % size)),
    )
    repeat = occurrence([pl.Series(firm), local])
    number = pl.Series(np.where(repeat > 0, repeat + 1, -1)).cast(pl.String)
    number = blank(number, repeat == 0).fill_null("")
    domain = gather(companies.domain, firm)
    address = join(local, number, "@", domain)
    return address.slice(0, size), address.slice(size)


def _free_addresses(
    rng: np.random.Generator,
    people: People,
    vocabulary: Vocabulary,
    namesake: IntArray,
    year: int,
) -> pl.Series:
    """Made-up private address; the number after the name makes it unique."""
    first = gather(vocabulary.first.slug, people.first)
    last = gather(vocabulary.last.slug, people.last)
    size = len(people)
    style = rng.integers(0, 3, size)
    forms = [join(first, ".", last), join(first, "-", last), join(last, "_", first)]
    local = by_group(style, size, lambda k, rows: forms[k].gather(pl.Series(rows)))
    # 7919 and 9973 are prime: an injective walk through 9,972 suffixes per name.
    suffix = 1 + (namesake.astype(np.int64) * 7_919 + people.last) % 9_973
    number = blank(pl.Series(suffix).cast(pl.String), namesake == 0)
    birth_year = join("_", digits((year - people.birth_day // 365) % 100, 2))
    birth_year = blank(birth_year, ~chance(rng, size, 0.3))
    local = join(local, number.fill_null(birth_year).fill_null(""))
    domain = by_group(
        people.country,
        size,
        lambda c, rows: choose(rng, vocabulary.countries[c].free_mail, len(rows)),
    )
    return join(local, "@", domain)


def make_addresses(
    rng: np.random.Generator,
    people: People,
    ordinals: Ordinals,
    companies: Companies,
    vocabulary: Vocabulary,
    *,
    first_person: int,
    year: int,
) -> Addresses:
    """Write the mail addresses and numbers of one chunk.

    Args:
        rng: Randomness of this chunk.
        people: The chunk.
        ordinals: Ranks of the same rows.
        companies: The whole world's companies.
        vocabulary: Names and number plans.
        first_person: World-wide index of the chunk's first row.
        year: The current year, for birth years in private addresses.
    """
    countries = vocabulary.countries
    work, previous = _work_addresses(
        people, companies, vocabulary, (people.company, people.previous)
    )
    free = _free_addresses(rng, people, vocabulary, ordinals.namesake, year)
    head = people.head - first_person
    free = free.gather(
        pl.Series(np.where(people.shares_mail, head, np.arange(len(head))))
    )
    household = ordinals.national[head].astype(np.int64)
    return Addresses(
        work_mail=work,
        previous_mail=previous,
        free_mail=free,
        mobile=national_numbers(
            ordinals.national.astype(np.int64), people.country, countries, kind="mobile"
        ),
        home_phone=national_numbers(
            2 * household + 1, people.country, countries, kind="land"
        ),
    )
