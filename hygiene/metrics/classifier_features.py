"""A table of customers as two matrices: numbers and categories, nothing that names them.

What belongs here: deciding by content which columns are numbers, days, categories or
identifiers, and which betray the outcome on their own. What does not: fitting.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hygiene.metrics.fitting import Floats
from hygiene.metrics.scoring import area_under_curve

# A text column with more values than this describes single customers, not kinds of them.
_MOST_CATEGORIES = 50
# Numbers with so few values (flags, counts of products) are kinds, too.
_FEW_NUMBERS = 3
_READABLE = 0.95
_NOTHING = ("", "nan", "nat", "none", "null", "<na>")


class Dropped(StrEnum):
    """Why a column takes no part."""

    IDENTIFIER = "identifier"
    CONSTANT = "constant"
    TOO_MANY_VALUES = "too_many_values"


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """What a classifier may see; rows in the order of the input.

    Attributes:
        numbers: Matrix of numbers; missing is not a number.
        number_names: Their columns.
        categories: Matrix of category codes from 0; missing is a category.
        category_names: Their columns.
        dropped: Columns that take no part, and why.
    """

    numbers: Floats
    number_names: list[str]
    categories: NDArray[np.int64]
    category_names: list[str]
    dropped: dict[str, Dropped]

    @property
    def matrix(self) -> Floats:
        """Numbers and then categories side by side."""
        return np.hstack([self.numbers, self.categories.astype(np.float64)])


def prepare_features(frame: pl.DataFrame) -> FeatureTable:
    """Sort columns into numbers, categories and what takes no part, by their content.

    A column counts as numbers if at least 95 % of its values are numbers, as days if they
    are ISO days (which become day numbers); integers that are all different are taken for
    identifiers. No outcome is looked at.

    Args:
        frame: One row per customer, without outcome and key.

    Example:
        >>> table = prepare_features(pl.DataFrame({"plan": ["a", "b"], "fee": ["1.5", "2"]}))
        >>> table.category_names, table.dropped
        (['plan', 'fee'], {})
    """
    numbers, number_names = [], []
    categories, category_names = [], []
    dropped: dict[str, Dropped] = {}
    for name in sorted(frame.columns, key=frame.columns.index):
        text = _clean(frame[name])
        values = text.n_unique()
        if values <= 1:
            dropped[name] = Dropped.CONSTANT
            continue
        number = _as_number(text)
        if number is not None and number.n_unique() > _FEW_NUMBERS:
            if _is_identifier(number):
                dropped[name] = Dropped.IDENTIFIER
                continue
            numbers.append(number.to_numpy().astype(np.float64))
            number_names.append(name)
        elif values <= _MOST_CATEGORIES:
            categories.append(_codes(text))
            category_names.append(name)
        elif text.drop_nulls().n_unique() == len(text.drop_nulls()):
            dropped[name] = Dropped.IDENTIFIER
        else:
            dropped[name] = Dropped.TOO_MANY_VALUES
    rows = frame.height
    return FeatureTable(
        numbers=np.column_stack(numbers) if numbers else np.zeros((rows, 0)),
        number_names=number_names,
        categories=np.column_stack(categories)
        if categories
        else np.zeros((rows, 0), dtype=np.int64),
        category_names=category_names,
        dropped=dropped,
    )


def suspicious_columns(
    features: FeatureTable, outcome: Floats, *, alarm: float
) -> dict[str, float]:
    """Columns that tell the outcome on their own better than an honest column can.

    Usual suspects are a reason or date of churn that is filled for churned customers only.

    Args:
        features: The features.
        outcome: 0 or 1 per row.
        alarm: AUC above which a column is suspicious.

    Returns:
        Their AUC by name.
    """
    found = {}
    for index, name in enumerate(features.number_names):
        column = features.numbers[:, index]
        missing = np.isnan(column)
        present = np.where(missing, np.nanmedian(column), column)
        scores = [
            area_under_curve(score, outcome) or 0.5
            for score in (present, missing.astype(np.float64))
        ]
        best = max(max(score, 1.0 - score) for score in scores)
        if best > alarm:
            found[name] = best
    for index, name in enumerate(features.category_names):
        codes = features.categories[:, index]
        totals = np.bincount(codes)
        means = np.bincount(codes, weights=outcome) / np.maximum(totals, 1)
        auc = area_under_curve(means[codes], outcome) or 0.5
        if auc > alarm:
            found[name] = auc
    return found


def _clean(column: pl.Series) -> pl.Series:
    text = column.cast(pl.String).str.strip_chars()
    lowered = text.str.to_lowercase()
    return pl.select(
        pl.when(~lowered.is_in(list(_NOTHING))).then(text).alias(column.name)
    ).to_series()


def _as_number(text: pl.Series) -> pl.Series | None:
    present = text.drop_nulls()
    if not len(present):
        return None
    number = text.cast(pl.Float64, strict=False)
    number = pl.select(pl.when(number.is_finite()).then(number)).to_series()
    if len(number.drop_nulls()) >= _READABLE * len(present):
        return number
    day = text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    if len(day.drop_nulls()) >= _READABLE * len(present):
        return day.cast(pl.Int32).cast(pl.Float64)
    return None


def _is_identifier(number: pl.Series) -> bool:
    values = number.to_numpy()
    whole = bool(np.all(values == np.floor(values))) and not number.null_count()
    return whole and len(values) > _MOST_CATEGORIES and number.n_unique() == len(values)


def _codes(text: pl.Series) -> NDArray[np.int64]:
    known = text.drop_nulls().unique().sort()
    codes = {value: code for code, value in enumerate(known.to_list(), start=1)}
    return np.asarray(
        text.replace_strict(codes, default=0, return_dtype=pl.Int64).to_numpy(),
        dtype=np.int64,
    )
