"""Blocking keys: capped, so that no value shared by thousands makes quadratic pairs.

What belongs here: the key columns of the feature table. What does not: finding pairs.

A key with more records than the cap (one million records sharing one mailbox would make
5e11 pairs) is left out of blocking only: the value still counts when another key brings
the pair together. Keys are capped as a whole, so "john smith" may be too common while
"john smith in Leeds" is not. What is left out is reported.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from hygiene.matching.report import HotKeys
from hygiene.matching.specification import BlockingRule


def key_column(rule: BlockingRule, *, other: bool = False) -> str:
    """Name the column that holds a rule's capped key.

    Args:
        rule: The blocking rule.
        other: Whether the key of the other record is meant, for asymmetric rules.

    Returns:
        A column of `features`.
    """
    suffix = "_other" if other and rule.other_parts is not None else ""
    return f"block_{rule.name}{suffix}"


def _key_expression(parts: Sequence[str]) -> str:
    # 64-bit keys keep the joins narrow; a collision only adds a pair to be scored.
    present = " AND ".join(f"nullif(({part}), '') IS NOT NULL" for part in parts)
    return f"CASE WHEN {present} THEN hash({', '.join(parts)}) END"


def add_blocking_keys(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    rules: Sequence[BlockingRule],
    cap: int,
) -> tuple[HotKeys, ...]:
    """Create the table `features` from a query over `facts`, with its blocking keys.

    Args:
        connection: Connection that holds `facts`, which is dropped.
        query: The features without keys.
        rules: The blocking rules.
        cap: Most records of a key.

    Returns:
        The rules that lost keys, and how many.
    """
    keys: list[str] = []
    for rule in rules:
        keys.append(
            f"CASE WHEN NOT is_test_record THEN {_key_expression(rule.parts)} END "
            f"AS {key_column(rule)}"
        )
        if rule.other_parts is not None:
            keys.append(
                f"CASE WHEN NOT is_test_record THEN {_key_expression(rule.other_parts)}"
                f" END AS {key_column(rule, other=True)}"
            )
    connection.execute(
        f"CREATE TEMP TABLE keyed AS SELECT *, {', '.join(keys)} FROM ({query})"
    )
    reports: list[HotKeys] = []
    joins: list[str] = []
    replaced: list[str] = []
    for rule in rules:
        own, other = key_column(rule), key_column(rule, other=True)
        column_pair = [own] if other == own else [own, other]
        source = " UNION ALL ".join(f"SELECT {c} AS k FROM keyed" for c in column_pair)
        counts = f"count_{rule.name}"
        connection.execute(
            f"CREATE TEMP TABLE {counts} AS SELECT k, count(*) AS n FROM ({source}) "
            "WHERE k IS NOT NULL GROUP BY k HAVING count(*) > 1"
        )
        row = connection.execute(
            f"SELECT count(*), coalesce(sum(n), 0)::BIGINT, coalesce(max(n), 0) "
            f"FROM {counts} WHERE n > ?",
            [cap],
        ).fetchone()
        values, records, largest = row if row else (0, 0, 0)
        if values:
            reports.append(
                HotKeys(rule.name, int(values), int(records), int(largest), cap)
            )
        for number, column in enumerate(column_pair):
            alias = f"{counts}_{number}"
            joins.append(
                f"LEFT JOIN {counts} AS {alias} ON keyed.{column} = {alias}.k "
                f"AND {alias}.n <= {int(cap)}"
            )
            replaced.append(f"{alias}.k AS {column}")
    connection.execute(
        "CREATE TABLE features AS SELECT "
        "(row_number() OVER (ORDER BY source_record_key) - 1)::BIGINT AS unique_id, "
        f"keyed.* REPLACE ({', '.join(replaced)}) FROM keyed {' '.join(joins)}"
    )
    for rule in rules:
        connection.execute(f"DROP TABLE count_{rule.name}")
    connection.execute("DROP TABLE keyed")
    connection.execute("DROP TABLE facts")
    return tuple(reports)
