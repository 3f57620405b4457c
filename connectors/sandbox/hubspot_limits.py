"""Rate limits of the HubSpot look-alike, by policy, with the vendor's headers.

Belongs here: counting calls and the 429 bodies. Search counts against its own limit too
and carries no headers, as in the real service. Limits that are None are not enforced.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

TEN_SECONDLY, SECONDLY, DAILY = "TEN_SECONDLY_ROLLING", "SECONDLY", "DAILY"
MESSAGES = {
    TEN_SECONDLY: "You have reached your ten_secondly_rolling limit.",
    SECONDLY: "You have reached your secondly limit.",
    DAILY: "You have reached your daily limit.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """Calls allowed; the defaults are those of the smallest plans."""

    ten_secondly: int | None = 100
    search_secondly: int | None = 5
    daily: int | None = 250_000


NO_LIMITS = RateLimits(ten_secondly=None, search_secondly=None, daily=None)


class RateLimiter:
    """Counts the calls of one account.

    Args:
        limits: What is allowed.
        elapsed: Monotonic seconds.
    """

    def __init__(self, limits: RateLimits, elapsed: Callable[[], float]) -> None:
        self.limits = limits
        self._elapsed = elapsed
        self._recent: deque[float] = deque()
        self._searches: deque[float] = deque()
        self._today = 0

    def refuse(self, is_search: bool) -> str | None:
        """Count one call, or name the policy that forbids it."""
        now = self._elapsed()
        _forget(self._recent, now - 10.0)
        _forget(self._searches, now - 1.0)
        limits = self.limits
        if limits.daily is not None and self._today >= limits.daily:
            return DAILY
        if limits.ten_secondly is not None and len(self._recent) >= limits.ten_secondly:
            return TEN_SECONDLY
        if (
            is_search
            and limits.search_secondly is not None
            and len(self._searches) >= limits.search_secondly
        ):
            return SECONDLY
        self._recent.append(now)
        if is_search:
            self._searches.append(now)
        self._today += 1
        return None

    def headers(self, is_search: bool) -> dict[str, str]:
        """Give the headers of an answer; search has none."""
        if is_search:
            return {}
        most = self.limits.ten_secondly or 190
        daily = self.limits.daily or 250_000
        return {
            "x-hubspot-ratelimit-max": str(most),
            "x-hubspot-ratelimit-remaining": str(max(0, most - len(self._recent))),
            "x-hubspot-ratelimit-interval-milliseconds": "10000",
            "x-hubspot-ratelimit-daily": str(daily),
            "x-hubspot-ratelimit-daily-remaining": str(max(0, daily - self._today)),
        }

    def start_new_day(self) -> None:
        """Forget today's calls, as midnight of the account does."""
        self._today = 0


def _forget(moments: deque[float], before: float) -> None:
    while moments and moments[0] <= before:
        moments.popleft()
