"""Count in DuckDB what Great Expectations needs to know about a table.

One scan answers every rule that looks at one column; keys that must be unique or exist
elsewhere take one more each. Only numbers leave this module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from hygiene.quality.record_rule import quote
from hygiene.quality.rule import (
    Between,
    ColumnExists,
    InSet,
    Matches,
    NotNull,
    Resolves,
    RowCount,
    Rule,
    Unique,
)


@dataclass(frozen=True, slots=True)
class RuleCounts:
    """What one rule met: rows, rows without a value, rows that break it."""

    rows: int
    missing: int
    unexpected: int


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _conditions(rule: Rule) -> tuple[str, str] | None:
    """Return the conditions `value is missing` and `value breaks the rule`."""
    check = rule.check
    match check:
        case NotNull():
            return f"{quote(check.column)} IS NULL", f"{quote(check.column)} IS NULL"
        case Matches():
            column = quote(check.column)
            pattern = _literal(check.pattern)
            return (
                f"{column} IS NULL",
                f"NOT regexp_matches({column}::varchar, {pattern})",
            )
        case InSet():
            column = quote(check.column)
            values = ", ".join(_literal(value) for value in check.values)
            return f"{column} IS NULL", f"{column}::varchar NOT IN ({values})"
        case Between():
            # Numbers as text are numbers; what is no number counts as missing here, and
            # as invalid under the rule that says "is a number".
            number = f"try_cast({quote(check.column)} AS double)"
            ends = [f"{number} < {check.min!r}"] if check.min is not None else []
            ends += [f"{number} > {check.max!r}"] if check.max is not None else []
            return f"{number} IS NULL", " OR ".join(ends)
        case Unique() | Resolves() | ColumnExists() | RowCount():
            return None


def count_rules(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    rules: Sequence[Rule],
    *,
    references: Mapping[tuple[str, str], str],
) -> dict[str, RuleCounts]:
    """Count for every rule how many rows it meets and how many break it.

    Args:
        connection: An open connection.
        relation: SQL of the table; its columns are those that the rules name.
        rules: Rules whose columns and references are there.
        references: SQL of the table behind a foreign key, by (table, key).

    Returns:
        Counts by rule id.

    Raises:
        duckdb.Error: A column has a type that a rule cannot be asked of.
    """
    single = [(rule, pair) for rule in rules if (pair := _conditions(rule)) is not None]
    parts = ["count(*)"]
    for _, (missing, broken) in single:
        parts += [f"count_if({missing})", f"count_if({broken})"]
    row = connection.execute(f"SELECT {', '.join(parts)} FROM {relation}").fetchone()
    numbers = [int(value or 0) for value in row or [0] * len(parts)]
    rows = numbers[0]
    counts = {
        rule.id: RuleCounts(rows, numbers[2 * index + 1], numbers[2 * index + 2])
        for index, (rule, _) in enumerate(single)
    }
    for rule in rules:
        if isinstance(rule.check, Unique):
            counts[rule.id] = _repeated(connection, relation, rule.check, rows)
        elif isinstance(rule.check, Resolves):
            target = references[rule.check.table, rule.check.key]
            counts[rule.id] = _dangling(connection, relation, rule.check, target, rows)
        elif rule.id not in counts:
            counts[rule.id] = RuleCounts(rows, 0, 0)
    return counts


def _repeated(
    connection: duckdb.DuckDBPyConnection, relation: str, check: Unique, rows: int
) -> RuleCounts:
    columns = ", ".join(quote(column) for column in check.columns)
    # Without a value there is nothing to repeat; in a key of several columns there is.
    filled = f"{columns} IS NOT NULL" if len(check.columns) == 1 else "true"
    row = connection.execute(
        "SELECT coalesce(sum(n), 0), coalesce(sum(n) FILTER (n > 1), 0) FROM "
        f"(SELECT count(*) AS n FROM {relation} WHERE {filled} GROUP BY {columns})"
    ).fetchone()
    present, repeated = (int(row[0]), int(row[1])) if row else (0, 0)
    return RuleCounts(rows, rows - present, repeated)


def _dangling(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    check: Resolves,
    target: str,
    rows: int,
) -> RuleCounts:
    column, key = quote(check.column), quote(check.key)
    row = connection.execute(
        f"SELECT count(*), coalesce(count_if(known.key IS NULL), 0) "
        f"FROM {relation} AS checked "
        f"LEFT JOIN (SELECT DISTINCT {key} AS key FROM {target} WHERE {key} IS NOT NULL) "
        f"AS known ON checked.{column} = known.key WHERE checked.{column} IS NOT NULL"
    ).fetchone()
    present, dangling = (int(row[0]), int(row[1])) if row else (0, 0)
    return RuleCounts(rows, rows - present, dangling)
