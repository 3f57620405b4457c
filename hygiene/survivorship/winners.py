"""Who wins: the lineage of every field, from the table `members`.

What belongs here: set-based SQL generated from the rules. What does not: files, and the
rules themselves.

All groups of fields are ranked in one pass over (group, record): every strategy gives a
record a number, smaller for the better record. The values of all fields are laid out
long and decided in one pass as well. Only where two values compete is the runner-up
looked up. The numbers of records and golden ids stand in for their keys, because they
are cheaper to sort and to join.
"""

from __future__ import annotations

import duckdb

from hygiene.parquet_exchange import quote_literal
from hygiene.survivorship.fields import (
    GROUPS,
    FieldGroup,
    field_place,
    value_column,
)
from hygiene.survivorship.members import (
    changed_column,
    custom_column,
    kept_column,
    status_column,
)
from hygiene.survivorship.rules import (
    Strategies,
    Strategy,
    SurvivorshipRules,
    custom_sql,
    rule_name,
)

_SEPARATOR = "; "

_Chosen = list[tuple[FieldGroup, Strategies]]


def record_winners(
    connection: duckdb.DuckDBPyConnection, entity: str, rules: SurvivorshipRules
) -> None:
    """Fill `lineage`: one row per golden record and field that has a value.

    The rule that is reported is the first one that told the winner from the best record
    with another value. A group survives as a whole: where its best record lacks a field,
    nobody's value of that field survives.

    Args:
        connection: Connection with `members` and an empty `lineage`.
        entity: contact or account.
        rules: Which value survives.
    """
    chosen = [(group, rules.strategies(entity, group.name)) for group in GROUPS[entity]]
    width = max(len(strategies) for _, strategies in chosen)
    columns = {str(row[0]) for row in connection.execute("DESCRIBE members").fetchall()}
    _record_single(connection, entity, columns)
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW several AS "
        "SELECT * FROM members WHERE cluster_size > 1"
    )
    _rank_members(connection, chosen, width, columns)
    _list_values(connection, entity)
    _find_winners(connection, any(Strategy.UNION in names for _, names in chosen))
    _name_rules(connection, entity, chosen, width)
    _decide_contests(connection, width)
    connection.execute(
        """
        INSERT INTO lineage
        SELECT
            several.golden_id,
            field_rules.field_name,
            coalesce(decided.every_value, winners.value),
            several.source_record_key,
            several.source_name,
            coalesce(decided.rule, 'only_value'),
            winners.observed_at,
            coalesce(decided.candidates, 1),
            decided.runner_up_value,
            decided.runner_up_source_record_key,
            winners.golden_number,
            field_rules.field_place
        FROM winners
        INNER JOIN several ON winners.record_number = several.record_number
        INNER JOIN field_rules ON winners.field_number = field_rules.field_number
        LEFT JOIN decided
            ON winners.golden_number = decided.golden_number
            AND winners.field_number = decided.field_number
        """
    )
    connection.execute("DROP VIEW several")
    for table in (
        "ranked",
        "field_values",
        "winners",
        "contests",
        "field_rules",
        "decided",
    ):
        connection.execute(f"DROP TABLE {table}")


def _fields(entity: str) -> list[tuple[str, int, FieldGroup]]:
    """List every field with the number of its group."""
    return [
        (field.name, number, group)
        for number, group in enumerate(GROUPS[entity])
        for field in group.fields
    ]


def _value_columns(entity: str) -> str:
    return ", ".join(
        value_column(field) for group in GROUPS[entity] for field in group.fields
    )


def _record_single(
    connection: duckdb.DuckDBPyConnection, entity: str, columns: set[str]
) -> None:
    """Write the lineage of golden records that have one source record only."""
    fields = _fields(entity)
    names = ", ".join(quote_literal(name) for name, _, _ in fields)
    places = ", ".join(str(field_place(entity, name)) for name, _, _ in fields)
    observed = ", ".join(_observed(group, columns) for _, _, group in fields)
    connection.execute(
        f"""
        INSERT INTO lineage
        SELECT golden_id, field_name, value, source_record_key, source_name,
            'only_record', observed, 1, NULL, NULL, golden_number, field_place
        FROM (
            SELECT golden_id, source_record_key, source_name, golden_number,
                unnest([{names}]) AS field_name,
                unnest([{places}]) AS field_place,
                unnest([{_value_columns(entity)}]) AS value,
                unnest([{observed}]) AS observed
            FROM members WHERE cluster_size = 1
        )
        WHERE value IS NOT NULL
        """
    )


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
        return f"-count(*) OVER (PARTITION BY golden_number, is_dead, {values[0]})"
    if strategy is Strategy.VALIDATED_FIRST:
        return status_column(group)
    if strategy is Strategy.NEVER_OVERWRITE:
        return kept_column(group)
    if strategy is Strategy.RESTRICTIVE_WINS:
        return f"CASE WHEN {values[0]} = 'true' THEN 0 ELSE 1 END"
    return "0"


