"""Times as HubSpot writes them: ISO 8601 with Z, or milliseconds since 1970.

Belongs here: reading and writing them. No clock.
"""

from __future__ import annotations

from datetime import UTC, datetime


def to_milliseconds(text: object) -> int | None:
    """Read a time; null for anything else.

    Example:
        >>> to_milliseconds("2026-01-15T10:00:00.250Z")
        1768471200250
        >>> to_milliseconds("1768471200250")
        1768471200250
    """
    if not isinstance(text, str):
        return None
    if text.isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = int(moment.replace(microsecond=0).timestamp())
    return seconds * 1000 + moment.microsecond // 1000
