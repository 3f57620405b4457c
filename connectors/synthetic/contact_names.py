"""How people's names are written: nicknames, slips, lost accents, swapped fields.

Belongs here: the dirty columns of a name. E-mail, telephone and the rest of a contact
record are made by the sibling modules.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from connectors.synthetic.columns import blank, by_group, choose, gather, join, texts
from connectors.synthetic.dirt import Column, Kind, garble, slip
from connectors.synthetic.people import family_name
from connectors.synthetic.rng import IntArray, chance
from connectors.synthetic.viewpoint import Who
from connectors.synthetic.world import Chunk


def name_columns(rng: np.random.Generator, chunk: Chunk, who: Who) -> dict[str, Column]:
    """Write given, middle and family name, suffix and salutation."""
    world, dirt, size = chunk.world, chunk.world.dirt, len(who)
    vocabulary = world.vocabulary
    at = who.person
    first_at = chunk.people.first[at]
    first = Column.of(gather(vocabulary.first.text, first_at))
    rows = pl.Series(at)
    last = Column.of(family_name(chunk.people, vocabulary).gather(rows))

    options = vocabulary.nickname_count[first_at]
    nick = np.where(
        options > 0,
        vocabulary.nickname_start[first_at]
        + (rng.random(size) * options).astype(np.int64),
        -1,
    )
    short = gather(vocabulary.nickname, nick)
    use = chance(rng, size, dirt.nickname) & (nick >= 0)
    first.swap_in(use, Kind.NICKNAME, short)

    lost = chance(rng, size, dirt.diacritics_lost)
    expand = chance(rng, size, 0.5)
    for form, mask in (("plain", lost & ~expand), ("expanded", lost & expand)):
        table: pl.Series = getattr(vocabulary.first, form)
        whole = gather(table, first_at)
        family = family_name(chunk.people, vocabulary, form).gather(rows)
        first.swap_in(mask & ~use, Kind.DIACRITICS_LOST, whole)
        last.swap_in(mask, Kind.DIACRITICS_LOST, family)
    wrong = chance(rng, size, dirt.mojibake) & ~lost
    first.put(wrong, Kind.MOJIBAKE, garble)
    last.put(wrong, Kind.MOJIBAKE, garble)
    for column in (first, last):
        column.put(chance(rng, size, dirt.name_typo), Kind.TYPO, lambda s: slip(rng, s))
    first.put(
        chance(rng, size, dirt.initial_only),
        Kind.INITIAL_ONLY,
        lambda s: join(s.str.slice(0, 1), "."),
    )
    first.drop(chance(rng, size, dirt.first_name_missing))
    case = rng.random(size)
    upper = case < dirt.upper_case
    lower = ~upper & (case < dirt.upper_case + dirt.lower_case)
    for column in (first, last):
        column.put(upper, Kind.UPPER_CASE, lambda s: s.str.to_uppercase())
        column.put(lower, Kind.LOWER_CASE, lambda s: s.str.to_lowercase())
    first.put(
        chance(rng, size, dirt.title_in_name),
        Kind.TITLE_IN_NAME,
        lambda s: join("Dr. ", s),
    )
    first.put(
        chance(rng, size, dirt.stray_spaces), Kind.STRAY_SPACES, lambda s: join(s, "  ")
    )
    last.put(
        chance(rng, size, dirt.stray_spaces), Kind.STRAY_SPACES, lambda s: join(" ", s)
    )
    last.put(
        chance(rng, size, dirt.placeholder_name),
        Kind.PLACEHOLDER,
        lambda s: choose(rng, vocabulary.people["placeholder_names"], len(s)),
    )
    both = first.value.is_not_null().to_numpy()
    swap = both & chance(rng, size, dirt.names_swapped)
    given, family = first.value, last.value
    first.swap_in(swap, Kind.NAMES_SWAPPED, family)
    last.swap_in(swap, Kind.NAMES_SWAPPED, given)
    comma = both & ~swap & chance(rng, size, dirt.last_comma_first)
    last.swap_in(comma, Kind.LAST_COMMA_FIRST, join(family, ", ", given))
    first.drop(comma, Kind.LAST_COMMA_FIRST)

    letters = texts([f"{chr(65 + i)}." for i in range(26)])
    middle = Column.of(gather(letters, chunk.people.middle[at].astype(np.int64)))
    middle.drop(chance(rng, size, 0.5))
    generation = chunk.people.generation[at].astype(np.int64)
    suffix = Column.of(gather(texts(["Sr.", "Jr."]), generation - 1))
    suffix.drop(chance(rng, size, dirt.suffix_missing))
    return {
        "first_name": first,
        "middle_name": middle,
        "last_name": last,
        "suffix": suffix,
        "salutation": Column.of(_salutation(rng, chunk, who)),
    }


def _salutation(rng: np.random.Generator, chunk: Chunk, who: Who) -> pl.Series:
    words = chunk.world.vocabulary.people["salutations"]
    countries = chunk.world.vocabulary.countries
    gender = chunk.people.gender[who.person]

    def make(country: int, rows: IntArray) -> pl.Series:
        pairs = words[countries[country].language]
        pair = rng.integers(0, len(pairs), len(rows))
        flat = texts([word or None for both in pairs for word in both])
        return flat.gather(pl.Series(2 * pair + gender[rows]))

    values = by_group(chunk.people.country[who.person], len(who), make)
    return blank(values, chance(rng, len(who), 0.4))
