"""Who wins: the lineage of every field, from the table `members`.

What belongs here: set-based SQL generated from the rules; one statement per field, no
loop over records. What does not: files, and the rules themselves.
"""

from __future__ import annotations

import duckdb

from hygiene.parquet_exchange import quote_literal
from hygiene.survivorship.fields import Field, FieldGroup, value_column
from hygiene.survivorship.members import (
    changed_column,
    custom_column,
    kept_column,
    status_column,
)
from hygiene.survivorship.rules import Strategies, Strategy, custom_sql, rule_name

_SEPARATOR = "; "


def record_single(connection: duckdb.DuckDBPyConnection, group: FieldGroup) -> None:
    """Write the lineage of golden records that have one source record only.

    Args:
        connection: Connection with `members` and `lineage`.
        group: The group of fields.
    """
    observed = _observed(group, _columns(connection))
    for field in group.fields:
        connection.execute(
            f"""
            INSERT INTO lineage
            SELECT golden_id, ?, {value_column(field)}, source_record_key, source_name,
                'only_record', {observed}, 1, NULL, NULL
            FROM members WHERE cluster_size = 1 AND {value_column(field)} IS NOT NULL
            """,
            [field.name],
        )


def _columns(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {str(row[0]) for row in connection.execute("DESCRIBE members").fetchall()}


def _observed(group: FieldGroup, columns: set[str]) -> str:
    """When the value was last touched: by the field's own history where it is known."""
    if f"changed_{group.name}" in columns:
        return f"coalesce({changed_column(group)}, observed_at)"
    return "observed_at"


def _order_of(
    group: FieldGroup, strategy: Strategy | str, position: int, observed: str
) -> str:
    """Return an expression that is smaller for the better record."""
    if custom_sql(strategy) is not None:
        return f"coalesce({custom_column(group, position)}, 'inf'::DOUBLE)"
    values = [value_column(field) for field in group.fields]
    if strategy is Strategy.SOURCE_PRIORITY:
        return "source_rank"
    if strategy is Strategy.MOST_RECENT:
        return f"-epoch_us(coalesce({observed}, TIMESTAMP '0001-01-01'))"
    if strategy is Strategy.OLDEST:
        return "epoch_us(coalesce(created_at, observed_at, TIMESTAMP '9999-01-01'))"
    if strategy is Strategy.MOST_COMPLETE:
        present = " + ".join(f"({value} IS NOT NULL)::INTEGER" for value in values)
        length = " + ".join(f"coalesce(length({value}), 0)" for value in values)
        return f"-(({present}) * 1000000 + {length})"
    if strategy is Strategy.MOST_FREQUENT:
        return f"-count(*) OVER (PARTITION BY golden_id, is_dead, {values[0]})"
    if strategy is Strategy.VALIDATED_FIRST:
        return status_column(group)
    if strategy is Strategy.NEVER_OVERWRITE:
        return kept_column(group)
    if strategy is Strategy.RESTRICTIVE_WINS:
        return f"CASE WHEN {values[0]} = 'true' THEN 0 ELSE 1 END"
    return "0"


def rank_members(
    connection: duckdb.DuckDBPyConnection, group: FieldGroup, strategies: Strategies
) -> None:
    """Create `ranked`: the records that have a value of the group, best first.

    Args:
        connection: Connection with `members`.
        group: The group of fields.
        strategies: Its strategies in order.
    """
    observed = _observed(group, _columns(connection))
    present = " OR ".join(
        f"{value_column(field)} IS NOT NULL" for field in group.fields
    )
    # An opt-out counts wherever it was expressed, also on a record merged away.
    dead = "false" if Strategy.RESTRICTIVE_WINS in strategies else "is_dead"
    names = [rule_name(item, position) for position, item in enumerate(strategies)]
    orders = [
        f"{_order_of(group, item, position, observed)} AS by_{names[position]}"
        for position, item in enumerate(strategies)
    ]
    keys = ", ".join(["is_out", *(f"by_{name}" for name in names)])
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE ranked AS
        SELECT *, row_number() OVER (
            PARTITION BY golden_id
            ORDER BY {keys}, observed_at DESC NULLS LAST, source_rank, source_record_key
        ) AS place
        FROM (
            SELECT golden_id, source_record_key, source_name,
                {observed} AS observed_at, source_rank,
                {dead} AS is_out,
                {", ".join(value_column(field) for field in group.fields)},
                {", ".join(orders)}
            FROM members WHERE cluster_size > 1 AND ({present})
        )
        """
    )


def record_winners(
    connection: duckdb.DuckDBPyConnection, field: Field, strategies: Strategies
) -> None:
    """Write the lineage of one field from the records in `ranked`.

    The rule that is reported is the first one that told the winner from the best record
    with another value.

    Args:
        connection: Connection with `ranked` and `lineage`.
        field: The field.
        strategies: The strategies of its group.
    """
    value = value_column(field)
    other = f"FILTER ({value} <> winning_value)"
    is_union = Strategy.UNION in strategies
    names = [rule_name(item, position) for position, item in enumerate(strategies)]
    decided = ["WHEN candidates = 1 THEN 'only_value'"]
    if is_union:
        decided.append(f"ELSE '{Strategy.UNION}'")
    else:
        decided.append("WHEN win_is_out <> next_is_out THEN 'live_first'")
        decided += [
            f"WHEN win_{item} IS DISTINCT FROM next_{item} THEN '{item}'"
            for item in names
        ]
        decided.append("ELSE 'tie_break'")
    compared = ["is_out", *(f"by_{name}" for name in names)]
    named = ["is_out", *names]
    sides = ", ".join(
        f"arg_min({column}, place) FILTER (place = 1) AS win_{name}, "
        f"arg_min({column}, place) {other} AS next_{name}"
        for column, name in zip(compared, named, strict=True)
    )
    first = (
        f", row_number() OVER (PARTITION BY golden_id, {value} ORDER BY place) = 1 "
        "AS is_first"
        if is_union
        else ""
    )
    shown = "every_value" if is_union else "winning_value"
    every = (
        f", string_agg({value}, {quote_literal(_SEPARATOR)} ORDER BY place) "
        "FILTER (is_first) AS every_value"
        if is_union
        else ""
    )
    connection.execute(
        f"""
        INSERT INTO lineage
        SELECT golden_id, ?, {shown}, winner_key, winner_source,
            CASE {" ".join(decided)} END,
            winner_observed_at, candidates, next_value, next_key
        FROM (
            SELECT
                golden_id,
                any_value(winning_value) AS winning_value,
                arg_min(source_record_key, place) FILTER (place = 1) AS winner_key,
                arg_min(source_name, place) FILTER (place = 1) AS winner_source,
                arg_min(observed_at, place) FILTER (place = 1) AS winner_observed_at,
                count(DISTINCT {value}) AS candidates,
                arg_min({value}, place) {other} AS next_value,
                arg_min(source_record_key, place) {other} AS next_key,
                {sides}
                {every}
            FROM (
                SELECT *, first_value({value}) OVER (
                    PARTITION BY golden_id ORDER BY place
                ) AS winning_value {first}
                FROM ranked WHERE {value} IS NOT NULL OR place = 1
            )
            GROUP BY golden_id
        )
        WHERE winning_value IS NOT NULL
        """,
        [field.name],
    )
