"""Lengths of time as people write them: `90m`, `24h`, `3d`.

Only the text form; what a length means is the business of the section that uses it.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
# Accepted: 24h, 1.5 h, 0. Rejected: 24, h, -1d, 24 hours.
_LENGTH = re.compile(r"^(\d+(?:\.\d+)?)\s*([smhdw])$|^0$")


def parse_duration(value: Any) -> timedelta:
    """Read a length of time.

    Raises:
        ValueError: The text is none; the message says how to write one.

    Example:
        >>> parse_duration("36h")
        datetime.timedelta(days=1, seconds=43200)
    """
    if isinstance(value, timedelta):
        return value
    text = str(value).strip().lower()
    found = _LENGTH.match(text)
    if found is None:
        raise ValueError(
            f"{value!r} is no length of time; write a number and one of s, m, h, d, w, "
            "such as 24h"
        )
    if text == "0":
        return timedelta()
    return timedelta(**{_UNITS[found[2]]: float(found[1])})


def shown_duration(length: timedelta) -> str:
    """Write a length for people, in its two largest units.

    Example:
        >>> shown_duration(timedelta(days=1, hours=12, minutes=5))
        '1 d 12 h'
    """
    left = round(length.total_seconds())
    parts = []
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, seconds)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(lambda value: f"{value.total_seconds():g}s", when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*[smhdw]$|^0$"}),
]
"""A length of time in tidycrm.yml."""
