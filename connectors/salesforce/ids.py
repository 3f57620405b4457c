"""Salesforce record ids: their two spellings and the checksum between them.

Belongs here: what makes a text a record id, and how 15 characters become 18. Ids are
case-sensitive; the last three characters of the long form encode the case of the first
15, so that case-insensitive tools can tell `...a` from `...A`. No I/O.
"""

from __future__ import annotations

import re
from typing import NewType

import polars as pl

SalesforceId = NewType("SalesforceId", str)

ID_PATTERN = r"^[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?$"
# Accepted: "001x0000002xLCV", "001x0000002xLCVAA2". Rejected: "001x0000002xLCVAA".
_ID = re.compile(ID_PATTERN)
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_CHUNK = 5
_SHORT = 15


def is_record_id(text: str) -> bool:
    """Tell whether a text has the shape of a record id.

    Example:
        >>> is_record_id("001x0000002xLCV"), is_record_id("001-42")
        (True, False)
    """
    return _ID.match(text) is not None


def to_18(record_id: str) -> SalesforceId:
    """Give the 18-character spelling of a record id; a long one passes as it is.

    Raises:
        ValueError: The text is not a record id.

    Example:
        >>> to_18("001x0000002xLCV")
        '001x0000002xLCVAA2'
    """
    if not is_record_id(record_id):
        raise ValueError(
            f"cannot convert a text of {len(record_id)} characters: expected a Salesforce "
            "record id of 15 or 18 letters and digits"
        )
    if len(record_id) > _SHORT:
        return SalesforceId(record_id)
    return SalesforceId(record_id + checksum(record_id))


def checksum(short_id: str) -> str:
    """Compute the three check characters of the first 15 characters of an id.

    Example:
        >>> checksum("006x0000001YtCr")
        'AAK'
    """
    suffix = ""
    for start in range(0, _SHORT, _CHUNK):
        bits = 0
        for position, character in enumerate(short_id[start : start + _CHUNK]):
            if "A" <= character <= "Z":
                bits |= 1 << position
        suffix += _ALPHABET[bits]
    return suffix


def checksum_expression(column: pl.Expr) -> pl.Expr:
    """Compute `checksum` for a whole column of ids of at least 15 characters."""
    letters = []
    for start in range(0, _SHORT, _CHUNK):
        bits = pl.lit(0, dtype=pl.UInt8)
        for position in range(_CHUNK):
            is_upper = column.str.slice(start + position, 1).is_between(
                pl.lit("A"), pl.lit("Z")
            )
            bits = bits + is_upper.cast(pl.UInt8) * pl.lit(
                1 << position, dtype=pl.UInt8
            )
        letters.append(
            bits.replace_strict(
                list(range(len(_ALPHABET))), list(_ALPHABET), return_dtype=pl.String
            )
        )
    return pl.concat_str(letters)


def id_18_expression(column: pl.Expr) -> pl.Expr:
    """Give the 18-character spelling of valid ids; everything else becomes null."""
    is_id = column.str.contains(ID_PATTERN)
    is_short = column.str.len_bytes() == _SHORT
    return (
        pl.when(is_id & is_short)
        .then(column + checksum_expression(column))
        .when(is_id)
        .then(column)
    )
