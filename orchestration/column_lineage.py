"""Which columns a column of a dbt model is made of, read from the SQL that dbt compiled.

Belongs here: tracing the SQL, and keeping the result until the project changes. Tracing
all models takes seconds, so a sync never does it: whoever loads the definitions for the UI
does, once per version of the project, from what the last sync compiled. Showing the result
is the business of `column_metadata`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
from sqlglot import exp, lineage
from sqlglot.errors import SqlglotError
from sqlglot.schema import MappingSchema

from connectors.landing.schema import CONTRACT
from orchestration.dbt_build import PROJECT_STAMP, target_path
from orchestration.home import Home, replace_text
from orchestration.workspace import Workspace

Origin = tuple[str, str]
"""Id of a dbt node, and one of its columns."""

Origins = dict[str, list[Origin]]
"""Columns that each column of one model is made of; none for counts and constants."""

_DIALECT = "duckdb"


def ensure_lineage(
    workspace: Workspace, manifest: Mapping[str, Any]
) -> dict[str, Origins]:
    """Origins of the columns of every model that was compiled since the project changed.

    Args:
        workspace: Whose project.
        manifest: Of that project, as dbt wrote it.

    Returns:
        By id of the model. Models that no sync has built yet are missing, and so are
        those whose SQL cannot be traced.
    """
    target = target_path(workspace)
    stamp = target / PROJECT_STAMP
    if not stamp.exists():
        return {}
    kept_file = workspace.home.dbt / "column_lineage.json"
    version, since = stamp.read_text(), stamp.stat().st_mtime
    kept = _kept(kept_file, version)
    compiled = {
        name: file
        for name, file in _compiled(target, manifest)
        # Older ones were compiled from another version of the project.
        if name not in kept and file.stat().st_mtime >= since
    }
    if compiled:
        for name, file in compiled.items():
            kept[name] = _origins(workspace.home, manifest, name, file.read_text())
        replace_text(kept_file, json.dumps({"project": version, "models": kept}))
    return kept


def trace(
    sql: str, parents: Mapping[str, tuple[str, tuple[str, ...] | None]]
) -> Origins:
    """Trace every column of a query to the tables that it reads.

    Args:
        sql: A query in the dialect of DuckDB.
        parents: Id and columns by quoted name of every table that it may read; None
            where the columns are not known, which only matters for `select *`.

    Raises:
        SqlglotError: The query cannot be understood.

    Example:
        >>> trace('select a + b as c, count(*) as n from "d"."s"."t" group by all',
        ...       {'"d"."s"."t"': ("t", ("a", "b"))})
        {'c': [('t', 'a'), ('t', 'b')], 'n': []}
    """
    schema = MappingSchema(dialect=_DIALECT)
    ids: dict[tuple[str, str, str], tuple[str, tuple[str, ...] | None]] = {}
    for relation, (name, columns) in parents.items():
        table = exp.to_table(relation, dialect=_DIALECT)
        ids[_parts(table)] = (name, columns)
        if columns:
            schema.add_table(
                table, dict.fromkeys(columns, "text"), dialect=_DIALECT, normalize=True
            )
    traced = lineage.lineage(
        None, sql, schema=schema, dialect=_DIALECT, trim_selects=False, copy=False
    )
    return {
        column.lower(): sorted(set(_leaves(node, ids)))
        for column, node in traced.items()
    }


def _leaves(
    node: lineage.Node,
    ids: Mapping[tuple[str, str, str], tuple[str, tuple[str, ...] | None]],
) -> Iterator[Origin]:
    for leaf in node.walk():
        if leaf.downstream or not isinstance(leaf.expression, exp.Table):
            continue
        name, columns = ids.get(_parts(leaf.expression), ("", None))
        column = leaf.name.rpartition(".")[2].strip('"').lower()
        if name and column != "*" and (columns is None or column in columns):
            yield name, column


def _parts(table: exp.Table) -> tuple[str, str, str]:
    return table.catalog.lower(), table.db.lower(), table.name.lower()


def _kept(file: Path, version: str) -> dict[str, Origins]:
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(file.read_text())
        if kept["project"] == version:
            return {
                model: {
                    column: [(name, of) for name, of in origins]
                    for column, origins in columns.items()
                }
                for model, columns in kept["models"].items()
            }
    return {}


def _compiled(target: Path, manifest: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    for name, node in manifest["nodes"].items():
        if node["resource_type"] == "model" and node["language"] == "sql":
            file = (
                target / "compiled" / node["package_name"] / node["original_file_path"]
            )
            if file.is_file():
                yield name, file


def _origins(home: Home, manifest: Mapping[str, Any], model: str, sql: str) -> Origins:
    parents: dict[str, tuple[str, tuple[str, ...] | None]] = {}
    for name in manifest["nodes"][model]["depends_on"]["nodes"]:
        node = manifest["nodes"].get(name) or manifest["sources"][name]
        relation = node["relation_name"]
        if node["resource_type"] == "source":
            # A call of read_parquet, which has no name to look for.
            named = f'"source"."{node["source_name"]}"."{node["name"]}"'
            sql = sql.replace(relation, named)
            parents[named] = (name, tuple(columns_of_source(home, node)) or None)
        elif relation is not None:
            parents[relation] = (name, tuple(map(str.lower, node["columns"])) or None)
    try:
        return trace(sql, parents)
    except SqlglotError:
        # Nothing is shown for a model with SQL that is beyond the parser.
        return {}


def columns_of_source(home: Home, node: Mapping[str, Any]) -> dict[str, str]:
    """Columns of a table that Python wrote, with their types; none before it did."""
    if node["source_name"].startswith("landing_"):
        vendor = node["source_name"].removeprefix("landing_")
        contract = f"source={CONTRACT}/load={CONTRACT}/part-0.parquet"
        file = home.landing / vendor / node["name"] / contract
    else:
        file = home.stage(node["name"])
    return columns_of_file(file)


def columns_of_file(file: Path) -> dict[str, str]:
    """Columns of a Parquet file with their types, from its footer; none without it."""
    if not file.is_file():
        return {}
    return {
        column.lower(): str(kind)
        for column, kind in pl.read_parquet_schema(file).items()
    }
