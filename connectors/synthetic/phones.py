"""Telephone numbers: unique national numbers, and the ways in which people write them.

Belongs here: number plans and notations. Which record gets which number is decided by
the records module.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import polars as pl

from connectors.synthetic.columns import blank, by_group, bytes_as_text, join, texts
from connectors.synthetic.rng import BoolArray, IntArray
from connectors.synthetic.vocabulary import Country

# Coprime to every power of ten and to the prefix counts: a full-cycle permutation.
_STRIDE = 7_368_787
_DIGIT_RUN = "#"


def number_capacity(prefixes: Sequence[str], digits: int) -> int:
    """Return how many different numbers a plan has."""
    return int(len(prefixes) * 10**digits)


def national_numbers(
    ordinal: IntArray, country: IntArray, countries: Sequence[Country], *, kind: str
) -> pl.Series:
    """Give the n-th customer of a country its own national number.

    Numbers are unique until a plan is exhausted (6,000,000 US landlines, as many
    elsewhere); beyond that they repeat.

    Args:
        ordinal: Rank within the country; a negative rank gives null.
        country: Country index.
        countries: Number plans.
        kind: `mobile` or `land`.
    """

    def make(index: int, rows: IntArray) -> pl.Series:
        plan = countries[index].mobile if kind == "mobile" else countries[index].land
        prefixes, width = plan
        capacity = number_capacity(prefixes, width)
        at = ordinal[rows] % capacity
        at = (at * _STRIDE + 104_729) % capacity
        prefix = texts(list(prefixes)).gather(pl.Series(at // 10**width))
        subscriber = pl.Series(at % 10**width).cast(pl.String).str.zfill(width)
        return join(prefix, subscriber)

    numbers = by_group(country, len(country), make)
    return numbers.zip_with(pl.Series(ordinal >= 0), pl.Series([None], dtype=pl.String))


def international(
    numbers: pl.Series, country: IntArray, countries: Sequence[Country]
) -> pl.Series:
    """Return E.164, the clean form of every number."""
    codes = texts([f"+{c.calling_code}" for c in countries])
    return join(codes.gather(pl.Series(country)), numbers)


_DIGIT_BYTES, _TEXT_BYTES = 12, 28


@lru_cache(maxsize=4_096)
def _recipe(template: str, length: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Say for each output byte which digit it takes (-1: none) and which literal."""
    digit, literal = [], []
    taken, total = 0, template.count(_DIGIT_RUN)
    for char in template:
        if char != _DIGIT_RUN:
            digit.append(-1)
            literal.append(ord(char))
            continue
        # The last digit place takes the rest of a longer number.
        places = max(length - taken, 0) if taken == total - 1 else int(taken < length)
        digit += range(taken, taken + places)
        literal += [0] * places
        taken += 1
    padding = _TEXT_BYTES - len(digit)
    return tuple(digit + [-1] * padding), tuple(literal + [0] * padding)


def _fill(
    numbers: pl.Series, template: IntArray, templates: Sequence[str]
) -> pl.Series:
    """Write each number with its template, all rows at once as bytes."""
    if not len(numbers):
        return numbers
    present = numbers.is_not_null().to_numpy()
    plain = numbers.fill_null("").to_numpy().astype(f"S{_DIGIT_BYTES}")
    matrix = np.ascontiguousarray(plain).view(np.uint8).reshape(-1, _DIGIT_BYTES)
    length = (matrix > 0).sum(axis=1)
    found, which = np.unique(template * 16 + length, return_inverse=True)
    recipes = [_recipe(templates[key // 16], int(key % 16)) for key in found]
    digit = np.asarray([digit for digit, _ in recipes], np.int64)[which]
    literal = np.asarray([literal for _, literal in recipes], np.uint8)[which]
    taken = np.take_along_axis(matrix, np.maximum(digit, 0), axis=1)
    text = np.where(digit >= 0, taken, literal).astype(np.uint8)
    return blank(bytes_as_text(text), ~present)


def written(
    rng: np.random.Generator,
    numbers: pl.Series,
    country: IntArray,
    countries: Sequence[Country],
    *,
    abroad: BoolArray | None = None,
) -> tuple[pl.Series, pl.Series]:
    """Write national numbers as people do.

    Args:
        rng: Randomness.
        numbers: National numbers.
        country: Country index of the number.
        countries: Number plans with their notations.
        abroad: Rows in which only international notations are plausible.

    Returns:
        The written numbers and the kind of notation (`phone_national`,
        `phone_international`, `phone_e164`).
    """
    size = len(numbers)
    draw = rng.random(size)
    far = np.zeros(size, np.bool_) if abroad is None else abroad
    style = np.where(draw < 0.25, 2, np.where((draw < 0.6) | far, 1, 0))
    variant = rng.integers(0, 64, size)
    group = np.zeros(size, np.int64)
    templates: list[str] = []
    for index, plan in enumerate(countries):
        rows = country == index
        for code, options in ((0, plan.national), (1, plan.international)):
            mine = rows & (style == code)
            group[mine] = len(templates) + variant[mine] % len(options)
            templates.extend(options)
        group[rows & (style == 2)] = len(templates)
        templates.append(f"+{plan.calling_code}{_DIGIT_RUN * 4}")

    kinds = texts(["phone_national", "phone_international", "phone_e164"])
    return _fill(numbers, group, templates), kinds.gather(pl.Series(style))
