"""Column labels of HubSpot exports, per language, read from `labels/<language>.yml`.

Belongs here: loading and validating those files, and looking one label up. What to do
with a whole header is in `header`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from connectors.hubspot.reference import modelled_objects

DEFAULT_LANGUAGE = "en"
_SECTIONS = ("contacts", "companies", "deals", "tickets")
# Accepted as a run to replace: two spaces, a tab. Left alone: one letter.
_SPACES = re.compile(r"\s+")
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u02bc": "'", "\u00b4": "'"})

Labels = dict[str, tuple[str, ...]]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(ge=1, le=1)
    language: str
    verified: bool
    common: Labels = Field(default_factory=dict)
    contacts: Labels = Field(default_factory=dict)
    companies: Labels = Field(default_factory=dict)
    deals: Labels = Field(default_factory=dict)
    tickets: Labels = Field(default_factory=dict)


def label_key(label: str) -> str:
    """Give the form under which labels are compared.

    Example:
        >>> label_key("  Record  ID ") == label_key("record id")
        True
    """
    text = unicodedata.normalize("NFC", label).translate(_APOSTROPHES)
    return _SPACES.sub(" ", text).strip().casefold()


@cache
def languages() -> tuple[str, ...]:
    """List the languages with a label file, English first.

    Example:
        >>> languages()[0]
        'en'
    """
    found = {
        entry.name.removesuffix(".yml")
        for entry in files(__package__).joinpath("labels").iterdir()
        if entry.name.endswith(".yml")
    }
    return (DEFAULT_LANGUAGE, *sorted(found - {DEFAULT_LANGUAGE}))


@cache
def label_map(language: str, object_name: str) -> dict[str, tuple[str, ...]]:
    """Map label keys of one object to property names; several mean ambiguity.

    Args:
        language: One of `languages()`.
        object_name: Landing name; an unmodelled object has the common labels only.
    """
    document = _load(language)
    sections: list[Labels] = [document.common]
    if object_name in _SECTIONS:
        sections.append(getattr(document, object_name))
    found: dict[str, list[str]] = {}
    for section in sections:
        for name, labels in section.items():
            for label in labels:
                names = found.setdefault(label_key(label), [])
                if name not in names:
                    names.append(name)
    return {key: tuple(names) for key, names in found.items()}


@cache
def _load(language: str) -> _Document:
    path = files(__package__) / "labels" / f"{language}.yml"
    content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    document = _Document.model_validate(content)
    if document.language != language:
        raise ValueError(f"labels/{language}.yml says it is {document.language!r}")
    for object_name in _SECTIONS:
        known = set(modelled_objects()[object_name].properties)
        unknown = set(getattr(document, object_name)) - known
        if unknown:
            raise ValueError(
                f"labels/{language}.yml {object_name}: no property {unknown}"
            )
    return document
