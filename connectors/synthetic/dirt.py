"""Dirty columns: the clean text, the text as exported, and what was done to it.

Belongs here: the kinds of dirt, the record of what was dirtied, and slips of the
keyboard. Which field gets which dirt is decided by the modules that make records.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntFlag

import numpy as np
import numpy.typing as npt
import polars as pl

from connectors.synthetic.columns import patch, patch_where, texts
from connectors.synthetic.rng import BoolArray, IntArray

Bits = npt.NDArray[np.uint64]


class Kind(IntFlag):
    """What was done to a value; several may meet in one cell."""

    MISSING = 1 << 0
    PLACEHOLDER = 1 << 1
    TYPO = 1 << 2
    NICKNAME = 1 << 3
    NAMES_SWAPPED = 1 << 4
    LAST_COMMA_FIRST = 1 << 5
    UPPER_CASE = 1 << 6
    LOWER_CASE = 1 << 7
    DIACRITICS_LOST = 1 << 8
    MOJIBAKE = 1 << 9
    INITIAL_ONLY = 1 << 10
    TITLE_IN_NAME = 1 << 11
    STRAY_SPACES = 1 << 12
    SHARED_MAILBOX = 1 << 13
    EMAIL_DECORATED = 1 << 14
    PLUS_TAG = 1 << 15
    TWO_VALUES = 1 << 16
    PHONE_NATIONAL = 1 << 17
    PHONE_INTERNATIONAL = 1 << 18
    PHONE_EXTENSION = 1 << 19
    WRONG_DIGIT = 1 << 20
    LEGAL_FORM_DROPPED = 1 << 21
    LEGAL_FORM_VARIANT = 1 << 22
    ABBREVIATED = 1 << 23
    THE_PREFIX = 1 << 24
    MARKED_OLD = 1 << 25
    COUNTRY_SPELLING = 1 << 26
    WEBSITE_DECORATED = 1 << 27
    STREET_ABBREVIATED = 1 << 28
    DATE_NOTATION = 1 << 29
    NUMBER_TYPED = 1 << 30
    AMOUNT_MISSING = 1 << 31
    CLOSED_BEFORE_CREATED = 1 << 32
    PROBABILITY_STALE = 1 << 33


# After these the value no longer tells who or what the record is about.
DESTRUCTIVE = Kind.MISSING | Kind.PLACEHOLDER | Kind.SHARED_MAILBOX | Kind.INITIAL_ONLY


def kind_text(bits: int) -> str:
    """Name a combination of kinds ('nickname+upper_case')."""
    return "+".join(
        kind.name.lower() for kind in Kind if bits & kind and kind.name is not None
    )


@dataclass(slots=True)
class Column:
    """One field of many records, before and after the dirt."""

    clean: pl.Series
    value: pl.Series
    bits: Bits

    @classmethod
    def of(cls, clean: pl.Series) -> Column:
        """Start with a clean column."""
        return cls(clean, clean, np.zeros(len(clean), np.uint64))

    def put(
        self,
        mask: BoolArray,
        kind: Kind,
        make: Callable[[pl.Series], pl.Series],
    ) -> None:
        """Dirty the masked values that exist."""
        mask = mask & self.value.is_not_null().to_numpy()
        if mask.any():
            before = self.value
            self.value = patch_where(self.value, mask, make)
            changed = mask & self.value.ne_missing(before).to_numpy()
            if kind & DESTRUCTIVE:
                self.bits[changed] = 0
            self.bits[changed] |= np.uint64(kind)

    def swap_in(self, mask: BoolArray, kind: Kind, values: pl.Series) -> None:
        """Put other values in the place of the masked values that exist."""
        rows = np.flatnonzero(mask & self.value.is_not_null().to_numpy())
        found = values.gather(pl.Series(rows))
        changed = rows[found.ne_missing(self.value.gather(pl.Series(rows))).to_numpy()]
        self.value = patch(self.value, rows, found)
        if kind & DESTRUCTIVE:
            self.bits[changed] = 0
        self.bits[changed] |= np.uint64(kind)

    def drop(self, mask: BoolArray, kind: Kind = Kind.MISSING) -> None:
        """Remove the masked values."""
        present = mask & self.value.is_not_null().to_numpy()
        rows = np.flatnonzero(present)
        self.value = patch(self.value, rows, texts([None]).new_from_index(0, len(rows)))
        if kind is Kind.MISSING:
            self.bits[rows] = 0
        self.bits[rows] |= np.uint64(kind)

    def known(self) -> BoolArray:
        """Tell where the value still identifies what the clean value says."""
        there: BoolArray = (
            self.value.is_not_null().to_numpy() & self.clean.is_not_null().to_numpy()
        )
        there &= (self.bits & np.uint64(DESTRUCTIVE)) == 0
        return there

    def take(self, rows: IntArray) -> Column:
        """Return the column of some rows."""
        index = pl.Series(rows)
        return Column(
            self.clean.gather(index), self.value.gather(index), self.bits[rows]
        )

    def then(self, other: Column) -> Column:
        """Return this column followed by another."""
        return Column(
            pl.concat([self.clean, other.clean]),
            pl.concat([self.value, other.value]),
            np.concatenate([self.bits, other.bits]),
        )


def nothing(size: int) -> Column:
    """Return a column without any value."""
    return Column.of(texts([None]).new_from_index(0, size))


_NEIGHBOURS = {
    "a": "s", "b": "v", "c": "x", "d": "f", "e": "r", "f": "g", "g": "h", "h": "j",
    "i": "o", "j": "k", "k": "l", "l": "k", "m": "n", "n": "b", "o": "i", "p": "o",
    "q": "w", "r": "t", "s": "a", "t": "r", "u": "i", "v": "c", "w": "e", "x": "z",
    "y": "t", "z": "x",
}  # fmt: skip


def slip(rng: np.random.Generator, values: pl.Series) -> pl.Series:
    """Make one typing slip per value: drop, swap, double or replace a letter.

    The first character stays, as people rarely get it wrong.
    """
    size = len(values)
    frame = pl.DataFrame(
        {"s": values, "u": rng.random(size), "op": rng.integers(0, 4, size)}
    ).with_columns(
        p=(1 + pl.col("u") * (pl.col("s").str.len_chars() - 1).clip(0))
        .floor()
        .cast(pl.Int64)
    )
    s, p = pl.col("s"), pl.col("p")
    head = s.str.slice(0, p)
    here, there = s.str.slice(p, 1), s.str.slice(p + 1, 1)
    tail = s.str.slice(p + 1)
    near = here.replace(_NEIGHBOURS)
    made = (
        pl.when(pl.col("op") == 0)
        .then(head + tail)
        .when(pl.col("op") == 1)
        .then(head + there + here + s.str.slice(p + 2))
        .when(pl.col("op") == 2)
        .then(head + here + here + tail)
        .otherwise(head + near + tail)
    )
    return frame.select(
        pl.when(s.str.len_chars() > 3).then(made).otherwise(s)
    ).to_series()


def garble(values: pl.Series) -> pl.Series:
    """Show UTF-8 bytes as cp1252, as a wrong import does (distinct values only)."""
    unique = values.unique(maintain_order=True).to_list()
    wrong = [
        v if v is None else v.encode("utf-8").decode("cp1252", errors="ignore")
        for v in unique
    ]
    return values.replace_strict(unique, wrong, return_dtype=pl.String)
