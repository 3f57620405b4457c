"""The companies of the world: one row per real legal entity, before any dirt.

Belongs here: names, domains, ownership, size and address of companies. Source records
of them are made elsewhere. Companies are drawn for the whole world at once (a million
take a few hundred megabytes) because their domains must be unique.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from connectors.synthetic.columns import (
    blank,
    by_group,
    choose,
    gather,
    join,
    occurrence,
    patch,
    texts,
)
from connectors.synthetic.rng import (
    BoolArray,
    FloatArray,
    IntArray,
    Streams,
    chance,
    pick,
)
from connectors.synthetic.settings import Proportions
from connectors.synthetic.vocabulary import Vocabulary, slug

# How a company builds mail addresses: see `people.work_addresses`.
EMAIL_CONVENTION_WEIGHTS = [0.55, 0.20, 0.08, 0.05, 0.04, 0.08]


@dataclass(frozen=True, slots=True)
class Companies:
    """Clean attributes; all arrays have one entry per company."""

    country: IntArray
    parent: IntArray
    stem: pl.Series
    descriptor: pl.Series
    legal_form: pl.Series
    name: pl.Series
    domain: pl.Series
    industry: pl.Series
    currency: pl.Series
    weight: FloatArray
    employees: IntArray
    convention: IntArray
    switchboard: IntArray
    city: IntArray
    street: IntArray
    house: IntArray
    in_salesforce: BoolArray
    in_hubspot: BoolArray
    tier: pl.Series

    def __len__(self) -> int:
        return len(self.country)


def rank_within(groups: IntArray, group_count: int) -> IntArray:
    """Number the rows of each group from zero, in order."""
    rank = np.zeros(len(groups), np.int64)
    for group in range(group_count):
        rows = np.flatnonzero(groups == group)
        rank[rows] = np.arange(len(rows))
    return rank


def _draw_stems(
    rng: np.random.Generator, country: IntArray, vocabulary: Vocabulary
) -> tuple[pl.Series, pl.Series, IntArray]:
    """Return stems, their domain slugs and the way in which each was built."""
    size = len(country)
    words = vocabulary.companies
    kind = pick(rng, [0.25, 0.30, 0.15, 0.14, 0.10, 0.06], size)
    first, second = (vocabulary.last.draw(rng, country) for _ in range(2))
    city = vocabulary.city.draw(rng, country)
    starts, middles, ends = (texts(words[k]) for k in ("starts", "middles", "ends"))
    start = starts.gather(pl.Series(rng.integers(0, len(starts), size)))
    middle = middles.gather(pl.Series(rng.integers(0, len(middles), size)))
    end = ends.gather(pl.Series(rng.integers(0, len(ends), size)))
    letters = texts([chr(65 + i) for i in range(26)])
    acronym = join(
        *(letters.gather(pl.Series(rng.integers(0, 26, size))) for _ in range(3))
    )
    tail = choose(rng, words["tails"], size)
    surname = vocabulary.last.text.gather(pl.Series(first))
    other = vocabulary.last.text.gather(pl.Series(second))
    surname_slug = vocabulary.last.slug.gather(pl.Series(first))
    other_slug = vocabulary.last.slug.gather(pl.Series(second))
    town = vocabulary.city.text.gather(pl.Series(city))
    town_slug = vocabulary.city.slug.gather(pl.Series(city))
    # Real words make real domains likely: those get a tail that nobody registers.
    recipes = [
        (join(start, end), join(start, end).str.to_lowercase()),
        (join(start, middle, end), join(start, middle, end).str.to_lowercase()),
        (surname, join(surname_slug, "-", tail)),
        (join(surname, " & ", other), join(surname_slug, "-", other_slug, "-", tail)),
        (town, join(town_slug, "-", tail)),
        (acronym, join(acronym.str.to_lowercase(), "-", tail)),
    ]

    def take(part: int) -> pl.Series:
        return by_group(
            kind, size, lambda k, rows: recipes[k][part].gather(pl.Series(rows))
        )

    return take(0), take(1), kind


def draw_companies(
    streams: Streams,
    vocabulary: Vocabulary,
    proportions: Proportions,
    bounds: list[tuple[int, int]],
) -> Companies:
    """Draw every company of the world.

    Args:
        streams: Seeded randomness.
        vocabulary: Words and places.
        proportions: Shares of subsidiaries and of presence in each CRM.
        bounds: Company ranges of the chunks; a group of companies never leaves one.
    """
    size = bounds[-1][1]
    rng = streams.get("companies")
    countries = vocabulary.countries
    country = pick(rng, [c.share for c in countries], size)
    stem, stem_slug, kind = _draw_stems(rng, country, vocabulary)
    described = chance(rng, size, 0.75) & (kind != 3)
    word = vocabulary.descriptor.draw(rng, country)
    descriptor = gather(vocabulary.descriptor.text, np.where(described, word, -1))

    parent = np.full(size, -1, np.int64)
    owned = chance(rng, size, proportions.subsidiary)
    for start, end in bounds:
        mothers = start + np.flatnonzero(~owned[start:end])
        daughters = start + np.flatnonzero(owned[start:end])
        if len(mothers):
            chosen = mothers[rng.integers(0, len(mothers), len(daughters))]
            parent[daughters] = chosen
    rows = np.flatnonzero(parent >= 0)
    mother = parent[rows]
    division = choose(rng, vocabulary.companies["divisions"], len(rows))
    at_home = chance(rng, len(rows), 0.4)
    country[rows] = np.where(at_home, country[mother], country[rows])
    mother_stem = stem.gather(pl.Series(mother))
    stem = patch(stem, rows, join(mother_stem, " ", division))
    division_slug = division.str.to_lowercase().str.replace_all(" ", "")
    mother_slug = stem_slug.gather(pl.Series(mother))
    own_brand = join(mother_slug, "-", division_slug)
    same_brand = mother_slug.zip_with(pl.Series(~at_home), own_brand)
    stem_slug = patch(stem_slug, rows, same_brand)

    legal = by_group(
        country,
        size,
        lambda c, at: choose(rng, countries[c].legal_forms, len(at)),
    )
    legal_form = blank(legal, (legal == "").to_numpy())
    name = pl.select(
        pl.concat_str(
            [pl.lit(stem), pl.lit(descriptor), pl.lit(legal_form)],
            separator=" ",
            ignore_nulls=True,
        )
    ).to_series()

    with_descriptor = described & chance(rng, size, 0.3)
    descriptor_slug = texts([slug(w) for w in vocabulary.descriptor.text.to_list()])
    extra = gather(descriptor_slug, np.where(with_descriptor, word, -1))
    base = pl.select(
        pl.concat_str(
            [pl.lit(stem_slug), pl.lit(extra)], separator="-", ignore_nulls=True
        )
    ).to_series()
    tld = by_group(country, size, lambda c, at: choose(rng, countries[c].tlds, len(at)))
    repeat = occurrence([base, tld])
    number = blank(pl.Series(repeat + 1).cast(pl.String), repeat == 0)
    domain = join(base, number.fill_null(""), ".", tld)

    weight = rng.lognormal(0.0, 1.1, size)
    abroad_money = chance(rng, size, 0.1)
    currency = texts([c.currency for c in countries]).gather(pl.Series(country))
    currency = patch(
        currency,
        np.flatnonzero(abroad_money),
        choose(rng, ["USD", "EUR"], int(abroad_money.sum())),
    )
    present = rng.random(size)
    both = present < proportions.company_in_both
    only_salesforce = ~both & (
        present < proportions.company_in_both + proportions.company_only_salesforce
    )
    industry = vocabulary.descriptor_industry.gather(pl.Series(word))
    return Companies(
        country=country,
        parent=parent,
        stem=stem,
        descriptor=descriptor,
        legal_form=legal_form,
        name=name,
        domain=domain,
        industry=industry,
        currency=currency,
        weight=weight,
        employees=np.maximum(1, (weight * rng.lognormal(3.0, 0.8, size))).astype(
            np.int64
        ),
        convention=pick(rng, EMAIL_CONVENTION_WEIGHTS, size),
        switchboard=2 * rank_within(country, len(countries)),
        city=vocabulary.city.draw(rng, country),
        street=vocabulary.street.draw(rng, country),
        house=rng.integers(1, 180, size),
        in_salesforce=both | only_salesforce,
        in_hubspot=~only_salesforce,
        tier=choose(rng, ["Bronze", "Bronze", "Silver", "Gold", "Platinum"], size),
    )
