"""Holds calls back so that a service's limits are met and not run into.

Belongs here: token buckets, one per policy name. Which policies a call falls under, and
what the headers of an answer say about them, is the connector's knowledge.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` in any `seconds`; a bucket of that size that refills evenly."""

    calls: int
    seconds: float


@dataclass(slots=True)
class _Bucket:
    rate: Rate
    tokens: float
    filled_at: float
    paused_until: float = 0.0


class Limiter:
    """Token buckets by policy name.

    Example:
        >>> now = [0.0]
        >>> limiter = Limiter({"search": Rate(1, 1.0)}, clock=lambda: now[0],
        ...                   sleep=lambda seconds: now.__setitem__(0, now[0] + seconds))
        >>> limiter.acquire(["search"]), limiter.acquire(["search"])
        (0.0, 1.0)
    """

    def __init__(
        self,
        rates: Mapping[str, Rate] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._lock = Lock()
        self._buckets: dict[str, _Bucket] = {}
        for name, rate in (rates or {}).items():
            self.set_rate(name, rate)

    def set_rate(self, policy: str, rate: Rate) -> None:
        """Set or replace the rate of a policy, for example as a header states it."""
        with self._lock:
            known = self._buckets.get(policy)
            if known is None or known.rate != rate:
                tokens = float(rate.calls)
                if known is not None:
                    tokens = min(known.tokens, tokens)
                self._buckets[policy] = _Bucket(rate, tokens, self._clock())

    def observe(self, policy: str, remaining: int) -> None:
        """Lower the bucket to what a service says is left, never raise it."""
        with self._lock:
            bucket = self._buckets.get(policy)
            if bucket is not None:
                self._fill(bucket)
                bucket.tokens = min(bucket.tokens, float(remaining))

    def pause(self, policy: str, seconds: float) -> None:
        """Let no call of a policy pass for a while."""
        with self._lock:
            now = self._clock()
            bucket = self._buckets.get(policy)
            if bucket is None:
                bucket = _Bucket(Rate(1_000_000, 1.0), 1_000_000.0, now)
                self._buckets[policy] = bucket
            bucket.paused_until = max(bucket.paused_until, now + seconds)

    def acquire(self, policies: Sequence[str]) -> float:
        """Wait until every policy lets one call pass; return the seconds waited."""
        waited = 0.0
        while True:
            with self._lock:
                buckets = [
                    self._buckets[name] for name in policies if name in self._buckets
                ]
                delay = max((self._delay(bucket) for bucket in buckets), default=0.0)
                if delay <= 0.0:
                    for bucket in buckets:
                        bucket.tokens -= 1.0
                    return waited
            self._sleep(delay)
            waited += delay

    def _fill(self, bucket: _Bucket) -> None:
        now = self._clock()
        speed = bucket.rate.calls / bucket.rate.seconds
        gained = (now - bucket.filled_at) * speed
        bucket.tokens = min(float(bucket.rate.calls), bucket.tokens + gained)
        bucket.filled_at = now

    def _delay(self, bucket: _Bucket) -> float:
        self._fill(bucket)
        paused = bucket.paused_until - self._clock()
        speed = bucket.rate.calls / bucket.rate.seconds
        # A hair below one token is one token: clocks and sums are not exact.
        short = (1.0 - bucket.tokens) / speed if bucket.tokens < 1.0 - 1e-9 else 0.0
        return max(paused, short, 0.0)
