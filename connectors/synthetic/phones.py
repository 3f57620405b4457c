"""Telephone numbers: unique national numbers, and the ways in which people write them.

Belongs here: number plans and notations. Which record gets which number is decided by
the records module.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from connectors.synthetic.columns import by_group, join, texts
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


def _fill(numbers: pl.Series, template: str) -> pl.Series:
    parts: list[pl.Expr] = []
    literal, taken, at = "", 0, 0
    total = template.count(_DIGIT_RUN)
    column = pl.col("n")
    while at < len(template):
        if template[at] != _DIGIT_RUN:
            literal += template[at]
            at += 1
            continue
        if literal:
            parts.append(pl.lit(literal))
            literal = ""
        run = len(template[at:]) - len(template[at:].lstrip(_DIGIT_RUN))
        last = taken + run >= total
        parts.append(column.str.slice(taken, None if last else run))
        taken, at = taken + run, at + run
    if literal:
        parts.append(pl.lit(literal))
    return pl.DataFrame({"n": numbers}).select(pl.concat_str(parts)).to_series()


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
    templates: list[str | None] = []
    for index, plan in enumerate(countries):
        rows = country == index
        for code, options in ((0, plan.national), (1, plan.international)):
            mine = rows & (style == code)
            group[mine] = len(templates) + variant[mine] % len(options)
            templates.extend(options)
        group[rows & (style == 2)] = len(templates)
        templates.append(f"+{plan.calling_code}{_DIGIT_RUN * 4}")

    def make(key: int, rows: IntArray) -> pl.Series:
        template = templates[key] or ""
        return _fill(numbers.gather(pl.Series(rows)), template)

    kinds = texts(["phone_national", "phone_international", "phone_e164"])
    return by_group(group, size, make), kinds.gather(pl.Series(style))
