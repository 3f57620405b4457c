"""The verdict on a text that has no further parts."""

from __future__ import annotations

from typing import NamedTuple

from hygiene.standardise.status import Status


class TextResult(NamedTuple):
    """Canonical text, what is thought of the value, and the rule that decided."""

    value: str | None
    status: Status
    rule: str
