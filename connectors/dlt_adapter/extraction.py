"""Iterates dlt resources and hands their records to the landing zone.

Belongs here: the few facts of dlt that matter: selected resources, keys, dispositions.
`pipeline.run` is never called: no state in a home folder, no telemetry, no naming of its
own. A resource of disposition `replace` is a full snapshot, any other one a delta.
"""

from __future__ import annotations

import importlib
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from connectors.dlt_adapter.config import DltConfig
from connectors.errors import (
    ConnectorError,
    ServiceUnavailableError,
    SourceConfigError,
)
from connectors.landing import (
    Landing,
    LoadMode,
    Progress,
    SnapshotBatch,
    SourceReport,
    slug_column,
)
from connectors.record_pages import Record, RecordPages, as_text

SOURCE_TYPE = "dlt"
_PAGE = 2_000


def extract(
    config: DltConfig,
    landing: Landing,
    *,
    extracted_at: datetime,
    progress: Progress | None = None,
) -> SourceReport:
    """Import a dlt source and land its records.

    Raises:
        SourceConfigError: dlt or the source is not there, or a resource has no key.
    """
    _require_dlt()
    module, _, attribute = config.resource.partition(":")
    where = f"source {config.name!r}: loading {config.resource}"
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise SourceConfigError(
            f"{where}: it cannot be imported ({type(error).__name__}); expected "
            "module:name of a dlt source that is installed beside tidycrm"
        ) from error
    secrets = {name: each.get_secret_value() for name, each in config.secrets.items()}
    if config.arguments or secrets or not hasattr(found, "__iter__"):
        found = found(**config.arguments, **secrets)
    return land(
        found,
        landing,
        source_name=config.name,
        extracted_at=extracted_at,
        progress=progress,
        allow_empty=config.allow_empty,
    )


def land(
    source: Any,
    landing: Landing,
    *,
    source_name: str,
    extracted_at: datetime,
    progress: Progress | None = None,
    allow_empty: bool = False,
) -> SourceReport:
    """Land the records of a dlt source or resource; all objects or none.

    Args:
        source: A `DltSource` or `DltResource`.
        landing: Where to land, as source type `dlt`.
        source_name: Name of the source.
        extracted_at: When this takes place (UTC).
        progress: Called with a label, the number done and the total.
        allow_empty: Accept a `replace` resource without records.

    Raises:
        SourceConfigError: dlt is not installed, or a resource has no primary key.
        ServiceUnavailableError: The code of the source failed.
    """
    _require_dlt()
    resources = _resources(source, source_name)
    batches = []
    with landing.workspace() as folder:
        for number, (name, resource) in enumerate(resources.items()):
            if progress is not None:
                progress(name, number, len(resources))
            keys, mode = _hints(resource, name, source_name)
            pages = RecordPages(
                folder / uuid.uuid4().hex, name, id_of=partial(_id_of, keys)
            )
            records = _records(resource, name, source_name)
            while page := list(islice(records, _PAGE)):
                pages.add(page)
            batches.append(
                SnapshotBatch(
                    source_type=SOURCE_TYPE,
                    object=slug_column(name),
                    source_name=source_name,
                    frame=pages.scan(),
                    extracted_at=extracted_at,
                    rejected=pages.rejected(),
                    mode=mode,
                    header_names=pages.headers,
                    allow_empty=allow_empty,
                )
            )
        loads = landing.commit_all(batches)
    warnings = tuple(
        f"{load.object}: {load.counts.rejected} records without a key were set aside"
        for load in loads
        if load.counts.rejected
    )
    return SourceReport(
        source_type=SOURCE_TYPE,
        source_name=source_name,
        loads=tuple(loads),
        warnings=warnings,
    )


def _require_dlt() -> None:
    try:
        importlib.import_module("dlt")
    except ImportError as error:
        raise SourceConfigError(
            "reading a dlt source: the package dlt is not installed; expected the extra. "
            "Install tidycrm[dlt]"
        ) from error


def _resources(source: Any, source_name: str) -> dict[str, Any]:
    selected = getattr(source, "selected_resources", None)
    if selected is not None:
        return dict(selected)
    if hasattr(source, "compute_table_schema"):
        return {str(source.name): source}
    raise SourceConfigError(
        f"source {source_name!r}: expected a dlt source or resource, found "
        f"{type(source).__name__}. Decorate the function with @dlt.resource and call it"
    )


def _hints(resource: Any, name: str, source_name: str) -> tuple[list[str], LoadMode]:
    schema: Mapping[str, Any] = resource.compute_table_schema()
    columns: Mapping[str, Any] = schema.get("columns", {})
    keys = [column for column, hint in columns.items() if hint.get("primary_key")]
    if not keys:
        raise SourceConfigError(
            f"source {source_name!r}: resource {name!r} has no primary key, so that its "
            "records cannot be told apart; expected primary_key on the resource. Set it "
            'with resource.apply_hints(primary_key="id")'
        )
    is_full = schema.get("write_disposition") == "replace"
    return keys, LoadMode.FULL if is_full else LoadMode.DELTA


def _id_of(keys: list[str], record: Record) -> str | None:
    parts = [as_text(record.get(key)) for key in keys]
    return "|".join(part for part in parts if part) if all(parts) else None


def _records(resource: Any, name: str, source_name: str) -> Iterator[Record]:
    """Give single records, whether the resource yields them, lists or Arrow tables."""
    try:
        for item in resource:
            if isinstance(item, Mapping):
                yield item
            elif hasattr(item, "to_pylist"):
                yield from item.to_pylist()
            elif hasattr(item, "to_dict"):
                yield from item.to_dict(orient="records")
            else:
                yield from item
    except ConnectorError:
        raise
    except Exception as error:  # noqa: BLE001
        # What foreign code says may hold secrets or records.
        raise ServiceUnavailableError(
            f"source {source_name!r}: resource {name!r} failed while it was read "
            f"({type(error).__name__}); records were expected. Nothing was landed; run "
            "the resource alone to see why"
        ) from None
