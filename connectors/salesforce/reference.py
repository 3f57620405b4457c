"""The Salesforce objects that tidycrm models, read from `objects.yml`.

Belongs here: loading and validating that file, and questions about it. What is not in
the file is a custom or unmodelled object: it lands as well, under its own name.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

SOURCE_TYPE = "salesforce"


class ObjectReference(BaseModel):
    """One modelled object."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_name: str = Field(pattern=r"^[A-Z][A-Za-z0-9]*$")
    id_prefix: str = Field(pattern=r"^[A-Za-z0-9]{3}$")
    shared_prefix: bool = False
    header_marks: tuple[str, ...] = ()
    spoken: tuple[str, ...] = Field(min_length=1)
    columns: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _columns_are_distinct_and_start_with_id(self) -> ObjectReference:
        if self.columns[0] != "id" or len(set(self.columns)) != len(self.columns):
            raise ValueError(f"{self.api_name}: columns must be distinct, `id` first")
        if self.shared_prefix and not self.header_marks:
            raise ValueError(f"{self.api_name}: a shared prefix needs header_marks")
        return self


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(ge=1, le=1)
    objects: dict[str, ObjectReference]
    histories: tuple[str, ...]
    others: dict[str, str]

    @model_validator(mode="after")
    def _names_agree(self) -> _Document:
        spoken: set[str] = set()
        for name, reference in self.objects.items():
            if name != reference.api_name.lower():
                raise ValueError(f"{name}: expected {reference.api_name.lower()}")
            if spoken & set(reference.spoken):
                raise ValueError(f"{name}: a spoken name belongs to two objects")
            spoken |= set(reference.spoken)
        # Field histories share one prefix: their columns tell them apart.
        shared = {i.id_prefix for i in self.objects.values() if i.shared_prefix}
        prefixes = [
            item.id_prefix for item in self.objects.values() if not item.shared_prefix
        ]
        prefixes += [*self.others.values(), *shared]
        if len(set(prefixes)) != len(prefixes):
            raise ValueError("an id prefix belongs to two objects")
        return self


@cache
def _document() -> _Document:
    text = files(__package__).joinpath("objects.yml").read_text(encoding="utf-8")
    document: Any = yaml.safe_load(text)
    return _Document.model_validate(document)


def modelled_objects() -> dict[str, ObjectReference]:
    """Give every modelled object by its landing name (the API name in lower case).

    Example:
        >>> modelled_objects()["opportunitylineitem"].api_name
        'OpportunityLineItem'
    """
    return _document().objects


def objects_read_by_default() -> tuple[str, ...]:
    """Give the API names of the modelled objects and of the histories beside them.

    Example:
        >>> {"Contact", "ContactHistory"} <= set(objects_read_by_default())
        True
    """
    modelled = (item.api_name for item in modelled_objects().values())
    return (*modelled, *_document().histories)


def declared_columns() -> dict[str, tuple[str, ...]]:
    """Give the columns that the warehouse reads, per landing object.

    Example:
        >>> declared_columns()["user"][:3]
        ('id', 'name', 'firstname')
    """
    return {name: item.columns for name, item in modelled_objects().items()}


@cache
def objects_by_spoken_name() -> dict[str, str]:
    """Map every name that stands for an object in file names to its landing name."""
    document = _document()
    landed_alone = (*document.others, *document.histories)
    spoken = {name.lower(): name.lower() for name in landed_alone}
    for name, item in modelled_objects().items():
        spoken |= dict.fromkeys(item.spoken, name)
    return spoken


@cache
def objects_by_prefix() -> dict[str, str]:
    """Map every id prefix that one object has alone to its landing name."""
    prefixes = {prefix: name.lower() for name, prefix in _document().others.items()}
    for name, item in modelled_objects().items():
        if not item.shared_prefix:
            prefixes[item.id_prefix] = name
    return prefixes


@cache
def reference_columns() -> frozenset[str]:
    """Name the columns that hold record ids, in any modelled object."""
    named = {
        column
        for item in modelled_objects().values()
        for column in item.columns
        if column.endswith("id")
    }
    return frozenset(named | {"createdbyid", "lastmodifiedbyid", "recordtypeid"})
