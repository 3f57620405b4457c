"""How people write a company: its name, web address and postal address.

Belongs here: dirty columns that describe a company, for account records and for the
company text inside contact-like records.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from connectors.synthetic.columns import (
    blank,
    by_group,
    choose,
    gather,
    join,
    patch,
    texts,
)
from connectors.synthetic.dirt import Column, Kind, slip
from connectors.synthetic.rng import BoolArray, IntArray, chance
from connectors.synthetic.world import World

_STREET_SHORT = (
    (r"(?i)stra(ß|ss)e\b", "str."),
    (r"\bStreet\b", "St"),
    (r"\bAvenue\b", "Ave"),
    (r"\bRoad\b", "Rd"),
    (r"\bBoulevard\b", "Blvd"),
    (r"\bDrive\b", "Dr"),
    (r"^(?i:avenue) ", "av. "),
    (r"^Calle ", "C/ "),
)


def _spaced(*parts: pl.Series) -> pl.Series:
    return pl.select(
        pl.concat_str([pl.lit(p) for p in parts], separator=" ", ignore_nulls=True)
    ).to_series()


def company_name(
    rng: np.random.Generator, world: World, firm: IntArray, *, careless: float = 1.0
) -> Column:
    """Write the names of companies as a source would; null where there is no firm.

    Args:
        rng: Randomness.
        world: Companies, words and dirt rates.
        firm: World-wide company index, -1 for none.
        careless: Factor on every rate (a shop's customers are less careful).
    """
    dirt, words = world.dirt, world.vocabulary.companies
    companies, size = world.companies, len(firm)

    def hit(rate: float) -> BoolArray:
        return chance(rng, size, min(1.0, rate * careless))

    stem = gather(companies.stem, firm)
    descriptor = gather(companies.descriptor, firm)
    legal = gather(companies.legal_form, firm)
    has_legal = legal.is_not_null().to_numpy()
    column = Column.of(gather(companies.name, firm))

    draw = rng.random(size)
    dropped = has_legal & (draw < dirt.legal_form_dropped * careless)
    varied = has_legal & ~dropped
    varied &= draw < (dirt.legal_form_dropped + dirt.legal_form_variant) * careless
    variants = words["legal_form_variants"]
    rows = np.flatnonzero(varied)
    forms = legal.gather(pl.Series(rows))
    which = rng.integers(0, 12, len(rows))
    options = pl.DataFrame(
        [
            (form, i, choices[i % len(choices)])
            for form, choices in variants.items()
            for i in range(12)
        ],
        schema=["form", "which", "text"],
        orient="row",
    )
    replaced = (
        pl.DataFrame({"form": forms, "which": which})
        .join(options, on=["form", "which"], how="left", maintain_order="left")
        .select(pl.coalesce("text", "form"))
        .to_series()
    )
    written_legal = blank(patch(legal, rows, replaced), dropped)

    shortened = hit(dirt.company_abbreviated)
    abbreviations = words["abbreviations"]
    short = descriptor.replace(
        list(abbreviations), [abbreviations[k] for k in abbreviations]
    )
    use_short = shortened & short.ne_missing(descriptor).to_numpy()
    written_descriptor = descriptor.zip_with(pl.Series(~use_short), short)
    written_stem = stem.zip_with(
        pl.Series(~shortened), stem.str.replace(" & ", " and ", literal=True)
    )
    if size:
        column.value = blank(
            _spaced(written_stem, written_descriptor, written_legal).str.replace(
                " ,", ",", literal=True
            ),
            firm < 0,
        )
    changed_stem = written_stem.ne_missing(stem).to_numpy()
    column.bits[dropped] |= np.uint64(Kind.LEGAL_FORM_DROPPED)
    column.bits[varied] |= np.uint64(Kind.LEGAL_FORM_VARIANT)
    column.bits[use_short | changed_stem] |= np.uint64(Kind.ABBREVIATED)

    column.put(hit(dirt.company_typo), Kind.TYPO, lambda s: slip(rng, s))
    column.put(hit(dirt.company_the), Kind.THE_PREFIX, lambda s: join("The ", s))
    column.put(hit(dirt.company_upper), Kind.UPPER_CASE, lambda s: s.str.to_uppercase())
    column.put(hit(dirt.company_lower), Kind.LOWER_CASE, lambda s: s.str.to_lowercase())
    column.put(
        hit(dirt.company_marked),
        Kind.MARKED_OLD,
        lambda s: join(
            s, choose(rng, [" (old)", " - DO NOT USE", " [duplicate]"], len(s))
        ),
    )
    column.put(hit(dirt.stray_spaces), Kind.STRAY_SPACES, lambda s: join(s, " "))
    return column


def street_line(
    rng: np.random.Generator,
    world: World,
    country: IntArray,
    street: IntArray,
    house: IntArray,
) -> Column:
    """Write street and house number in the country's order."""
    names = gather(world.vocabulary.street.text, street)
    numbers = pl.Series(house).cast(pl.String)

    def make(index: int, rows: IntArray) -> pl.Series:
        pattern = world.vocabulary.countries[index].street_format
        at = pl.Series(rows)
        name, number = names.gather(at), numbers.gather(at)
        if pattern.startswith("{house}"):
            return join(number, " ", name)
        separator = pattern.removeprefix("{street}").removesuffix("{house}")
        return join(name, separator, number)

    column = Column.of(by_group(country, len(country), make))

    def shorten(values: pl.Series) -> pl.Series:
        for pattern, short in _STREET_SHORT:
            values = values.str.replace(pattern, short)
        return values

    column.put(chance(rng, len(country), 0.2), Kind.STREET_ABBREVIATED, shorten)
    return column


def country_name(rng: np.random.Generator, world: World, country: IntArray) -> Column:
    """Write a country as ISO code or as a name in one of several languages."""
    codes = texts([c.code for c in world.vocabulary.countries])
    column = Column.of(codes.gather(pl.Series(country)))

    def make(index: int, rows: IntArray) -> pl.Series:
        names = world.vocabulary.countries[index].names
        usual = choose(rng, names[:3], len(rows))
        any_name = choose(rng, names, len(rows))
        return usual.zip_with(pl.Series(chance(rng, len(rows), 0.7)), any_name)

    column.value = by_group(country, len(country), make)
    different = column.value.ne_missing(column.clean).to_numpy()
    column.bits[different] |= np.uint64(Kind.COUNTRY_SPELLING)
    column.drop(chance(rng, len(country), world.dirt.country_missing))
    return column


def website(rng: np.random.Generator, world: World, firm: IntArray) -> Column:
    """Write the company's domain as people enter web addresses."""
    dirt, size = world.dirt, len(firm)
    column = Column.of(gather(world.companies.domain, firm))
    column.put(
        chance(rng, size, dirt.website_decorated),
        Kind.WEBSITE_DECORATED,
        lambda s: join(
            choose(rng, ["https://www.", "http://www.", "www.", "https://"], len(s)),
            s,
            choose(rng, ["", "", "/", "/en/", "/index.html"], len(s)),
        ),
    )
    column.drop(chance(rng, size, dirt.website_missing))
    return column
