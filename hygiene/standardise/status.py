"""The closed list of verdicts on one value.

Every standardiser returns the canonical value, one of these and the id of the rule that
decided, as `<value type>.<what it saw>`.
"""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """What a standardiser thinks of a value.

    `valid`: acceptable as received; its canonical form differs in layout at most (case,
    spaces, punctuation). `corrected`: something was wrong with it and a rule repaired it.
    `invalid`: present, unusable, not repairable; the canonical value is null.
    `placeholder`: filler that looks like data; null. `missing`: nothing was there.
    """

    VALID = "valid"
    CORRECTED = "corrected"
    INVALID = "invalid"
    PLACEHOLDER = "placeholder"
    MISSING = "missing"
