"""Reads what records refer to: owners, pipelines with their stages, custom objects.

Belongs here: small lists, read whole at every sync, and how such a list is landed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from connectors.hubspot.api.client import HubspotClient, results_of
from connectors.hubspot.api.config import HubspotApiConfig
from connectors.hubspot.api.schema import as_text
from connectors.hubspot.reference import SOURCE_TYPE
from connectors.landing import (
    DeleteKind,
    LoadMode,
    SnapshotBatch,
    TypeHint,
    slug_column,
)

OWNERS, PIPELINES, STAGES = "owners", "pipelines", "pipeline_stages"
OWNER_COLUMNS = (
    "id",
    "email",
    "firstname",
    "lastname",
    "user_id",
    "type",
    "teams",
    "createdat",
    "updatedat",
    "archived",
)
PIPELINE_COLUMNS = ("object_type", "pipeline_id", "label", "display_order", "archived")
STAGE_COLUMNS = (
    "object_type",
    "pipeline_id",
    "stage_id",
    "label",
    "display_order",
    "probability",
    "is_closed",
    "ticket_state",
    "archived",
)
WITH_PIPELINES = ("deals", "tickets", "leads")
_ID = "_source_record_id"
_OWNER_PAGE = 500
# Object type ids of the vendor's public reference.
_STANDARD_IDS = {
    "0-1": "contacts",
    "0-2": "companies",
    "0-3": "deals",
    "0-5": "tickets",
}


def read_owners(client: HubspotClient) -> pl.DataFrame:
    """List owners; those who left are marked deleted and keep their names."""
    rows = []
    for archived in ("false", "true"):
        params = {"limit": _OWNER_PAGE, "archived": archived}
        for owners, _ in client.pages(client.paths.owners(), params):
            rows += [_owner(owner, archived == "true") for owner in owners]
    client.count_rows(len(rows))
    schema = dict.fromkeys(OWNER_COLUMNS, pl.String())
    return pl.DataFrame(rows, schema=schema).with_columns(
        pl.col("id").alias(_ID), *soft_deleted(pl.col("archived") == "true")
    )


def read_pipelines(
    client: HubspotClient, names: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """List the pipelines of these objects, and their stages."""
    pipelines, stages = [], []
    for name in names:
        path = client.paths.pipelines(name)
        for pipeline in results_of(client.get(path), f"GET {path}"):
            own = {"object_type": name, "pipeline_id": as_text(pipeline["id"])}
            pipelines.append(own | _labelled(pipeline))
            for stage in pipeline.get("stages") or []:
                metadata = stage.get("metadata") or {}
                stages.append(
                    own
                    | _labelled(stage)
                    | {
                        "stage_id": as_text(stage["id"]),
                        "probability": as_text(metadata.get("probability")),
                        "is_closed": as_text(metadata.get("isClosed")),
                        "ticket_state": as_text(metadata.get("ticketState")),
                    }
                )
    client.count_rows(len(pipelines) + len(stages))
    return (
        _keyed(pipelines, PIPELINE_COLUMNS, ("object_type", "pipeline_id")),
        _keyed(stages, STAGE_COLUMNS, ("object_type", "pipeline_id", "stage_id")),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomObject:
    """One custom object: its name in paths, its folder, what it can be linked to."""

    name: str
    landing: str
    partners: tuple[str, ...]


def read_custom_objects(client: HubspotClient) -> list[CustomObject]:
    """List the custom objects of a portal; partners are named as in paths."""
    path = client.paths.schemas()
    return [
        CustomObject(
            name=str(schema["objectTypeId"]),
            landing=slug_column(str(schema["name"])),
            partners=_partners(schema),
        )
        for schema in results_of(client.get(path), f"GET {path}")
        if not schema.get("archived")
    ]


def is_landed(frame: pl.DataFrame, known: pl.LazyFrame) -> bool:
    """Whether a small list is landed exactly like that already."""
    columns = [name for name in frame.columns if not name.startswith("_")]
    if not set(columns) <= set(known.collect_schema().names()):
        return frame.is_empty() and known.select(pl.len()).collect().item() == 0
    if "_is_deleted" not in frame.columns:
        frame = frame.with_columns(pl.lit(False).alias("_is_deleted"))
    wanted = [_ID, "_is_deleted", *columns]
    gone = pl.col("_delete_kind").eq_missing(DeleteKind.ABSENT.value)
    held = known.filter(~gone).select(wanted).collect().sort(_ID)
    text = pl.col(*columns)
    given = frame.select(wanted).with_columns(pl.when(text != "").then(text))
    return given.sort(_ID).equals(held, null_equal=True)


def batch_of(
    frame: pl.DataFrame,
    name: str,
    config: HubspotApiConfig,
    extracted_at: datetime,
    *,
    mode: LoadMode = LoadMode.DELTA,
    gone: pl.LazyFrame | None = None,
    allow_empty: bool = False,
) -> SnapshotBatch:
    """Make the batch of a list whose columns are all text."""
    columns = [column for column in frame.columns if not column.startswith("_")]
    return SnapshotBatch(
        source_type=SOURCE_TYPE,
        object=name,
        source_name=config.name,
        frame=frame,
        extracted_at=extracted_at,
        mode=mode,
        gone=gone,
        type_hints=dict.fromkeys(columns, TypeHint.TEXT),
        allow_empty=allow_empty,
    )


def soft_deleted(deleted: pl.Expr) -> list[pl.Expr]:
    """Mark the rows of a list that its source itself shows as deleted."""
    kind = pl.when(deleted).then(pl.lit(DeleteKind.SOFT.value)).otherwise(None)
    return [
        deleted.alias("_is_deleted"),
        kind.cast(pl.String).alias("_delete_kind"),
    ]


def _partners(schema: Mapping[str, Any]) -> tuple[str, ...]:
    own = str(schema["objectTypeId"])
    links = schema.get("associations") or ()
    ids = [
        str(link.get("toObjectTypeId"))
        for link in links
        if str(link.get("fromObjectTypeId")) == own
    ]
    return tuple(dict.fromkeys(_STANDARD_IDS.get(each, each) for each in ids))


def _owner(owner: Mapping[str, Any], archived: bool) -> dict[str, str | None]:
    user = owner.get("userId")
    if user is None:
        user = owner.get("userIdIncludingInactive")
    return {
        "id": as_text(owner["id"]),
        "email": as_text(owner.get("email")),
        "firstname": as_text(owner.get("firstName")),
        "lastname": as_text(owner.get("lastName")),
        "user_id": as_text(user),
        "type": as_text(owner.get("type")),
        "teams": as_text(owner.get("teams")),
        "createdat": as_text(owner.get("createdAt")),
        "updatedat": as_text(owner.get("updatedAt")),
        "archived": "true" if archived else "false",
    }


def _labelled(item: Mapping[str, Any]) -> dict[str, str | None]:
    return {
        "label": as_text(item.get("label")),
        "display_order": as_text(item.get("displayOrder")),
        "archived": as_text(item.get("archived")),
    }


def _keyed(
    rows: Sequence[Mapping[str, str | None]],
    columns: Sequence[str],
    key: Sequence[str],
) -> pl.DataFrame:
    frame = pl.DataFrame(list(rows), schema=dict.fromkeys(columns, pl.String()))
    return frame.with_columns(
        pl.concat_str([pl.col(name) for name in key], separator=":").alias(_ID)
    )
