"""Putting values set by hand in force, over whatever the rules chose.

What belongs here: which overrides hold, and what they change. What does not: the book in
which they are kept (`overrides.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np
import polars as pl

from hygiene.survivorship.golden import gather
from hygiene.survivorship.overrides import value_mark
from hygiene.survivorship.parts import Part
from hygiene.survivorship.winners import Survivors

_VALID = """
SELECT numbered.golden_number, numbered.record_number, book.field, book.value,
    epoch_us(book.set_at)::DOUBLE AS set_at, book.replaced
FROM book INNER JOIN numbered USING (source_record_key)
WHERE book.entity = $entity
    AND ($as_of IS NULL OR book.until IS NULL OR book.until >= $as_of)
QUALIFY row_number() OVER (
    PARTITION BY numbered.golden_number, book.field ORDER BY book.place DESC
) = 1
ORDER BY golden_number, field
"""


@dataclass(frozen=True, slots=True)
class OverrideCount:
    """What became of the overrides of one entity.

    Attributes:
        applied: Values set by hand.
        expired: Overrides whose last day is over.
        conflicts: Applied ones whose automatic value changed since they were set.
        absent: Overrides of records that are not in this run.
    """

    applied: int = 0
    expired: int = 0
    conflicts: int = 0
    absent: int = 0


def valid_overrides(
    connection: duckdb.DuckDBPyConnection, entity: str, as_of: date | None
) -> pl.DataFrame:
    """Read the overrides that hold, at most one per golden record and field.

    Args:
        connection: Connection with `book` and `numbered`.
        entity: contact or account.
        as_of: Day for which they have to be valid.

    Returns:
        golden_number, record_number, field, value, set_at (microseconds), replaced.
    """
    return connection.execute(_VALID, {"entity": entity, "as_of": as_of}).pl()


def apply_overrides(
    overrides: pl.DataFrame,
    part: Part,
    survivors: Mapping[str, Survivors],
    rule: int,
) -> int:
    """Let values set by hand survive in a part.

    Args:
        overrides: What `valid_overrides` returned.
        part: The golden records.
        survivors: What survived by the rules, by field; corrected in place.
        rule: Number of the rule under which such values are reported.

    Returns:
        Overrides whose automatic value has changed since they were set.
    """
    conflicts = 0
    first = part.members["golden_number"][0] if part.size else 0
    records = pl.DataFrame({"record_number": part.members["record_number"]})
    mine = overrides.join(
        records.with_row_index("source_at"), on="record_number", how="inner"
    )
    for (field,), rows in mine.group_by("field", maintain_order=True):
        item = survivors[str(field)]
        at = rows["golden_number"].to_numpy().astype(np.int64) - first
        texts = rows["value"]
        automatic_at = item.value_at[at]
        automatic = gather(item.values, automatic_at)
        conflicts += sum(
            replaced != "" and value_mark(value) != replaced
            for value, replaced in zip(automatic, rows["replaced"], strict=True)
        )
        differs = automatic.ne_missing(texts).to_numpy()
        item.candidates[at] = np.where(automatic_at >= 0, item.candidates[at], 0)
        item.candidates[at] += differs
        automatic_source = np.where(automatic_at >= 0, item.source_at[at], -1)
        item.rival_value_at[at] = np.where(
            differs, automatic_at, item.rival_value_at[at]
        )
        item.rival_at[at] = np.where(differs, automatic_source, item.rival_at[at])
        item.value_at[at] = np.where(
            (texts != "").to_numpy(), item.add_texts(texts.to_list()), -1
        )
        item.source_at[at] = rows["source_at"].to_numpy()
        item.observed[at] = rows["set_at"].to_numpy()
        item.rule[at] = rule
    return conflicts


def count_overrides(
    connection: duckdb.DuckDBPyConnection,
    entity: str,
    as_of: date | None,
    *,
    applied: int,
    conflicts: int,
) -> OverrideCount:
    """Count what became of the overrides of one entity.

    Args:
        connection: Connection with `every_cluster` and `book`.
        entity: contact or account.
        as_of: Day for which they have to be valid.
        applied: Values set by hand.
        conflicts: Those whose automatic value has changed.

    Returns:
        Counts.
    """
    row = connection.execute(
        """
        SELECT
            (SELECT count(*) FROM book
                WHERE entity = $entity AND until < $as_of),
            (SELECT count(*) FROM book
                WHERE entity = $entity AND source_record_key NOT IN (
                    SELECT source_record_key::VARCHAR FROM every_cluster
                ))
        """,
        {"entity": entity, "as_of": as_of},
    ).fetchone()
    expired, absent = row if row else (0, 0)
    return OverrideCount(applied, int(expired or 0), conflicts, int(absent or 0))
