"""The shape of an object as the org describes it.

Belongs here: which fields are read and as what, and how the shape changed since the last
run. No values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.errors import MissingScopeError, ProtocolError
from connectors.landing import (
    DeclaredDrift,
    DriftKind,
    TypeHint,
    slug_column,
    unique_names,
)

# Compound fields only repeat their parts, and binary content is not analysed.
_LEFT_OUT = ("address", "location", "base64", "complexvalue")
_HINTS = {
    "boolean": TypeHint.BOOLEAN,
    "int": TypeHint.INTEGER,
    "long": TypeHint.INTEGER,
    "double": TypeHint.DECIMAL,
    "currency": TypeHint.DECIMAL,
    "percent": TypeHint.DECIMAL,
    "date": TypeHint.DATE,
    "datetime": TypeHint.DATETIME,
}
_STAMPS = ("SystemModstamp", "CreatedDate")
_MOST_VALUES = 500
_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldShape:
    """One field that is read."""

    api_name: str
    column: str
    type: str
    is_formula: bool
    picklist: tuple[str, ...] | None

    @property
    def hint(self) -> TypeHint:
        """What its values look like."""
        return _HINTS.get(self.type, TypeHint.TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectShape:
    """One object: the fields that are read, and those that are not, with the reason."""

    api_name: str
    fields: tuple[FieldShape, ...]
    left_out: tuple[str, ...]

    @property
    def landing_name(self) -> str:
        """Name of the object in the landing zone."""
        return self.api_name.lower()

    @property
    def columns(self) -> tuple[str, ...]:
        """Landed columns, in describe order."""
        return tuple(field.column for field in self.fields)

    @property
    def stamp(self) -> str | None:
        """Field that a cursor can follow: moved by every change, or set at creation."""
        names = {field.api_name for field in self.fields}
        return next((name for name in _STAMPS if name in names), None)

    @property
    def has_formulas(self) -> bool:
        """Whether values can change without a trace."""
        return any(field.is_formula for field in self.fields)

    def soql(self, where: str = "", fields: Sequence[str] = ()) -> str:
        """Write the query; without ORDER BY, which would stop server-side chunking."""
        names = fields or [field.api_name for field in self.fields]
        condition = f" WHERE {where}" if where else ""
        return f"SELECT {', '.join(names)} FROM {self.api_name}{condition}"

    def picklists(self) -> dict[str, list[str]]:
        """Values per picklist; a very long list stands as its hash."""
        found = {}
        for field in self.fields:
            if field.picklist is not None:
                values = sorted(field.picklist)
                if len(values) > _MOST_VALUES:
                    digest = hashlib.sha256("\n".join(values).encode()).hexdigest()
                    values = [f"sha256:{digest}"]
                found[field.column] = values
        return found


def read_shape(document: Mapping[str, Any]) -> ObjectShape:
    """Read a describe document.

    Raises:
        MissingScopeError: The object may not be queried.
        ProtocolError: The document is not a describe.
    """
    try:
        api_name: str = document["name"]
        listed: list[Mapping[str, Any]] = document["fields"]
        names = [field["name"] for field in listed]
        types = [field["type"] for field in listed]
    except (KeyError, TypeError):
        raise ProtocolError(
            "reading the description of an object: name or fields are missing in the "
            "answer; check the base URL and api_version"
        ) from None
    if not document.get("queryable", True):
        raise MissingScopeError(
            f"reading the description of object {api_name}: this user, or nobody, may "
            "query it; read access was expected. Give the user a permission set with "
            "Read and View All on it, or leave it out of objects"
        )
    if "Id" not in names:
        raise MissingScopeError(
            f"reading the description of object {api_name}: no readable Id field, which "
            "every object that can be landed has; leave it out of objects"
        )
    columns = unique_names(slug_column(name, at) for at, name in enumerate(names, 1))
    fields, left_out = [], []
    for field, name, kind, column in zip(listed, names, types, columns, strict=True):
        if kind in _LEFT_OUT:
            left_out.append(f"{name} ({kind})")
            continue
        picklist = None
        if kind in ("picklist", "multipicklist"):
            picklist = tuple(
                str(item["value"])
                for item in field.get("picklistValues") or ()
                if item.get("active", True)
            )
        fields.append(
            FieldShape(
                api_name=name,
                column=column,
                type=kind,
                is_formula=bool(field.get("calculated", False)),
                picklist=picklist,
            )
        )
    return ObjectShape(
        api_name=api_name, fields=tuple(fields), left_out=tuple(left_out)
    )


def picklist_drift(
    before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]
) -> list[DeclaredDrift]:
    """Compare the picklists of two runs; fields on one side only are other drift."""
    events = []
    for column in sorted(before.keys() & after.keys()):
        old, new = set(before[column]), set(after[column])
        if old != new:
            events.append(
                DeclaredDrift(
                    kind=DriftKind.PICKLIST_CHANGED,
                    column=column,
                    before=_shown(old - new, "removed"),
                    after=_shown(new - old, "added"),
                )
            )
    return events


def _shown(values: set[str], word: str) -> str:
    listed = sorted(value[:60] for value in values)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return f"{word}: {', '.join(listed[:_SHOWN])}{more}" if listed else f"none {word}"
