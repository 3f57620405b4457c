"""Counts what a client costs while it works.

Belongs here: the mutable counter behind `Usage`. Safe to share between threads.
"""

from __future__ import annotations

from threading import Lock

from connectors.usage import Usage


class Meter:
    """Adds up calls, bytes and seconds."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._usage = Usage()

    def add(self, cost: Usage) -> None:
        """Add the cost of one step."""
        with self._lock:
            self._usage = self._usage + cost

    @property
    def usage(self) -> Usage:
        """Give what was spent so far."""
        return self._usage
