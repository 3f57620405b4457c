"""Manifests as JSON: what one load holds, readable by people and by later versions.

Belongs here: encoding and decoding. The values themselves are in `model`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.errors import LandingError
from connectors.landing.model import (
    ColumnInfo,
    DriftEvent,
    DriftKind,
    LoadCounts,
    LoadMode,
    Manifest,
    SourceFile,
)
from connectors.landing.schema import FORMAT_VERSION, TypeHint

MANIFEST_NAME = "manifest.json"


def to_document(manifest: Manifest) -> dict[str, Any]:
    """Turn a manifest into plain JSON values."""
    document = asdict(manifest)
    document["extracted_at"] = manifest.extracted_at.isoformat()
    document["drift"] = [
        {
            "kind": event.kind.value,
            "column": event.column,
            "before": event.before,
            "after": event.after,
        }
        for event in manifest.drift
    ]
    return document


def from_document(document: dict[str, Any]) -> Manifest:
    """Rebuild a manifest; counts that an older version did not know are zero."""
    identity = {
        name: document[name]
        for name in ("source_type", "object", "source_name", "load_id")
    }
    known_counts = {item.name for item in fields(LoadCounts)}
    return Manifest(
        format_version=document["format_version"],
        **identity,
        extracted_at=datetime.fromisoformat(document["extracted_at"]),
        files=tuple(_source_file(item) for item in document["files"]),
        mode=LoadMode(document["mode"]),
        counts=LoadCounts(
            **{
                name: value
                for name, value in document["counts"].items()
                if name in known_counts
            }
        ),
        columns=tuple(
            ColumnInfo(
                name=item["name"],
                source_header=item["source_header"],
                type_hint=TypeHint(item["type_hint"]),
            )
            for item in document["columns"]
        ),
        drift=tuple(
            DriftEvent(
                kind=DriftKind(item["kind"]),
                column=item["column"],
                before=item["before"],
                after=item["after"],
                **identity,
            )
            for item in document["drift"]
        ),
        notes=tuple(document["notes"]),
    )


def _source_file(item: dict[str, Any]) -> SourceFile:
    header = item.get("header")
    return SourceFile(**item | {"header": None if header is None else tuple(header)})


def read_manifest(path: Path) -> Manifest:
    """Read one manifest, or say which one is unusable and what to do."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        version = document["format_version"]
        if version > FORMAT_VERSION:
            raise LandingError(
                f"manifest {path} has format {version}, this version reads up to "
                f"{FORMAT_VERSION}; upgrade tidycrm"
            )
        return from_document(document)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LandingError(
            f"manifest {path} cannot be read ({type(error).__name__}); restore it from a "
            "backup, or remove its load folder to have the rows landed again"
        ) from error
