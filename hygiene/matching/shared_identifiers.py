"""Identifiers that too many names share: they lose their vote.

What belongs here: finding such values in the table `facts` and nulling them. What does
not: other features.

An e-mail address or phone that belongs to more than a few distinct names is a shared
mailbox or a switchboard, and a name that is used with several role mailboxes ("Front
Desk") is not a person's. So is the phone of a firm with more than a few premises: it says
nothing about which of them a record means. They are found in the data and reported, never listed by hand.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from hygiene.matching.report import SharedIdentifier


def silence_shared(
    connection: duckdb.DuckDBPyConnection,
    columns: Sequence[str],
    most: int,
    holders: Sequence[str],
) -> list[SharedIdentifier]:
    """Null values that more than `most` distinct holders use, and count them.

    Args:
        connection: Connection that holds `facts`.
        columns: Columns that hold the same kind of value.
        most: Most holders of a value.
        holders: Columns that tell holders apart; too many by any of them are too many.

    Returns:
        One report per column.
    """
    union = " UNION ALL ".join(
        f"SELECT {column} AS value, {', '.join(holders)} FROM facts"
        for column in columns
    )
    counted = ", ".join(f"count(DISTINCT {holder})" for holder in holders)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE silenced AS SELECT value FROM "
        f"({union}) WHERE value IS NOT NULL AND name_mark IS NOT NULL "
        f"GROUP BY value HAVING greatest({counted}) > ?",
        [most],
    )
    reports = []
    for column in columns:
        row = connection.execute(
            f"SELECT count(DISTINCT {column}), count(*) FROM facts "
            f"WHERE {column} IN (SELECT value FROM silenced)"
        ).fetchone()
        values, records = row if row else (0, 0)
        if values:
            connection.execute(
                f"UPDATE facts SET {column} = NULL "
                f"WHERE {column} IN (SELECT value FROM silenced)"
            )
        reports.append(SharedIdentifier(column, int(values), int(records), most))
    return reports


def silence_role_names(
    connection: duckdb.DuckDBPyConnection, most: int
) -> SharedIdentifier:
    """Null names such as "Front Desk": several role mailboxes and hardly a person's.

    Args:
        connection: Connection that holds `facts`.
        most: Most role mailboxes of a name.

    Returns:
        What was taken out.
    """
    # Hardly a name has role mailboxes at all: the others need not be counted.
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE role_names AS WITH suspects AS ("
        "SELECT given, family FROM facts WHERE role_email IS NOT NULL "
        "AND given IS NOT NULL AND family IS NOT NULL GROUP BY given, family "
        "HAVING count(DISTINCT role_email) > ?) "
        "SELECT given, family FROM facts SEMI JOIN suspects USING (given, family) "
        "GROUP BY given, family "
        "HAVING count(role_email) > 0.8 * (count(role_email) + count(email))",
        [most],
    )
    row = connection.execute(
        "SELECT (SELECT count(*) FROM role_names), (SELECT count(*) FROM facts "
        "SEMI JOIN role_names USING (given, family))"
    ).fetchone()
    values, records = row if row else (0, 0)
    if values:
        connection.execute(
            "UPDATE facts SET given = NULL, given_group = NULL, family = NULL "
            "FROM role_names WHERE facts.given = role_names.given "
            "AND facts.family = role_names.family"
        )
    return SharedIdentifier("name", int(values), int(records), most)
