"""Blocks that are too large to be compared in full: neighbours are compared instead.

What belongs here: the pairs of a hot blocking key, and whether they are worth it. What
does not: keys and the pairs of ordinary ones (`blocking.py`).

Leaving a hot key out is right where it is a coincidence: of a thousand John Smiths hardly
two are one. It is wrong where it is one customer: an employer with two hundred records
has hot keys only, and no two of them would ever meet. So the records of a hot key are
sorted by all that is compared, and each is paired with the next few, which costs a few
pairs per record however large the block is (the sorted neighbourhood method, Hernandez
and Stolfo 1995). Records further apart meet when the component is completed.

Whether that finds anything is measured per rule, on a sample: a rule's neighbours are
used if at least one in ten of the pairs that no key finds is expected to be a match. The
estimate depends on the records and on the shipped model only.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from hygiene.matching.blocking import hot_table, key_column
from hygiene.matching.report import HotNeighbours
from hygiene.matching.rule_yield import weigh_sample
from hygiene.matching.specification import BlockingRule, Specification
from hygiene.matching.vectors import compared_columns

_NEIGHBOURS = 5
"""Next records that each record of a hot key is paired with."""
_SAMPLE = 2_000
"""Records of each rule's hot keys that the sample aims at."""
_LEAST_OWN = 20
"""Sampled pairs of its own below which nothing is concluded about a rule."""
_LEAST_MATCHES_PER_PAIR = 0.1


def add_neighbours(
    connection: duckdb.DuckDBPyConnection, specification: Specification, *, records: int
) -> tuple[HotNeighbours, ...]:
    """Add to `candidates` the neighbours in hot blocks, where they are worth it.

    The pairs are not marked as found by the rule (`found_by` is 0): as neighbours they
    are more alike than the rule's other pairs and would teach the model that.

    Args:
        connection: Connection that holds `candidates`, `comparable`, `block_keys` and the
            tables of hot keys, which are dropped.
        specification: The model.
        records: Number of records.

    Returns:
        The rules whose neighbours were added.
    """
    hot = [
        (number, rule)
        for number, rule in enumerate(specification.blocking_rules)
        if _exists(connection, hot_table(rule))
    ]
    if not hot:
        return ()
    columns = compared_columns(specification)
    used: list[HotNeighbours] = []
    shares = _sample(connection, specification, hot, columns, records)
    for number, rule in hot:
        share = shares.get(number, 0.0)
        if share >= _LEAST_MATCHES_PER_PAIR:
            pairs = _count(
                connection,
                f"INSERT INTO candidates SELECT unique_id_l, unique_id_r, 0, {number} "
                f"FROM ({_neighbours_sql(_members_sql(number, rule), columns)}) "
                "ANTI JOIN candidates USING (unique_id_l, unique_id_r)",
            )
            used.append(HotNeighbours(rule.name, pairs, share))
        connection.execute(f"DROP TABLE {hot_table(rule)}")
    return tuple(used)


def _sample(
    connection: duckdb.DuckDBPyConnection,
    specification: Specification,
    hot: Sequence[tuple[int, BlockingRule]],
    columns: Sequence[str],
    records: int,
) -> dict[int, float]:
    """Return per rule the expected matches per neighbouring pair that no key finds."""
    drawn: list[str] = []
    for number, rule in hot:
        held = _count(connection, f"SELECT sum(n)::BIGINT FROM {hot_table(rule)}")
        step = max(held // _SAMPLE, 1)
        drawn.append(_members_sql(number, rule, where=f"k % {step} = 0"))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE drawn_members AS {' UNION ALL '.join(drawn)}"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE drawn AS SELECT * FROM "
        f"({_neighbours_sql('FROM drawn_members', columns)}) "
        "ANTI JOIN candidates USING (unique_id_l, unique_id_r)"
    )
    connection.execute("DROP TABLE drawn_members")
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE drawn_pairs AS SELECT DISTINCT unique_id_l, "
        "unique_id_r, 0::BIGINT AS found_by, 0 AS match_key FROM drawn"
    )
    sample = weigh_sample(connection, specification, records)
    shares: dict[int, float] = {}
    for number, _ in hot:
        own = sample.chance[sample.rule == number]
        if len(own) >= _LEAST_OWN:
            shares[number] = float(own.mean())
    return shares


def _members_sql(number: int, rule: BlockingRule, *, where: str = "true") -> str:
    """Return a query of the records of a rule's hot keys: rule, unique_id, k."""
    return (
        f"SELECT {number} AS rule, unique_id, {key_column(rule)} AS k FROM block_keys "
        f"WHERE {key_column(rule)} IN (SELECT k FROM {hot_table(rule)} WHERE {where})"
    )


def _neighbours_sql(members: str, columns: Sequence[str]) -> str:
    """Return a query of the pairs of records that are close in one hot block.

    Args:
        members: Query of rule, unique_id and k.
        columns: Columns of `comparable` that records are sorted by.

    Returns:
        A select statement of unique_id_l < unique_id_r and rule.
    """
    text = f"concat_ws('|', {', '.join(f'comparable.{name}' for name in columns)})"
    nexts = ", ".join(
        f"lead(unique_id, {distance}) OVER next_in_block"
        for distance in range(1, _NEIGHBOURS + 1)
    )
    return (
        "SELECT least(unique_id, other) AS unique_id_l, "
        "greatest(unique_id, other) AS unique_id_r, rule FROM ("
        f"SELECT rule, unique_id, unnest([{nexts}]) AS other FROM ({members}) "
        "INNER JOIN comparable USING (unique_id) "
        f"WINDOW next_in_block AS (PARTITION BY rule, k ORDER BY {text}, unique_id)"
        ") WHERE other IS NOT NULL GROUP BY ALL"
    )


def _exists(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    return bool(
        _count(
            connection,
            f"SELECT count(*) FROM duckdb_tables() WHERE table_name = '{table}'",
        )
    )


def _count(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    row = connection.execute(statement).fetchone()
    return int(row[0]) if row else 0
