"""Loads and checks the reference files of this connector.

Belongs here: canonical columns per object and the header synonyms. Each file is read
once, when it is first needed, and refused as a whole when it contradicts itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from anyascii import anyascii

SOURCE_TYPE = "spreadsheet"

# Replaced as a run: " / ". Kept: letters and digits.
_NOT_WORD = re.compile(r"[^a-z0-9]+")


class SpreadsheetObject(StrEnum):
    """What the rows of a table are."""

    CONTACTS = "contacts"
    COMPANIES = "companies"
    DEALS = "deals"
    ORDERS = "orders"
    INVOICES = "invoices"
    SUBSCRIPTIONS = "subscriptions"
    TICKETS = "tickets"
    SURVEYS = "surveys"


@dataclass(frozen=True, slots=True)
class ObjectReference:
    """Canonical columns of one object."""

    columns: tuple[str, ...]
    dates: frozenset[str]
    exact: dict[str, str]
    weak: dict[str, tuple[str, ...]]


def normalise_header(header: str) -> str:
    """Reduce a header to lower-case ASCII words, for comparison only.

    Example:
        >>> normalise_header("E-Mail  (Geschäft)*")
        'e mail geschaft'
    """
    return _NOT_WORD.sub(" ", anyascii(header).lower()).strip()


def declared_columns() -> dict[str, tuple[str, ...]]:
    """Columns of the landing contract per object, options of the table included."""
    options = tuple(_objects_file()["options"])
    return {
        item.value: object_reference(item).columns + options
        for item in SpreadsheetObject
    }


def option_columns() -> tuple[str, ...]:
    """Columns that hold options of the table instead of cells."""
    return tuple(_objects_file()["options"])


@cache
def object_reference(item: SpreadsheetObject) -> ObjectReference:
    """Columns, date columns and synonyms of one object."""
    entry = _objects_file()["objects"][item.value]
    columns = tuple(entry["columns"])
    dates = frozenset(entry["dates"])
    if not dates <= set(columns):
        raise ValueError(f"objects.yml: {item}: dates name unknown columns")
    exact: dict[str, str] = {}
    synonyms = _synonyms_file()
    # The object's own spellings come first: "company" is the name of a company.
    for name, section in (
        (item.value, synonyms["objects"].get(item.value, {})),
        ("shared", synonyms["shared"]),
    ):
        own: dict[str, str] = {}
        for column, languages in section.items():
            if column in columns:
                for text in (text for words in languages.values() for text in words):
                    spelling = normalise_header(text)
                    if own.setdefault(spelling, column) != column:
                        raise ValueError(
                            f"synonyms.yml: {name}: {text!r} means both {own[spelling]} "
                            f"and {column}"
                        )
        exact = own | exact
    for column in columns:
        exact[normalise_header(column)] = column
    weak = {
        column: tuple(normalise_header(text) for text in words)
        for column, words in synonyms["weak"].items()
        if column in columns
    }
    return ObjectReference(columns=columns, dates=dates, exact=exact, weak=weak)


@cache
def _objects_file() -> dict[str, Any]:
    return _load("objects.yml")


@cache
def _synonyms_file() -> dict[str, Any]:
    document = _load("synonyms.yml")
    known = {
        column
        for entry in _objects_file()["objects"].values()
        for column in entry["columns"]
    }
    for name, section in (("shared", document["shared"]), *document["objects"].items()):
        unknown = sorted(set(section) - known)
        if unknown:
            raise ValueError(f"synonyms.yml: {name}: unknown columns {unknown}")
    return document


def _load(name: str) -> dict[str, Any]:
    text = (files(__package__) / "reference" / name).read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.safe_load(text)
    if document.get("version") != 1:
        raise ValueError(
            f"{name}: expected version 1, found {document.get('version')!r}"
        )
    return document
