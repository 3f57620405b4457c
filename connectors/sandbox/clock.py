"""A sandbox's own clock: it stands still or flows, and moves on command.

Belongs here: the clock. Whatever a sandbox dates, it dates by this.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime


class SandboxClock:
    """Starts at a given moment.

    Args:
        start: First moment (aware).
        elapsed: Monotonic seconds that the clock follows; None lets it stand still.
    """

    def __init__(
        self, start: datetime, *, elapsed: Callable[[], float] | None = None
    ) -> None:
        self._moment = start.astimezone(UTC)
        self._elapsed = elapsed
        self._begin = elapsed() if elapsed is not None else 0.0

    def now(self) -> datetime:
        """Give the present moment (UTC)."""
        if self._elapsed is None:
            return self._moment
        return self._moment + timedelta(seconds=self._elapsed() - self._begin)

    def advance(self, seconds: float) -> datetime:
        """Move on; negative seconds move back."""
        self._moment += timedelta(seconds=seconds)
        return self.now()

    def stamp(self) -> str:
        """Give the present as Salesforce stores it: UTC, milliseconds, `Z`."""
        return stamp(self.now())

    def http_date(self) -> str:
        """Give the present as an HTTP Date header."""
        return format_datetime(self.now().replace(microsecond=0), usegmt=True)


def stamp(moment: datetime) -> str:
    """Write a moment with milliseconds and `Z`.

    Example:
        >>> stamp(datetime(2026, 1, 15, 6, 0, tzinfo=UTC))
        '2026-01-15T06:00:00.000Z'
    """
    text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{moment.microsecond // 1000:03d}Z"
