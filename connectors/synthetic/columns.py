"""Vectorised handling of text columns: gather, patch and pick by index.

Belongs here: the few Series operations that every other module needs. No meaning of
any field. Nothing here loops over rows in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from connectors.synthetic.rng import BoolArray, IntArray


def texts(values: Sequence[str | None]) -> pl.Series:
    """Make a text Series."""
    return pl.Series(values, dtype=pl.String)


def gather(values: pl.Series, index: IntArray) -> pl.Series:
    """Take values by position; a negative position gives null."""
    missing = index < 0
    if not missing.any():
        return values.gather(pl.Series(index))
    taken = values.gather(pl.Series(np.where(missing, 0, index)))
    return blank(taken, missing)


def blank(values: pl.Series, mask: BoolArray) -> pl.Series:
    """Set masked values to null."""
    nothing = pl.Series([None], dtype=values.dtype)
    return values.zip_with(pl.Series(~mask), nothing.new_from_index(0, len(values)))


def patch(values: pl.Series, rows: IntArray, replacements: pl.Series) -> pl.Series:
    """Return the values with those at `rows` replaced."""
    if not len(rows):
        return values
    index = np.arange(len(values))
    index[rows] = len(values) + np.arange(len(rows))
    both = pl.concat([values.cast(pl.String), replacements.cast(pl.String)])
    return both.gather(pl.Series(index))


def patch_where(
    values: pl.Series, mask: BoolArray, make: Callable[[pl.Series], pl.Series]
) -> pl.Series:
    """Replace masked values by a function of themselves."""
    rows = np.flatnonzero(mask)
    if not len(rows):
        return values
    return patch(values, rows, make(values.gather(pl.Series(rows))))


def join(*parts: pl.Series | str) -> pl.Series:
    """Concatenate row by row; null in any part gives null."""
    return pl.select(pl.concat_str([pl.lit(part) for part in parts])).to_series()


def choose(rng: np.random.Generator, options: Sequence[str], size: int) -> pl.Series:
    """Draw one of a few literal values per row."""
    return texts(list(options)).gather(pl.Series(rng.integers(0, len(options), size)))


def by_group(
    group: IntArray, size: int, make: Callable[[int, IntArray], pl.Series]
) -> pl.Series:
    """Build a column group by group: `make(group, rows)` gives the rows of one."""
    order = np.argsort(group, kind="stable")
    found, starts = np.unique(group[order], return_index=True)
    bounds = [*starts.tolist(), size]
    parts = [
        make(int(key), order[bounds[i] : bounds[i + 1]]) for i, key in enumerate(found)
    ]
    if not parts:
        return texts([])
    back = np.empty(size, np.int64)
    back[order] = np.arange(size)
    return pl.concat(parts).gather(pl.Series(back))


def bytes_as_text(matrix: npt.NDArray[np.uint8]) -> pl.Series:
    """Read rows of ASCII bytes, zero-padded on the right, as text."""
    width = matrix.shape[1]
    flat = np.ascontiguousarray(matrix).view(f"S{width}").ravel()
    made = pl.from_arrow(pa.array(flat, pa.binary()).cast(pa.string()))
    return pl.Series("", made)


def digits(number: IntArray, width: int) -> pl.Series:
    """Write numbers in decimal with leading zeros."""
    return pl.Series(number).cast(pl.String).str.zfill(width)


def occurrence(keys: list[pl.Series]) -> IntArray:
    """Count, for each row, the earlier rows with the same key."""
    names = [f"k{i}" for i in range(len(keys))]
    frame = pl.DataFrame(
        [key.alias(name) for key, name in zip(keys, names, strict=True)]
    )
    rank = frame.select(pl.int_range(pl.len()).over(names)).to_series()
    return rank.to_numpy().astype(np.int64)


def spans(keys: IntArray, groups: int) -> tuple[IntArray, IntArray]:
    """Return start and length of each group in an ascending key array."""
    start = np.searchsorted(keys, np.arange(groups), "left")
    end = np.searchsorted(keys, np.arange(groups), "right")
    return start.astype(np.int64), (end - start).astype(np.int64)
