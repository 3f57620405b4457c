"""The HubSpot objects that tidycrm models, read from `objects.yml`.

Belongs here: loading and validating that file. Labels are in `labels`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

SOURCE_TYPE = "hubspot"
RECORD_ID = "hs_object_id"
TIMEZONE_COLUMN = "export_timezone"


class ObjectReference(BaseModel):
    """One modelled object."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: tuple[str, ...] = Field(min_length=1)
    distinctive: tuple[str, ...] = Field(min_length=1)
    hints: tuple[str, ...] = ()
    properties: tuple[str, ...] = Field(min_length=1)
    aliases: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _properties_hold_together(self) -> ObjectReference:
        known = set(self.properties)
        if self.properties[0] != RECORD_ID or len(known) != len(self.properties):
            raise ValueError(f"properties must be distinct, {RECORD_ID} first")
        unknown = {*self.distinctive, *self.hints} - known
        if unknown:
            raise ValueError(f"distinctive or hints name no property: {unknown}")
        return self


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(ge=1, le=1)
    objects: dict[str, ObjectReference]
    api_objects: dict[str, tuple[str, ...]] = Field(default_factory=dict)


@cache
def modelled_objects() -> dict[str, ObjectReference]:
    """Give every modelled object by its landing name.

    Example:
        >>> sorted(modelled_objects())
        ['companies', 'contacts', 'deals', 'tickets']
    """
    return _document().objects


def declared_columns() -> dict[str, tuple[str, ...]]:
    """Give the columns that the warehouse reads, per landing object.

    Example:
        >>> declared_columns()["companies"][:3]
        ('hs_object_id', 'name', 'domain')
    """
    modelled = {name: item.properties for name, item in modelled_objects().items()}
    return modelled | _document().api_objects


@cache
def _document() -> _Document:
    text = files(__package__).joinpath("objects.yml").read_text(encoding="utf-8")
    document: Any = yaml.safe_load(text)
    return _Document.model_validate(document)
