"""Salesforce record ids: 18 characters with the real checksum.

Belongs here: the id format only. Ids are handed out in order of creation, as the real
service does, and carry nothing about who or what the record is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from connectors.synthetic.columns import bytes_as_text, gather
from connectors.synthetic.rng import IntArray

PREFIXES = {
    "Account": "001",
    "Contact": "003",
    "Lead": "00Q",
    "Opportunity": "006",
    "OpportunityLineItem": "00k",
    "OpportunityFieldHistory": "017",
    "Task": "00T",
    "Event": "00U",
    "Case": "500",
    "User": "005",
    "UserRole": "00E",
    "Campaign": "701",
    "CampaignMember": "00v",
    "Product2": "01t",
    "DuplicateRecordSet": "0GK",
    "DuplicateRecordItem": "0GL",
    "Organization": "00D",
    "Health_Score__c": "a01",
}
_ALPHABET = np.frombuffer(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", np.uint8
)
_CHECKSUM = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", np.uint8)
_INSTANCE = b"Wx0"
_FIRST_NUMBER = 62**4 * 11
_STEP = 7


def make_ids(prefix: str, numbers: IntArray) -> pl.Series:
    """Write record numbers as 18-character ids.

    Example:
        >>> import numpy as np
        >>> make_ids("001", np.array([1]))[0]
        '001Wx0000000001IAA'
    """
    size = len(numbers)
    text = np.empty((size, 18), np.uint8)
    text[:, :3] = np.frombuffer(prefix.encode(), np.uint8)
    text[:, 3:6] = np.frombuffer(_INSTANCE, np.uint8)
    rest = numbers.astype(np.int64).copy()
    for place in range(14, 5, -1):
        text[:, place] = _ALPHABET[rest % 62]
        rest //= 62
    capital = (text[:, :15] >= ord("A")) & (text[:, :15] <= ord("Z"))
    weights = 1 << np.arange(5)
    for block in range(3):
        bits = capital[:, 5 * block : 5 * block + 5] @ weights
        text[:, 15 + block] = _CHECKSUM[bits]
    return bytes_as_text(text)


@dataclass(slots=True)
class IdMint:
    """Hands out ids per object, chunk after chunk."""

    _next: dict[str, int] = field(default_factory=dict)

    def take(self, name: str, created: IntArray) -> pl.Series:
        """Give each row an id; the older the row, the lower the id."""
        start = self._next.get(name, 0)
        self._next[name] = start + len(created)
        rank = np.empty(len(created), np.int64)
        rank[np.argsort(created, kind="stable")] = np.arange(len(created))
        return make_ids(PREFIXES[name], _FIRST_NUMBER + (start + rank) * _STEP)


def refer(ids: pl.Series, rows: IntArray) -> pl.Series:
    """Return the ids of some rows, null for row -1."""
    if not len(ids):
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(rows))
    return gather(ids, rows)
