"""Views in a published file: what is computed when somebody reads it.

Belongs here: carrying a view from one database to another, so that it reads the tables
of its new file and nothing else. A view holds no rows: who masks or erases changes the
tables below it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from orchestration.errors import PublishError
from orchestration.publishing.sql import literal, quote


@dataclass(frozen=True, slots=True)
class View:
    """One view: its query and comments."""

    name: str
    query: str
    comments: Sequence[tuple[str | None, str]]
    """Column, or None for the view itself, and text."""


def read_views(connection: duckdb.DuckDBPyConnection, catalog: str) -> list[View]:
    """Every view of an attached published file, by name.

    Args:
        connection: Has the file attached.
        catalog: As what.
    """
    comments: dict[str, list[tuple[str | None, str]]] = {}
    for name, column, text in connection.execute(
        "select view_name, null as column_name, comment from duckdb_views() "
        "where database_name = $1 and not internal and comment is not null union all "
        "select table_name, column_name, comment from duckdb_columns() "
        "where database_name = $1 and comment is not null order by all",
        [catalog],
    ).fetchall():
        comments.setdefault(name, []).append((column, text))
    return [
        View(name, _query(text), comments.get(name, ()))
        for name, text in connection.execute(
            "select view_name, sql from duckdb_views() where database_name = ? "
            "and schema_name = 'main' and not internal order by 1",
            [catalog],
        ).fetchall()
    ]


def write_view(
    connection: duckdb.DuckDBPyConnection,
    catalog: str,
    view: View,
    *,
    note: Callable[[str], str] = lambda _: "",
) -> None:
    """Create a view over tables that are already in an attached file.

    Args:
        connection: Has the file attached.
        catalog: As what.
        view: What to create.
        note: What to add to the comment of a column.
    """
    target = f"{quote(catalog)}.main.{quote(view.name)}"
    texts = dict(view.comments)
    # One transaction, because every commit waits for the disk.
    connection.execute("begin")
    connection.execute(f"create view {target} as {view.query}")
    if None in texts:
        connection.execute(f"comment on view {target} is {literal(texts[None])}")
    for column, *_ in connection.execute(f"describe {target}").fetchall():
        text = f"{texts.get(column) or column}{note(column)}"
        if column in texts or text != column:
            connection.execute(
                f"comment on column {target}.{quote(column)} is {literal(text)}"
            )
    connection.execute("commit")


def published_query(
    connection: duckdb.DuckDBPyConnection,
    catalog: str,
    relation: str,
    tables: Mapping[str, str],
) -> str:
    """The query of a view of the warehouse, over the tables of the published file.

    Names keep the schema `main`: a common table expression may be called like a table,
    and would then read itself.

    Args:
        connection: Has the warehouse attached.
        catalog: As what.
        relation: Quoted `schema.view`.
        tables: Name in the published file of every table in it, by quoted `schema.table`.

    Raises:
        PublishError: There is no such view, or it reads what is not a published table.
    """
    found = [
        text
        for schema, name, text in connection.execute(
            "select schema_name, view_name, sql from duckdb_views() "
            "where database_name = ? and not internal",
            [catalog],
        ).fetchall()
        if f"{quote(schema)}.{quote(name)}" == relation
    ]
    if not found:
        raise PublishError(
            f"Publishing {relation} as a view: the warehouse holds no such view. Its "
            "model says `published_as: view`, so it has to be materialised as one."
        )
    row = connection.execute(
        "select json_serialize_sql(?::varchar)", [_query(found[0])]
    ).fetchone()
    parsed = json.loads(row[0]) if row else {"error": True}
    if parsed["error"]:
        raise PublishError(
            f"Publishing {relation} as a view: its query cannot be read. Simplify it, "
            "or publish it as a table."
        )
    _point_to_main(parsed, relation, catalog, tables)
    row = connection.execute(
        "select json_deserialize_sql(?::json)", [json.dumps(parsed)]
    ).fetchone()
    return str(row[0]) if row else ""


def _point_to_main(
    node: Any, relation: str, catalog: str, tables: Mapping[str, str]
) -> None:
    if isinstance(node, list):
        for each in node:
            _point_to_main(each, relation, catalog, tables)
    if not isinstance(node, dict):
        return
    if node.get("type") == "TABLE_FUNCTION":
        # Such as read_parquet: the published file would depend on other files.
        raise PublishError(
            f"Publishing {relation} as a view: it reads a function or a file. A view "
            "may read published tables only."
        )
    if node.get("type") == "BASE_TABLE" and node["schema_name"]:
        read = f"{quote(node['schema_name'])}.{quote(node['table_name'])}"
        if read not in tables or node["catalog_name"] not in {"", catalog}:
            raise PublishError(
                f"Publishing {relation} as a view: it reads {read}, which is not a "
                "published table. A view may read published tables only."
            )
        node["catalog_name"] = ""
        node["schema_name"], node["table_name"] = "main", tables[read]
    for each in node.values():
        _point_to_main(each, relation, catalog, tables)


def _query(definition: str) -> str:
    """What stands behind `CREATE VIEW name AS`."""
    return definition.partition(" AS ")[2].rstrip().removesuffix(";")
