"""Some golden records at a time: their source records, and the numbers that rank them.

What belongs here: reading the view `members`, and what each strategy looks at. What does
not: deciding who wins (`winners.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from hygiene.parquet_exchange import quote_identifier
from hygiene.survivorship.fields import GROUPS, FieldGroup, value_column
from hygiene.survivorship.members import (
    changed_column,
    custom_column,
    kept_column,
    status_column,
)
from hygiene.survivorship.rules import Strategy, SurvivorshipRules, custom_sql

Positions = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """Some golden records as a whole, with their source records in order.

    Attributes:
        members: Rows of `members`, by golden record and key.
        owner: Per source record the position of its golden record.
        starts: Per golden record the position of its first source record.
        orders: Numbers by name of the order column, smaller for the better record.
        observed: Microseconds since 1970 by name of the column; NaN where unknown.
    """

    members: pl.DataFrame
    owner: Positions
    starts: Positions
    orders: Mapping[str, Numbers]
    observed: Mapping[str, Numbers]

    @property
    def size(self) -> int:
        """How many golden records there are."""
        return len(self.starts)


def read_parts(
    connection: duckdb.DuckDBPyConnection,
    entity: str,
    rules: SurvivorshipRules,
    *,
    size: int,
    at_once: int,
) -> Iterator[Part]:
    """Read `members` in the order of their golden records, part by part.

    Reading costs a pass over all records, however many are wanted, so many parts are
    read at once.

    Args:
        connection: Connection with `members` and `numbered`.
        entity: contact or account.
        rules: Which value survives.
        size: Most golden records of a part.
        at_once: Most golden records in memory, a multiple of the size.

    Yields:
        The parts; one without records if there are none.
    """
    row = connection.execute(
        "SELECT coalesce(max(golden_number), 0) FROM numbered"
    ).fetchone()
    records = int(row[0]) if row else 0
    columns = {str(row[0]) for row in connection.execute("DESCRIBE members").fetchall()}
    orders = {
        name: sql
        for group in GROUPS[entity]
        for position, strategy in enumerate(rules.strategies(entity, group.name))
        if (sql := _order_sql(group, strategy, position, columns)) is not None
        for name in (order_name(group, strategy, position, columns),)
    }
    times = list(dict.fromkeys(observed_sql(item, columns) for item in GROUPS[entity]))
    selected = [
        f"({sql})::DOUBLE AS order_{place}" for place, sql in enumerate(orders.values())
    ]
    selected += [
        f"epoch_us({sql})::DOUBLE AS time_{place}" for place, sql in enumerate(times)
    ]
    dropped = [name for name in columns if name.startswith(("status_", "custom_"))]
    some = f" EXCLUDE ({', '.join(map(quote_identifier, dropped))})" if dropped else ""
    query = f"SELECT *{some}, {', '.join(selected)} FROM members"
    for first in range(1, max(records, 1) + 1, at_once):
        last = first + at_once - 1
        if records > at_once:
            query_now = f"{query} WHERE golden_number BETWEEN {first} AND {last}"
        else:
            query_now = query
        members = connection.sql(query_now).pl().sort("record_number")
        golden = members["golden_number"].to_numpy()
        for begin in range(first, min(last, max(records, 1)) + 1, size):
            start, end = np.searchsorted(golden, [begin, begin + size])
            yield _part(
                members[int(start) : int(end)],
                entity,
                rules,
                begin,
                list(orders),
                times,
            )


def _part(  # noqa: PLR0917  a window of the records and what was selected for it
    members: pl.DataFrame,
    entity: str,
    rules: SurvivorshipRules,
    first: int,
    names: Sequence[str],
    times: Sequence[str],
) -> Part:
    owner = members["golden_number"].to_numpy().astype(np.int64) - first
    orders = {
        name: members[f"order_{place}"].to_numpy() for place, name in enumerate(names)
    }
    for group in GROUPS[entity]:
        if Strategy.MOST_FREQUENT in rules.strategies(entity, group.name):
            orders[f"frequency of {group.name}"] = _frequencies(members, group)
    return Part(
        members.drop(
            *(f"order_{place}" for place in range(len(names))),
            *(f"time_{place}" for place in range(len(times))),
        ),
        owner,
        np.flatnonzero(np.diff(owner, prepend=-1)),
        orders,
        {
            name: members[f"time_{place}"].fill_null(float("nan")).to_numpy()
            for place, name in enumerate(times)
        },
    )


def _frequencies(members: pl.DataFrame, group: FieldGroup) -> Numbers:
    """Count, below zero, the records of a golden record with the same first field."""
    names = [f"value_{field.name}" for field in group.fields]
    present = pl.any_horizontal(pl.col(name).is_not_null() for name in names)
    return (
        members.select(
            -pl.len()
            .cast(pl.Float64)
            .over("golden_number", "is_dead", present.alias("present"), names[0])
        )
        .to_series()
        .to_numpy()
    )


def observed_sql(group: FieldGroup, columns: set[str]) -> str:
    """Return SQL of when a value was last touched: by the field's own history if known.

    Args:
        group: The group of fields.
        columns: The columns of `members`.

    Returns:
        An expression; its text names the column in `Part.observed`.
    """
    if f"changed_{group.name}" in columns:
        return f"coalesce({changed_column(group)}, observed_at)"
    return "observed_at"


def order_name(
    group: FieldGroup, strategy: Strategy | str, position: int, columns: set[str]
) -> str:
    """Name the numbers by which a strategy ranks; strategies that rank alike share them.

    Args:
        group: The group of fields.
        strategy: The strategy.
        position: Its place among the strategies of the group.
        columns: The columns of `members`.

    Returns:
        A key of `Part.orders`.
    """
    if strategy is Strategy.MOST_FREQUENT:
        return f"frequency of {group.name}"
    return str(_order_sql(group, strategy, position, columns))


def _order_sql(
    group: FieldGroup, strategy: Strategy | str, position: int, columns: set[str]
) -> str | None:
    """Return an expression that is smaller for the better record, if SQL computes it."""
    if custom_sql(strategy) is not None:
        # No number at all comes last.
        custom = f"nullif({custom_column(group, position)}, 'nan'::DOUBLE)"
        return f"coalesce({custom}, 'inf'::DOUBLE)"
    values = [value_column(field) for field in group.fields]
    if strategy is Strategy.SOURCE_PRIORITY:
        return "source_rank"
    if strategy is Strategy.MOST_RECENT:
        observed = observed_sql(group, columns)
        return f"-epoch_us(coalesce({observed}, TIMESTAMP '0001-01-01'))"
    if strategy is Strategy.OLDEST:
        return "epoch_us(coalesce(created_at, observed_at, TIMESTAMP '9999-01-01'))"
    if strategy is Strategy.MOST_COMPLETE:
        present = " + ".join(f"({value} IS NOT NULL)::INTEGER" for value in values)
        length = " + ".join(f"coalesce(length({value}), 0)" for value in values)
        return f"-(({present}) * 1000000 + {length})"
    if strategy is Strategy.VALIDATED_FIRST:
        return status_column(group)
    if strategy is Strategy.NEVER_OVERWRITE:
        return kept_column(group)
    if strategy is Strategy.RESTRICTIVE_WINS:
        return f"CASE WHEN {values[0]} = 'true' THEN 0 ELSE 1 END"
    return None
