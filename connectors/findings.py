"""What a check of a live source found, for people.

Belongs here: the one value in which every connector answers "would a sync work?".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was checked: what was found, and what to do if it is not fine."""

    level: Level
    what: str
    fix: str = ""