def _rank_members(
    connection: duckdb.DuckDBPyConnection,
    chosen: _Chosen,
    width: int,
    columns: set[str],
) -> None:
    """Create `ranked`: per group, the records that have a value of it, best first."""
    queries: list[str] = []
    for number, (group, strategies) in enumerate(chosen):
        observed = _observed(group, columns)
        present = " OR ".join(
            f"{value_column(field)} IS NOT NULL" for field in group.fields
        )
        # An opt-out counts wherever it was expressed, also on a record merged away.
        dead = "false" if Strategy.RESTRICTIVE_WINS in strategies else "is_dead"
        orders = [
            f"({_order_of(group, strategies[n], n, observed)})::DOUBLE AS by_{n}"
            if n < len(strategies)
            else f"NULL::DOUBLE AS by_{n}"
            for n in range(width)
        ]
        queries.append(
            f"SELECT {number}::TINYINT AS group_number, golden_number, record_number, "
            f"{observed} AS observed_at, source_rank, {dead} AS is_out, "
            f"{', '.join(orders)} FROM several WHERE {present}"
        )
    keys = ", ".join(["is_out", *(f"by_{n}" for n in range(width))])
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE ranked AS
        SELECT * EXCLUDE (source_rank), row_number() OVER (
            PARTITION BY golden_number, group_number
            ORDER BY {keys}, observed_at DESC NULLS LAST, source_rank, record_number
        )::INTEGER AS place
        FROM ({" UNION ALL ".join(queries)})
        """
    )


def _list_values(connection: duckdb.DuckDBPyConnection, entity: str) -> None:
    """Create `field_values`: every value of every field, with its record's place."""
    groups = [number for _, number, _ in _fields(entity)]
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE field_values AS
        SELECT long.golden_number, long.field_number, long.record_number, ranked.place,
            long.value, ranked.observed_at
        FROM (
            SELECT golden_number, record_number,
                unnest(range({len(groups)}))::TINYINT AS field_number,
                unnest({groups})::TINYINT AS group_number,
                unnest([{_value_columns(entity)}]) AS value
            FROM several
        ) AS long
        INNER JOIN ranked
            ON long.record_number = ranked.record_number
            AND long.group_number = ranked.group_number
        WHERE long.value IS NOT NULL
        """
    )


def _find_winners(connection: duckdb.DuckDBPyConnection, any_union: bool) -> None:
    """Create `winners`, and `contests` where more than one value competes."""
    every = (
        f"any_value(best_value) || {quote_literal(_SEPARATOR)} || "
        f"string_agg(value, {quote_literal(_SEPARATOR)} ORDER BY place)"
        if any_union
        else "NULL::VARCHAR"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE winners AS "
        "SELECT * EXCLUDE (place) FROM field_values WHERE place = 1"
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE contests AS
        WITH rivals AS (
            SELECT golden_number, field_number, v.value, min(v.place) AS place,
                arg_min(v.record_number, v.place) AS record_number,
                any_value(winners.record_number) AS best_record,
                any_value(winners.value) AS best_value
            FROM field_values AS v INNER JOIN winners
                USING (golden_number, field_number)
            WHERE v.value <> winners.value
            GROUP BY golden_number, field_number, v.value
        )
        SELECT golden_number, field_number, count(*) + 1 AS candidates,
            any_value(best_record) AS best_record,
            arg_min(record_number, place) AS next_record,
            arg_min(value, place) AS next_value,
            {every} AS every_value
        FROM rivals GROUP BY golden_number, field_number
        """
    )


def _name_rules(
    connection: duckdb.DuckDBPyConnection, entity: str, chosen: _Chosen, width: int
) -> None:
    """Create `field_rules`: per field its group and the names of its strategies."""
    rows: list[str] = []
    for number, (group, strategies) in enumerate(chosen):
        named = [
            quote_literal(rule_name(strategies[n], n))
            if n < len(strategies)
            else "NULL"
            for n in range(width)
        ]
        is_union = str(Strategy.UNION in strategies).lower()
        for field in group.fields:
            rows.append(
                f"({len(rows)}, {quote_literal(field.name)}, "
                f"{field_place(entity, field.name)}, {number}, {is_union}, "
                f"{', '.join(named)})"
            )
    columns = ", ".join(f"rule_{n}" for n in range(width))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE field_rules AS SELECT * FROM "
        f"(VALUES {', '.join(rows)}) AS "
        f"t(field_number, field_name, field_place, group_number, is_union, {columns})"
    )


def _decide_contests(connection: duckdb.DuckDBPyConnection, width: int) -> None:
    """Create `decided`: the rule that told winner and runner-up apart."""
    differs = " ".join(
        f"WHEN best.by_{n} IS DISTINCT FROM other.by_{n} THEN rules.rule_{n}"
        for n in range(width)
    )
    # Inner joins over the contests only, by equality: the rest needs no runner-up.
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE decided AS
        SELECT contests.golden_number, contests.field_number, contests.candidates,
            CASE WHEN rules.is_union THEN contests.every_value END AS every_value,
            CASE
                WHEN rules.is_union THEN '{Strategy.UNION}'
                WHEN best.is_out <> other.is_out THEN 'live_first'
                {differs}
                ELSE 'tie_break'
            END AS rule,
            contests.next_value AS runner_up_value,
            loser.source_record_key AS runner_up_source_record_key
        FROM contests
        INNER JOIN field_rules AS rules ON contests.field_number = rules.field_number
        INNER JOIN ranked AS best
            ON contests.best_record = best.record_number
            AND rules.group_number = best.group_number
        INNER JOIN ranked AS other
            ON contests.next_record = other.record_number
            AND rules.group_number = other.group_number
        INNER JOIN several AS loser
            ON contests.next_record = loser.record_number
        """
    )
