"""Properties of an object: which to ask for, under which column each lands.

Belongs here: reading definitions, naming columns, declared types, and what changed in
them. Values are not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from connectors.errors import MissingScopeError, RemoteObjectMissingError
from connectors.hubspot.api.client import HubspotClient, results_of
from connectors.hubspot.api.paths import modified_property
from connectors.hubspot.reference import RECORD_ID, declared_columns
from connectors.landing import DeclaredDrift, DriftKind, TypeHint, slug_column
from connectors.landing.schema import unique_names

_HINTS = {
    "number": TypeHint.DECIMAL,
    "bool": TypeHint.BOOLEAN,
    "date": TypeHint.DATE,
    "datetime": TypeHint.DATETIME,
}
PROPERTY_COLUMNS = (
    "object_type",
    "name",
    "label",
    "type",
    "field_type",
    "group_name",
    "description",
    "calculated",
    "hidden",
    "has_unique_value",
    "hubspot_defined",
    "options",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSchema:
    """What is asked of one object.

    Attributes:
        name: Name in paths.
        landing: Folder of the object.
        columns: Property name to column name, in order.
        hints: Column name to declared type.
        definitions: Rows for the landed object `properties`; empty when unknown.
        history: Properties whose history is read.
        warning: Why the definitions could not be read, if so.
    """

    name: str
    landing: str
    columns: Mapping[str, str]
    hints: Mapping[str, TypeHint]
    definitions: Sequence[Mapping[str, str | None]]
    history: tuple[str, ...]
    warning: str | None = None

    @property
    def modified(self) -> str:
        """Property that moves when a record changes."""
        return modified_property(self.name)


def read_schema(
    client: HubspotClient,
    name: str,
    landing: str,
    *,
    history: Sequence[str],
    known: Mapping[str, TypeHint],
) -> ObjectSchema:
    """Read the definitions of an object.

    Without them (the token may not, or the server has none) the properties that were
    landed before are asked for, else those that the warehouse models, so that a lost
    scope loses no column; a warning says so.

    Args:
        client: The portal.
        name: Name in paths.
        landing: Folder of the object.
        history: Properties whose history is wanted.
        known: Properties that were landed before, with their types.
    """
    warning = None
    found: list[dict[str, Any]] = []
    path = client.paths.properties(name)
    try:
        found = results_of(client.get(path), f"GET {path}")
    except (MissingScopeError, RemoteObjectMissingError) as error:
        modelled = set(known or declared_columns().get(landing, ()))
        modelled -= {"export_timezone"}
        if not modelled:
            raise
        warning = (
            f"{landing}: its properties cannot be listed ({error}); only the "
            f"{len(modelled)} that are known already are read"
        )
        found = [{"name": item} for item in modelled]
    definitions = {
        str(item["name"]): item for item in found if not item.get("archived")
    }
    names = [RECORD_ID, *sorted(set(definitions) - {RECORD_ID})]
    slugs = unique_names(slug_column(item) for item in names)
    columns = dict(zip(names, slugs, strict=True))
    return ObjectSchema(
        name=name,
        landing=landing,
        columns=columns,
        hints={
            columns[key]: known.get(key, TypeHint.TEXT)
            if warning
            else _HINTS.get(str(item.get("type")), TypeHint.TEXT)
            for key, item in definitions.items()
        },
        definitions=()
        if warning
        else [_definition(landing, definitions[key]) for key in sorted(definitions)],
        history=tuple(item for item in history if _has_history(definitions, item)),
        warning=warning,
    )


def _has_history(definitions: Mapping[str, Mapping[str, Any]], name: str) -> bool:
    """Whether a property has changes of its own.

    The portal works out calculated ones anew and dates that as a change.
    """
    return name in definitions and not definitions[name].get("calculated")


def picklist_drift(
    schema: ObjectSchema, landed: pl.LazyFrame
) -> tuple[DeclaredDrift, ...]:
    """Compare the options of properties with those that were landed last.

    Only counts are told: options can be people's names.
    """
    if "options" not in landed.collect_schema() or not schema.definitions:
        return ()
    before = dict(
        landed.filter(
            (pl.col("object_type") == schema.landing) & ~pl.col("_is_deleted")
        )
        .select("name", "options")
        .collect()
        .iter_rows()
    )
    events = []
    for item in schema.definitions:
        name, now = str(item["name"]), item["options"]
        if name in before and before[name] != now:
            events.append(
                DeclaredDrift(
                    kind=DriftKind.PICKLIST_CHANGED,
                    column=schema.columns[name],
                    before=_count(before[name]),
                    after=_count(now),
                )
            )
    return tuple(events)


def definition_frame(schemas: Sequence[ObjectSchema]) -> pl.DataFrame:
    """Give the rows of the landed object `properties`."""
    rows = [dict(row) for schema in schemas for row in schema.definitions]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(PROPERTY_COLUMNS, pl.String()))
    key = pl.format("{}:{}", "object_type", "name").alias("_source_record_id")
    return frame.with_columns(key)


def _definition(landing: str, item: Mapping[str, Any]) -> dict[str, str | None]:
    options = [
        [str(option.get("value")), str(option.get("label"))]
        for option in item.get("options") or []
    ]
    return {
        "object_type": landing,
        "name": str(item["name"]),
        "label": as_text(item.get("label")),
        "type": as_text(item.get("type")),
        "field_type": as_text(item.get("fieldType")),
        "group_name": as_text(item.get("groupName")),
        "description": as_text(item.get("description")),
        "calculated": as_text(item.get("calculated")),
        "hidden": as_text(item.get("hidden")),
        "has_unique_value": as_text(item.get("hasUniqueValue")),
        "hubspot_defined": as_text(item.get("hubspotDefined")),
        "options": json.dumps(options, ensure_ascii=False) if options else None,
    }


def as_text(value: Any) -> str | None:
    """Give a JSON value as landed text: booleans as true/false, null as null."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _count(options: str | None) -> str:
    return f"{len(json.loads(options)) if options else 0} options"
