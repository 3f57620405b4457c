"""What an extraction cost: calls, rows, bytes and seconds.

Belongs here: the one value in which every live connector reports its use of a service.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Cost of one extraction.

    Attributes:
        calls: Requests that were sent, retries included.
        retries: Of these, repetitions after a fault.
        rows: Records that the service handed over, repeated ones included.
        bytes_received: Body bytes as they came over the wire.
        seconds: Time spent waiting for answers.
        seconds_waited: Time spent holding back: limits, back-off, polling.
    """

    calls: int = 0
    retries: int = 0
    rows: int = 0
    bytes_received: int = 0
    seconds: float = 0.0
    seconds_waited: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        """Sum two costs."""
        return Usage(
            calls=self.calls + other.calls,
            retries=self.retries + other.retries,
            rows=self.rows + other.rows,
            bytes_received=self.bytes_received + other.bytes_received,
            seconds=self.seconds + other.seconds,
            seconds_waited=self.seconds_waited + other.seconds_waited,
        )
