"""What the values of a column look like, from a sample, for the drift ledger.

Belongs here: the hint rules. Hints never change a landed value, which stays text; they
exist so that "amount used to be numbers and is words now" is noticed the same day.
"""

from __future__ import annotations

import polars as pl

from connectors.landing.schema import TypeHint

SAMPLE_ROWS = 20_000
# A stray value among many must not make a column flip back and forth between loads.
AGREEMENT = 0.98

# Each with one accepted and one rejected example.
_BOOLEAN = r"^(?i:true|false|yes|no)$"  # "True" / "1"
_INTEGER = r"^[+-]?\d{1,18}$"  # "-42" / "4.2"
_DECIMAL = (
    r"^[+-]?(?:\d+(?:[.,]\d+)?|\d{1,3}(?:[., ]\d{3})+(?:[.,]\d+)?|[.,]\d+)"
    r"(?:[eE][+-]?\d+)?$"
)
# ^ "1,234.50" / "12-5"
_DATE = r"^(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2}))$"
# ^ "2025-03-01" / "2025-03-01 10:00"
_DATETIME = (
    r"^(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2}))"
    r"[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AaPp][Mm])?(?:Z|[+-]\d{2}:?\d{2})?$"
)
# ^ "2006-04-15T03:23:15.000Z" / "2025-03-01"

# From narrow to wide: the first that enough values match wins.
_RULES: tuple[tuple[TypeHint, str], ...] = (
    (TypeHint.BOOLEAN, _BOOLEAN),
    (TypeHint.INTEGER, _INTEGER),
    (TypeHint.DECIMAL, _DECIMAL),
    (TypeHint.DATE, _DATE),
    (TypeHint.DATETIME, f"(?:{_DATE})|(?:{_DATETIME})"),
)


def infer_type_hints(sample: pl.DataFrame) -> dict[str, TypeHint]:
    """Give each text column of a sample the narrowest hint that 98 % of it match.

    Example:
        >>> infer_type_hints(pl.DataFrame({"a": ["1", "2.5"], "b": ["x", None]}))
        {'a': <TypeHint.DECIMAL: 'decimal'>, 'b': <TypeHint.TEXT: 'text'>}
    """
    return {column.name: _infer(column) for column in sample.get_columns()}


def _infer(column: pl.Series) -> TypeHint:
    values = column.drop_nulls().str.strip_chars()
    values = values.filter(values != "")
    if values.is_empty():
        return TypeHint.EMPTY
    for hint, pattern in _RULES:
        if (values.str.contains(pattern).sum() or 0) >= AGREEMENT * len(values):
            return hint
    return TypeHint.TEXT
