"""The world that all sources look at, and the chunk of it in hand.

Belongs here: the shared, clean state (who exists, when) and its division into chunks.
Source records, dirt and files are made from it elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise

import numpy as np
import polars as pl

from connectors.synthetic.columns import choose
from connectors.synthetic.companies import Companies, draw_companies
from connectors.synthetic.people import (
    Addresses,
    Ordinals,
    People,
    draw_people,
    make_addresses,
    rank_people,
)
from connectors.synthetic.rng import FloatArray, IntArray, Streams
from connectors.synthetic.settings import DirtProfile, Proportions
from connectors.synthetic.vocabulary import Vocabulary, load_vocabulary

PEOPLE_PER_CHUNK = 100_000
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Clock:
    """The span of history, in seconds since 1970 (UTC)."""

    as_of: date
    start: int
    end: int

    @classmethod
    def ending(cls, as_of: date, months: int) -> Clock:
        """Cover the given number of months before `as_of`."""
        end = int(datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC).timestamp())
        return cls(as_of, end - int(months * 30.4375) * DAY, end)

    @property
    def last(self) -> int:
        """Last second at which anything happens: the day before `as_of` is full."""
        return self.end - 1


@dataclass(frozen=True, slots=True)
class Staff:
    """The CRM's own users, who own records; the same people in both CRMs."""

    first: pl.Series
    last: pl.Series
    name: pl.Series

    def __len__(self) -> int:
        return len(self.name)


@dataclass(frozen=True, slots=True)
class World:
    """Everything true, before any source looks at it."""

    streams: Streams
    vocabulary: Vocabulary
    dirt: DirtProfile
    proportions: Proportions
    clock: Clock
    companies: Companies
    people: People
    ordinals: Ordinals
    staff: Staff
    people_bounds: list[tuple[int, int]]
    company_bounds: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A closed part of the world: its people work for its companies only."""

    number: int
    world: World
    first_person: int
    first_company: int
    company_count: int
    people: People
    addresses: Addresses

    def rng(self, name: str) -> np.random.Generator:
        """Return this chunk's random stream of the given name."""
        return self.world.streams.get(name, self.number)

    def firms(self) -> IntArray:
        """Return the world-wide indices of the chunk's companies."""
        return np.arange(self.first_company, self.first_company + self.company_count)


def _bounds(total: int, parts: int) -> list[tuple[int, int]]:
    edges = [total * i // parts for i in range(parts + 1)]
    return list(pairwise(edges))


def _hire_staff(streams: Streams, vocabulary: Vocabulary, people: int) -> Staff:
    rng = streams.get("staff")
    size = int(np.clip(people // 800, 12, 400))
    country = np.zeros(size, np.int64)
    first = vocabulary.first.draw(rng, country, rng.integers(0, 2, size))
    last = vocabulary.last.draw(rng, country)
    given = vocabulary.first.text.gather(pl.Series(first))
    family = vocabulary.last.text.gather(pl.Series(last))
    return Staff(given, family, given + " " + family)


def create_world(
    *,
    people: int,
    seed: int,
    as_of: date,
    dirt: DirtProfile,
    proportions: Proportions,
) -> World:
    """Draw the whole world of the given size."""
    streams = Streams(seed)
    vocabulary = load_vocabulary()
    parts = max(1, -(-people // PEOPLE_PER_CHUNK))
    people_bounds = _bounds(people, parts)
    firms = max(parts, round(people / proportions.people_per_company))
    company_bounds = _bounds(firms, parts)
    companies = draw_companies(streams, vocabulary, proportions, company_bounds)
    everyone = draw_people(
        streams,
        vocabulary,
        proportions,
        companies,
        people_bounds=people_bounds,
        company_bounds=company_bounds,
    )
    return World(
        streams=streams,
        vocabulary=vocabulary,
        dirt=dirt,
        proportions=proportions,
        clock=Clock.ending(as_of, proportions.history_months),
        companies=companies,
        people=everyone,
        ordinals=rank_people(everyone, vocabulary),
        staff=_hire_staff(streams, vocabulary, people),
        people_bounds=people_bounds,
        company_bounds=company_bounds,
    )


def open_chunk(world: World, number: int) -> Chunk:
    """Write out the text of one chunk's people."""
    start, end = world.people_bounds[number]
    first_company, last_company = world.company_bounds[number]
    people = world.people.part(start, end)
    ordinals = Ordinals(
        world.ordinals.namesake[start:end], world.ordinals.national[start:end]
    )
    addresses = make_addresses(
        world.streams.get("addresses", number),
        people,
        ordinals,
        world.companies,
        world.vocabulary,
        first_person=start,
        year=world.clock.as_of.year,
    )
    return Chunk(
        number=number,
        world=world,
        first_person=start,
        first_company=first_company,
        company_count=last_company - first_company,
        people=people,
        addresses=addresses,
    )


def draw_times(
    rng: np.random.Generator, earliest: IntArray, latest: IntArray
) -> IntArray:
    """Draw a second between two bounds per row, in office hours mostly."""
    span = np.maximum(latest - earliest, 0)
    at = earliest + (rng.random(len(earliest)) * span).astype(np.int64)
    day = at - at % DAY
    hour: FloatArray = np.clip(rng.normal(12.5, 3.0, len(at)), 0, 23.9)
    office: IntArray = day + (hour * 3_600).astype(np.int64) + at % 60
    office = np.minimum(office, np.maximum(latest, earliest))
    return np.maximum(office, earliest, dtype=np.int64)


def timestamps(seconds: IntArray, pattern: str) -> pl.Series:
    """Write instants with a strftime pattern; negative ones become null."""
    moments = pl.Series(seconds).cast(pl.Int64)
    text = pl.select(
        pl.when(pl.lit(moments) >= 0)
        .then(pl.from_epoch(pl.lit(moments), time_unit="s").dt.strftime(pattern))
        .otherwise(None)
    ).to_series()
    return text.alias("")


def draw_owner(rng: np.random.Generator, world: World, size: int) -> IntArray:
    """Draw a member of staff per row; some own far more than others."""
    share = rng.random(size) ** 1.7
    return (share * len(world.staff)).astype(np.int64)


def names_of_staff(world: World, owner: IntArray) -> pl.Series:
    """Return the staff's names, as HubSpot writes owners."""
    return world.staff.name.gather(pl.Series(owner))


def pick_words(
    rng: np.random.Generator, world: World, key: str, size: int
) -> pl.Series:
    """Draw from one of the word lists in `data/people.yml`."""
    return choose(rng, world.vocabulary.people[key], size)
