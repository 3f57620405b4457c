"""Whose record it is, and which of their jobs the record knows.

Belongs here: the one value that all column makers for people take.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.synthetic.rng import BoolArray, IntArray


@dataclass(frozen=True, slots=True)
class Who:
    """The people behind some records, and the job each record knows of."""

    person: IntArray
    firm: IntArray
    earlier_job: BoolArray

    def __len__(self) -> int:
        return len(self.person)
