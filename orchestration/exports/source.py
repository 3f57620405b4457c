"""What the published file holds: tables and views, columns, types and their comments.

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
    """One published table or view; columns in their order, by name."""

    name: str
    comment: str
    columns: Mapping[str, Column]
    is_view: bool = False


def read_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, Table]:
    """Every table and view of the open file, by name.

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
        "select table_name, coalesce(comment, ''), false from duckdb_tables() "
        "where not internal and schema_name = 'main' union all "
        "select view_name, coalesce(comment, ''), true from duckdb_views() "
        "where not internal and schema_name = 'main' order by all"
    ).fetchall()
    return {
        name: Table(name, text, columns[name], is_view)
        for name, text, is_view in comments
    }
