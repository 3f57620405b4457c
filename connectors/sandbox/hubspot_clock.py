"""The time of a made-up portal: it may stand still, run, and be moved forward.

Belongs here: the clock alone. Tests let it stand, so that nothing depends on how fast a
machine is; the sandbox that people try lets it run.
"""

from __future__ import annotations

from collections.abc import Callable


class PortalClock:
    """Milliseconds since 1970, UTC.

    Args:
        start: Where the clock begins.
        elapsed: Seconds that have gone by in the real world; None lets the clock stand.

    Example:
        >>> clock = PortalClock(1_000)
        >>> clock.advance(2.5)
        >>> clock()
        3500
    """

    def __init__(self, start: int, elapsed: Callable[[], float] | None = None) -> None:
        self._start = start
        self._elapsed = elapsed
        self._begin = elapsed() if elapsed is not None else 0.0

    def __call__(self) -> int:
        """Give the time."""
        if self._elapsed is None:
            return self._start
        return self._start + round((self._elapsed() - self._begin) * 1000)

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self._start += round(seconds * 1000)
