"""The columns of every asset, and where they come from, as the Dagster UI shows them.

Belongs here: putting schema and lineage on asset definitions. They are the same in every
run, so they stand in the definition: as events of each run they would fill the history.
Does not belong here: reading SQL, which `column_lineage` does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from hygiene.survivorship import made_from
from orchestration.column_lineage import (
    columns_of_file,
    columns_of_source,
    ensure_lineage,
)
from orchestration.dbt_build import Translator
from orchestration.workspace import Workspace

Columns = dict[str, str]
"""Types by name."""

Deps = dict[str, list[dg.TableColumnDep]]

SCHEMA = "dagster/column_schema"
LINEAGE = "dagster/column_lineage"
ORIGINS = "origin of each column"
"""Label of the table that people read; Dagster shows its own entry as JSON only."""

_PASSES_ON = re.compile(
    r"hygiene/(standardised_|golden_)(contacts|accounts)|hygiene/.*(_clusters|_match_edges)"
)
"""Tables that pass columns of their inputs on; others only count, or collect events."""

_WORD = re.compile(r"[a-z_][a-z0-9_]*")
_STANDARDISED = {
    "title": ("salutation",),
    "given_name": ("first_name", "full_name"),
    "middle_name": ("middle_name", "full_name"),
    "family_name": ("last_name", "full_name"),
    "full_name": ("full_name", "first_name", "last_name"),
    "name": ("full_name", "first_name", "middle_name", "last_name"),
    "company": ("company_name",),
    "company_size": ("employee_count",),
    "legal_form": ("account_name",),
    "domain": ("website", "domain", "email"),
    "job": ("job_title",),
}
"""Raw columns behind standardised ones whose name does not begin with theirs."""

_GOLDEN = {
    "first_created_at": ("created_at",),
    "last_modified_at": ("modified_at",),
    "source_record_count": ("source_record_key",),
    "source_system_count": ("source_name",),
}
"""Standardised columns behind what is told of a golden record as a whole."""

_ABOUT = re.compile(r"is_(role|free|disposable)_(email|domain)")
_WHOLE_RECORD = ("is_test_record", "test_rule", "standardiser_version")


def with_columns(
    workspace: Workspace,
    manifest: Path,
    assets: Sequence[dg.AssetsDefinition | dg.AssetSpec],
) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Give every asset that is a table its columns and their origins.

    Args:
        workspace: Whose assets. Before its first sync there is nothing to show.
        manifest: Of dbt.
        assets: All of them: lineage crosses from one to the next.
    """
    project = json.loads(manifest.read_text())
    deps = dict(_of_dbt(workspace, project))
    schemas = _schemas(workspace, project, assets)
    for spec in _specs(assets):
        if _PASSES_ON.fullmatch("/".join(spec.key.path)) and spec.key in schemas:
            deps[spec.key] = _of_python(spec, schemas)

    def shown(spec: dg.AssetSpec) -> dg.AssetSpec:
        metadata = dict(spec.metadata)
        schema = schemas.get(spec.key)
        if schema and SCHEMA not in metadata:
            metadata[SCHEMA] = dg.TableSchema(
                [dg.TableColumn(name, kind) for name, kind in schema.items()]
            )
        origins = deps.get(spec.key)
        if origins and any(origins.values()):
            metadata[LINEAGE] = dg.TableColumnLineage(deps_by_column=origins)
            metadata[ORIGINS] = dg.MetadataValue.md(_table(origins))
        return spec.replace_attributes(metadata=metadata)

    return [
        shown(each) if isinstance(each, dg.AssetSpec) else each.map_asset_specs(shown)
        for each in assets
    ]


def _specs(
    assets: Sequence[dg.AssetsDefinition | dg.AssetSpec],
) -> Iterator[dg.AssetSpec]:
    for each in assets:
        if isinstance(each, dg.AssetSpec):
            yield each
        else:
            yield from each.specs


def _of_dbt(
    workspace: Workspace, project: Mapping[str, Any]
) -> Iterator[tuple[dg.AssetKey, Deps]]:
    key_of = Translator().get_asset_key
    keys = {
        name: key_of(node)
        for name, node in {**project["nodes"], **project["sources"]}.items()
        if node["resource_type"] in {"model", "source"}
    }
    for model, columns in ensure_lineage(workspace, project).items():
        yield (
            keys[model],
            {
                column: [dg.TableColumnDep(keys[name], of) for name, of in origins]
                for column, origins in columns.items()
            },
        )


def _schemas(
    workspace: Workspace,
    project: Mapping[str, Any],
    assets: Sequence[dg.AssetsDefinition | dg.AssetSpec],
) -> dict[dg.AssetKey, Columns]:
    """Columns of what Python writes, from the files, and of the tables it reads."""
    key_of = Translator().get_asset_key
    found = {
        key_of(node): dict.fromkeys(map(str.lower, node["columns"]), "")
        for node in project["nodes"].values()
        if node["resource_type"] == "model"
    }
    for node in project["sources"].values():
        found[key_of(node)] = columns_of_source(workspace.home, node)
    for spec in _specs(assets):
        if spec.key.path[0] == "hygiene" and not found.get(spec.key):
            found[spec.key] = columns_of_file(workspace.home.stage(spec.key.path[-1]))
    return found


def _of_python(spec: dg.AssetSpec, schemas: Mapping[dg.AssetKey, Columns]) -> Deps:
    """Origins of columns that Python makes: what is passed on, and what is told of it."""
    parents = {dep.asset_key: schemas.get(dep.asset_key, {}) for dep in spec.deps}
    table = spec.key.path[-1]
    found: Deps = {}
    for column in schemas[spec.key]:
        names = tuple(
            _names(table, column, {name for each in parents.values() for name in each})
        )
        found[column] = [
            dg.TableColumnDep(parent, name)
            for parent, columns in parents.items()
            for name in names
            if name in columns
        ]
    return found


def _names(table: str, column: str, inputs: set[str]) -> tuple[str, ...]:
    if table in ("golden_contacts", "golden_accounts"):
        entity = table.removeprefix("golden_").removesuffix("s")
        if expression := made_from(entity).get(column):
            named = set(_WORD.findall(expression))
            named |= {f"{name}_std" for name in named - inputs}
            return tuple(sorted(named & inputs))
        if column in _GOLDEN:
            return _GOLDEN[column]
    of_pair = column.removesuffix("_l").removesuffix("_r")
    if {column, of_pair} & inputs:
        return tuple({column, of_pair} & inputs)
    if not table.startswith("standardised_") or column in _WHOLE_RECORD:
        return ()
    if about := _ABOUT.fullmatch(column):
        return (about.group(2),)
    prefixes = [name for name in inputs if column.startswith(f"{name}_")]
    prefixes += [name for name in _STANDARDISED if column.startswith(f"{name}_")]
    if not prefixes:
        return ()
    longest = max(prefixes, key=len)
    return _STANDARDISED.get(longest, (longest,))


def _table(deps: Deps) -> str:
    """A Markdown table with links to the assets, as the UI renders it."""
    lines = ["| column | made of |", "|---|---|"]
    for column, origins in deps.items():
        made_of: dict[str, list[str]] = {}
        for each in origins:
            made_of.setdefault("/".join(each.asset_key.path), []).append(
                each.column_name
            )
        told = "; ".join(
            f"[{key}](/assets/{key}): {', '.join(columns)}"
            for key, columns in made_of.items()
        )
        lines.append(f"| {column} | {told or 'counted or fixed here'} |")
    return "\n".join(lines)
