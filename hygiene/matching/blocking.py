"""Blocking: which pairs are compared, with keys capped so that no value runs away.

What belongs here: blocking keys and the candidate pairs that they find. What does not:
comparing anything.

A key with more records than the cap (one million records sharing one mailbox would make
5e11 pairs) is left out of blocking only: the value still counts when another key brings
the pair together. Keys are capped as a whole, so "john smith" may be too common while
"john smith in Leeds" is not. What is left out is reported, and `hot_blocks.py` decides
whether neighbours in such a block are compared instead.

Only records whose key somebody shares are joined, a narrow table per rule, and a pair
remembers every rule that found it, one bit each. So the same pairs serve training and
scoring, and a later run can take back what one key found without asking the others.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import duckdb

from hygiene.errors import ConfigurationError
from hygiene.matching.report import HotKeys
from hygiene.matching.specification import BlockingRule

_MOST_RULES = 63
"""Bits of a signed 64-bit number without its sign."""


def key_column(rule: BlockingRule, *, other: bool = False) -> str:
    """Name the column that holds a rule's key.

    Args:
        rule: The blocking rule.
        other: Whether the key of the other record is meant, for asymmetric rules.

    Returns:
        A column of `block_keys`.
    """
    suffix = "_other" if other and rule.other_parts is not None else ""
    return f"block_{rule.name}{suffix}"


def key_columns(rules: Sequence[BlockingRule]) -> tuple[str, ...]:
    """Name every column of `block_keys` but the record number.

    Args:
        rules: The blocking rules.

    Returns:
        One column per rule, two for asymmetric ones.
    """
    return tuple(
        column
        for rule in rules
        for column in dict.fromkeys([key_column(rule), key_column(rule, other=True)])
    )


def _key_expression(parts: Sequence[str], known: dict[str, str]) -> str:
    # 64-bit keys keep the joins narrow; a collision only adds a pair to be scored.
    names = [known.setdefault(part, f"part_{len(known)}") for part in parts]
    present = " AND ".join(f"{name} IS NOT NULL" for name in names)
    return f"CASE WHEN {present} THEN hash({', '.join(names)}) END"


def build_keys(
    connection: duckdb.DuckDBPyConnection, rules: Sequence[BlockingRule]
) -> None:
    """Create `block_keys` from `features`: unique_id and the key of every rule.

    Args:
        connection: Connection that holds `features`.
        rules: The blocking rules.

    Raises:
        ConfigurationError: If there are more rules than bits.
    """
    if len(rules) > _MOST_RULES:
        raise ConfigurationError(
            f"Blocking: the model has {len(rules)} rules; expected at most "
            f"{_MOST_RULES}; compare fewer custom fields."
        )
    keys: list[str] = []
    known: dict[str, str] = {}
    for rule in rules:
        keys.append(f"{_key_expression(rule.parts, known)} AS {key_column(rule)}")
        if rule.other_parts is not None:
            keys.append(
                f"{_key_expression(rule.other_parts, known)} "
                f"AS {key_column(rule, other=True)}"
            )
    parts = ", ".join(f"nullif({part}, '') AS {name}" for part, name in known.items())
    connection.execute(
        "CREATE OR REPLACE TABLE block_keys AS SELECT unique_id, "
        f"{', '.join(keys)} FROM (SELECT unique_id::INTEGER AS unique_id, {parts} "
        "FROM features WHERE NOT is_test_record)"
    )


def hot_table(rule: BlockingRule) -> str:
    """Name the table of a rule's hot keys: k, and n, its records.

    Args:
        rule: The blocking rule.

    Returns:
        A table that `find_hot_keys` creates for rules that have any.
    """
    return f"hot_{rule.name}"


def find_hot_keys(
    connection: duckdb.DuckDBPyConnection, rules: Sequence[BlockingRule], cap: int
) -> tuple[HotKeys, ...]:
    """Create `members_<rule>` from `block_keys`: the records of keys in use.

    A key is in use if two records have it and not more than the cap. Keys above the cap
    are in `hot_table`, except for asymmetric rules.

    Args:
        connection: Connection that holds `block_keys`.
        rules: The blocking rules.
        cap: Most records of a key.

    Returns:
        The rules that lost keys, and how many.
    """
    reports: list[HotKeys] = []
    for rule in rules:
        own, other = key_column(rule), key_column(rule, other=True)
        columns = {own: "false"} if other == own else {own: "false", other: "true"}
        held = " UNION ALL ".join(
            f"SELECT unique_id, {column} AS k, {is_other} AS is_other FROM block_keys "
            f"WHERE {column} IS NOT NULL"
            for column, is_other in columns.items()
        )
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE shared_keys AS SELECT k, count(*) AS n "
            f"FROM ({held}) GROUP BY k HAVING count(*) > 1"
        )
        row = connection.execute(
            "SELECT count(*), coalesce(sum(n), 0)::BIGINT, coalesce(max(n), 0) "
            "FROM shared_keys WHERE n > ?",
            [cap],
        ).fetchone()
        values, records, largest = row if row else (0, 0, 0)
        if values:
            reports.append(
                HotKeys(rule.name, int(values), int(records), int(largest), cap)
            )
            if rule.other_parts is None:
                connection.execute(
                    f"CREATE OR REPLACE TEMP TABLE {hot_table(rule)} AS "
                    f"FROM shared_keys WHERE n > {int(cap)}"
                )
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE members_{rule.name} AS "
            f"SELECT unique_id, k, is_other FROM ({held}) "
            f"SEMI JOIN (SELECT k FROM shared_keys WHERE n <= {int(cap)}) USING (k)"
        )
    connection.execute("DROP TABLE IF EXISTS shared_keys")
    return tuple(reports)


def held_pairs_sql(rule: BlockingRule, *, where: str = "true") -> str:
    """Return a query of the pairs that share a key of one rule.

    Args:
        rule: The blocking rule; its `members_<rule>` has to exist.
        where: Condition over the columns of `members_<rule>`, for both records.

    Returns:
        A select statement of unique_id_l < unique_id_r.
    """
    sides = "AND NOT l.is_other AND r.is_other" if rule.other_parts is not None else ""
    members = f"(SELECT * FROM members_{rule.name} WHERE {where})"
    return (
        "SELECT l.unique_id AS unique_id_l, r.unique_id AS unique_id_r "
        f"FROM {members} AS l INNER JOIN {members} AS r "
        f"ON l.k = r.k AND l.unique_id < r.unique_id {sides}"
    )


def find_pairs(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[BlockingRule],
    table: str,
    *,
    without: Collection[int] = frozenset(),
) -> None:
    """Find candidate pairs.

    Args:
        connection: Connection that holds `members_<rule>`, which are dropped.
        rules: The blocking rules.
        table: Table to create: unique_id_l < unique_id_r, `found_by` with one bit per
            rule that found the pair, and match_key, the number of the first of them.
        without: Numbers of the rules that are left out.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE raw_pairs "
        "(unique_id_l INTEGER, unique_id_r INTEGER, found_by BIGINT)"
    )
    for number, rule in enumerate(rules):
        if number not in without:
            connection.execute(
                f"INSERT INTO raw_pairs SELECT *, {1 << number} "
                f"FROM ({held_pairs_sql(rule)})"
            )
        connection.execute(f"DROP TABLE members_{rule.name}")
    connection.execute(
        f"CREATE OR REPLACE TABLE {table} AS SELECT unique_id_l, unique_id_r, "
        "bit_or(found_by) AS found_by, "
        f"{first_rule_sql('bit_or(found_by)')} AS match_key "
        "FROM raw_pairs GROUP BY unique_id_l, unique_id_r"
    )
    connection.execute("DROP TABLE raw_pairs")


def first_rule_sql(found_by: str) -> str:
    """Return SQL of the number of the first rule in a set of rules.

    Args:
        found_by: SQL of the set, one bit per rule.

    Returns:
        An expression; the lowest set bit.
    """
    # v & -v leaves the lowest bit; as a power of two its logarithm is exact.
    return f"log2(({found_by}) & (-({found_by})))::INTEGER"
