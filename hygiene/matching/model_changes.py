"""How one model differs from another: which findings weigh more or less.

What belongs here: the comparison of two model files, for the person who decides whether
a newly learned one goes into force. What does not: learning, and what the difference
does to records (`tidycrm plan` measures that).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from hygiene.errors import ReferenceDataError
from hygiene.matching.parameters import shipped_file
from hygiene.matching.specification import Entity


@dataclass(frozen=True, slots=True)
class LevelShift:
    """A finding whose weight differs between two models.

    Attributes:
        comparison: Name of the comparison.
        level: Name of its answer.
        before: Weight in bits in the first model.
        after: Weight in bits in the second.
    """

    comparison: str
    level: str
    before: float
    after: float


def compare_models(
    before: Path | None, after: Path, *, entity: Entity, least: float = 0.1
) -> tuple[LevelShift, ...]:
    """Say which findings weigh more or less in another model.

    Args:
        before: A model file; none: the shipped model.
        after: The other one.
        entity: What both match.
        least: Smaller differences, in bits, are left out.

    Returns:
        Shifts of findings that both know, largest first.

    Raises:
        ReferenceDataError: If a file is not a model.
    """
    old = _weights(before or shipped_file(entity))
    new = _weights(after)
    shifts = [
        LevelShift(*key, old[key], new[key])
        for key in old.keys() & new.keys()
        if abs(new[key] - old[key]) >= least
    ]
    shifts.sort(key=lambda item: (-abs(item.after - item.before), item.comparison))
    return tuple(shifts)


def _weights(path: Path) -> dict[tuple[str, str], float]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {
            (comparison, level): math.log2(value["m"] / value["u"])
            for comparison, levels in content["comparisons"].items()
            for level, value in levels.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReferenceDataError(
            f"Comparing models: {path.name} is not readable as one "
            f"({type(error).__name__}); expected a file that training wrote; learn it "
            "again."
        ) from error
