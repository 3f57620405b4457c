"""What the published file holds: tables, columns, types and their comments.

Belongs here: reading the catalogue. Does not belong here: rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a published table."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True, slots=True)
class Table:
    """One published table; columns in their order, by name."""

    name: str
    comment: str
    columns: Mapping[str, Column]


def read_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, Table]:
    """Every table of the open file, by name.

    Args:
        connection: The published file, read-only.
    """
    columns: dict[str, dict[str, Column]] = {}
    for table, name, kind, comment in connection.execute(
        "select table_name, column_name, data_type, coalesce(comment, '') "
        "from duckdb_columns() where not internal and schema_name = 'main' "
        "order by table_name, column_index"
    ).fetchall():
        columns.setdefault(table, {})[name] = Column(name, kind, comment)
    comments = connection.execute(
        "select table_name, coalesce(comment, '') from duckdb_tables() "
        "where not internal and schema_name = 'main' order by table_name"
    ).fetchall()
    return {name: Table(name, text, columns[name]) for name, text in comments}
