"""Names and types that every landed file shares.

Belongs here: the metadata columns, the columns of a rejects file, and the rules for
names that come from outside (headers, custom fields, source names). No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

import polars as pl
from anyascii import anyascii

from connectors.errors import LandingError, SourceConfigError

FORMAT_VERSION = 1
CONTRACT = "_contract"
MAX_NAME_LENGTH = 63

METADATA_SCHEMA: dict[str, type[pl.DataType] | pl.DataType] = {
    "_source_name": pl.String(),
    "_source_record_id": pl.String(),
    "_load_id": pl.String(),
    "_extracted_at": pl.Datetime("us"),
    "_row_hash": pl.String(),
    "_is_deleted": pl.Boolean(),
    "_delete_kind": pl.String(),
    "_merged_into": pl.String(),
    "_source_file": pl.String(),
    "_source_line": pl.Int64(),
    "_load_seq": pl.Int64(),
}
"""Follow the data columns, in this order, in every landed file."""

REQUIRED_INPUT = "_source_record_id"
OPTIONAL_INPUT: dict[str, pl.DataType] = {
    "_is_deleted": pl.Boolean(),
    "_delete_kind": pl.String(),
    "_merged_into": pl.String(),
    "_source_file": pl.String(),
    "_source_line": pl.Int64(),
}
"""Metadata that a connector may set on the rows it hands over."""

REJECTED_INPUT: dict[str, pl.DataType] = {
    "_source_file": pl.String(),
    "_source_line": pl.Int64(),
    "reason_code": pl.String(),
    "reason_detail": pl.String(),
    "raw_text": pl.String(),
}
REJECTED_SCHEMA: dict[str, pl.DataType] = {
    "_source_name": pl.String(),
    "_source_type": pl.String(),
    "_source_object": pl.String(),
    "_load_id": pl.String(),
    **REJECTED_INPUT,
    "_extracted_at": pl.Datetime("us"),
}

# Accepted: "salesforce_emea". Rejected: "Sales Force", "eu:shop" (keys join with ":").
SOURCE_NAME_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"
_SOURCE_NAME = re.compile(SOURCE_NAME_PATTERN)
# Accepted: "tier__c". Rejected: "_line", "Tier", "2nd".
_COLUMN_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
# Accepted as a run to replace: " / ". Left alone: "mailing_city".
_NOT_SLUG = re.compile(r"[^a-z0-9_]+")


class DeleteKind(StrEnum):
    """Why a landed version counts as deleted."""

    SOFT = "soft"
    MERGED = "merged"
    ABSENT = "absent"


class TypeHint(StrEnum):
    """What the values of a column look like; the landed type is always text."""

    EMPTY = "empty"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    DATETIME = "datetime"
    TEXT = "text"


def slug_column(header: str, position: int = 1) -> str:
    """Turn a header into a safe column name `[a-z][a-z0-9_]*`.

    Args:
        header: Header text in any language.
        position: 1-based column position, used when nothing of the header is left.

    Example:
        >>> slug_column("Téléphone / Fax")
        'telephone_fax'
        >>> slug_column("2nd e-mail")
        'c_2nd_e_mail'
        >>> slug_column("", position=4)
        'column_4'
    """
    slug = _NOT_SLUG.sub("_", anyascii(header).lower()).strip("_")
    if not slug:
        return f"column_{position}"
    if not slug[0].isalpha():
        slug = f"c_{slug}"
    return slug[:MAX_NAME_LENGTH].rstrip("_")


def unique_names(names: Iterable[str]) -> list[str]:
    """Number repeated names `_2`, `_3`, ... ignoring case; the first keeps its name.

    Example:
        >>> unique_names(["Email", "Phone", "email", "Email_2"])
        ['Email', 'Phone', 'email_3', 'Email_2']
    """
    given = list(names)
    originals = {name.casefold() for name in given}
    taken: set[str] = set()
    result = []
    for name in given:
        candidate, number = name, 1
        while candidate.casefold() in taken or (
            number > 1 and candidate.casefold() in originals
        ):
            number += 1
            candidate = f"{name}_{number}"
        taken.add(candidate.casefold())
        result.append(candidate)
    return result


def check_source_name(name: str) -> str:
    """Return the name, or raise when it cannot be part of keys and paths."""
    if not _SOURCE_NAME.match(name):
        raise SourceConfigError(
            f"source name {name!r} is not usable: expected lower-case letters, digits "
            "and underscores, starting with a letter, at most 63 characters; rename it"
        )
    return name


def check_data_columns(names: Iterable[str]) -> list[str]:
    """Return the names, or raise when one is not a landed column name."""
    listed = list(names)
    wrong = [name for name in listed if not _COLUMN_NAME.match(name)]
    if wrong:
        raise LandingError(
            f"columns {wrong!r} cannot be landed: expected names made by slug_column() "
            "(lower-case letters, digits, underscores, starting with a letter)"
        )
    return listed
