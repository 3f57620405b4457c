"""How likely a stranger shares a value: term frequencies that duplicates do not inflate.

What belongs here: one table per column with the chance that another, different person or
firm has the same value. What does not: comparing records.

Counting records is wrong where records repeat. A firm with four records makes its own
name look four times as common as a name that occurs once, and the very pairs that should
be found lose the weight of their name. So distinct *holders* are counted, by a proxy: a
first name's holders by their surnames, a company name's by their domains, a city's by
the names of its people.

A value with one known holder is not shared by one in N: most such values are unique.
Good-Turing says how many more holders to expect: after d holders, (d + 1) n(d+1) / n(d),
where n(d) is the number of values with d holders. Surnames repeat, so one holder still
means about half another; company names hardly do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

_KNOWN_WELL = 5
"""From this many holders on, the number itself is the best estimate."""


@dataclass(frozen=True, slots=True)
class Frequency:
    """A column whose values differ in how much their agreement says.

    Attributes:
        column: Feature column.
        proxies: SQL of what tells the holders of a value apart, a select list.
        holders: SQL aggregate that counts them, over one row per distinct proxies.
        may_be_initial: One letter stands for every value that begins with it.
    """

    column: str
    proxies: str
    holders: str
    may_be_initial: bool = False


def frequency_table(column: str) -> str:
    """Name the table that holds a column's frequencies.

    Args:
        column: Feature column.

    Returns:
        A table with the columns `<column>` and `tf_<column>`.
    """
    return f"frequency_{column}"


def build_frequencies(
    connection: duckdb.DuckDBPyConnection, frequencies: Sequence[Frequency]
) -> None:
    """Create one frequency table per column from the table `features`.

    Args:
        connection: Connection that holds `features`.
        frequencies: The columns and how their holders are counted.
    """
    for frequency in frequencies:
        column = frequency.column
        # Grouped twice: much cheaper than counting distinct texts within a group.
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE held AS SELECT value, "
            f"sum(n)::BIGINT AS records, greatest({frequency.holders}, 1) AS holders FROM ("
            f"SELECT {column} AS value, {frequency.proxies}, count(*) AS n FROM features "
            f"WHERE {column} IS NOT NULL GROUP BY ALL) GROUP BY value"
        )
        expected = _expected_holders(connection)
        cases = " ".join(
            f"WHEN holders = {number} THEN {value!r}"
            for number, value in enumerate(expected, start=1)
        )
        connection.execute(
            f"""
            CREATE OR REPLACE TABLE {frequency_table(column)} AS
            WITH repeated AS (
                SELECT coalesce(sum(records) / sum(holders), 1.0) AS ratio
                FROM held WHERE holders BETWEEN 2 AND 10
            ), total AS (SELECT greatest(sum(holders), 2) AS n FROM held)
            SELECT
                value AS {column},
                least((CASE {cases}
                    -- Proxies run out of distinct values for the commonest ones.
                    ELSE greatest(holders, records / ratio) END) / n, 0.5)::DOUBLE
                    AS tf_{column}
            FROM held, repeated, total
            """
        )
        if frequency.may_be_initial:
            _share_initials(connection, column)
    connection.execute("DROP TABLE IF EXISTS held")


def _share_initials(connection: duckdb.DuckDBPyConnection, column: str) -> None:
    """Make an initial as frequent as all values that begin with it together.

    "Doe, H." occurs once, but everybody whose first name begins with H may be written so.
    """
    table, tf = frequency_table(column), f"tf_{column}"
    connection.execute(
        f"UPDATE {table} SET {tf} = least(greatest(begun.share, {table}.{tf}), 0.5) FROM ("
        f"SELECT {column}[1] AS letter, sum({tf}) AS share FROM {table} GROUP BY letter"
        f") AS begun WHERE {table}.{column} = begun.letter"
    )


def _expected_holders(connection: duckdb.DuckDBPyConnection) -> list[float]:
    """Estimate by Good-Turing how many strangers share a value with few holders."""
    counts = {
        int(holders): int(values)
        for holders, values in connection.execute(
            "SELECT holders, count(*) FROM held WHERE holders <= ? GROUP BY holders",
            [_KNOWN_WELL],
        ).fetchall()
    }
    expected: list[float] = []
    for holders in range(1, _KNOWN_WELL):
        # Half a value stands in for an empty class, so that nothing is impossible.
        more = max(counts.get(holders + 1, 0), 0.5)
        same = max(counts.get(holders, 0), 1)
        estimate = (holders + 1) * more / same
        floor = expected[-1] if expected else 0.0
        expected.append(min(max(estimate, floor), float(holders)))
    return expected
