"""The learned part of a model: how often each level occurs among matches and others.

What belongs here: the parameter file (shipped under `models/`, or trained and kept in
the caller's folder), its validation, and the repair of estimates that contradict the
order of levels. What does not: estimation itself (`training.py`).

A file holds, per comparison and level, `m` (share among matches) and `u` (share among
non-matches). It knows no SQL dialect: conditions live in code, so that one file serves
every engine, and a difference between two versions can be reviewed like code.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from hygiene.errors import ReferenceDataError
from hygiene.matching.custom_fields import is_custom
from hygiene.matching.specification import Comparison, Entity, Specification

FORMAT_VERSION = 1
_SMALLEST = 1e-9
_LEAST_STEP = 1e-3
_CUSTOM = {
    "exact": {"m": 0.5, "u": 0.05},
    "close": {"m": 0.05, "u": 0.02},
    "otherwise": {"m": 0.45, "u": 0.93},
}
"""Where a custom field starts. Nobody knows yet whether it describes a person or the last
order, so a difference says little: one person's records agree every second time."""
_VERSIONS = {Entity.CONTACT: "contact-v1", Entity.ACCOUNT: "account-v2"}
_SHIPPED = Path(__file__).parent / "models"


@dataclass(frozen=True, slots=True)
class LevelParameters:
    """How often one level occurs.

    Attributes:
        m: Share of the level among pairs that match.
        u: Share of the level among pairs that do not.
    """

    m: float
    u: float

    @property
    def weight(self) -> float:
        """Match weight of the level in bits."""
        return math.log2(self.m / self.u)


@dataclass(frozen=True, slots=True)
class ModelParameters:
    """All parameters of a model.

    Attributes:
        entity: What it matches.
        version: Name of this version, written on every edge.
        trained_on: What it was estimated from, in one sentence.
        records: Records that the estimate saw.
        levels: Parameters by comparison and level, in the order of the specification.
    """

    entity: Entity
    version: str
    trained_on: str
    records: int
    levels: Mapping[str, Mapping[str, LevelParameters]]


def shipped_parameters(specification: Specification) -> ModelParameters:
    """Load the parameters that come with this version of the code.

    Args:
        specification: The model they must fit.

    Returns:
        The shipped parameters.
    """
    return load_parameters(shipped_file(specification.entity), specification)


def shipped_file(entity: Entity) -> Path:
    """Name the parameter file that comes with this version of the code.

    Args:
        entity: contact or account.

    Returns:
        Its path.
    """
    return _SHIPPED / f"{_VERSIONS[entity]}.json"


def load_parameters(
    path: Path,
    specification: Specification,
    *,
    complete_from: ModelParameters | None = None,
) -> ModelParameters:
    """Read and validate a parameter file.

    Args:
        path: The file.
        specification: The model it must fit.
        complete_from: Where levels come from that a kept file is too old to know.

    Returns:
        Its parameters.

    Raises:
        ReferenceDataError: If it is unreadable or does not fit the model.
    """
    task = f"Loading the {specification.entity} model {path.name}"
    repair = "delete the file to train again, or restore it from a backup."
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReferenceDataError(
            f"{task}: not readable as JSON ({type(error).__name__}); expected a model "
            f"file; {repair}"
        ) from error
    if content.get("format_version") != FORMAT_VERSION:
        raise ReferenceDataError(
            f"{task}: format_version is not {FORMAT_VERSION}; expected a file written "
            f"by this version; {repair}"
        )
    if content.get("entity") != specification.entity.value:
        raise ReferenceDataError(
            f"{task}: it is a model for another entity; expected "
            f"{specification.entity}; {repair}"
        )
    stored = content.get("comparisons", {})
    levels: dict[str, dict[str, LevelParameters]] = {}
    problems: list[str] = []
    for comparison in specification.comparisons:
        found = stored.get(comparison.name, {})
        levels[comparison.name] = {}
        for level in comparison.levels:
            value = found.get(level.name, {})
            if not found and is_custom(comparison.name):
                # No model is shipped for a field that only this user's tables have.
                value = _CUSTOM[level.name]
            elif complete_from is not None and found and level.name not in found:
                shipped = complete_from.levels[comparison.name][level.name]
                value = {"m": shipped.m, "u": shipped.u}
            m, u = value.get("m"), value.get("u")
            if not (_is_share(m) and _is_share(u)):
                problems.append(f"{comparison.name}.{level.name}")
                continue
            levels[comparison.name][level.name] = LevelParameters(
                min(float(m), 1 - _SMALLEST), min(float(u), 1 - _SMALLEST)
            )
    if problems:
        raise ReferenceDataError(
            f"{task}: no valid m and u for {len(problems)} level(s): "
            f"{', '.join(problems[:5])}; expected shares between 0 and 1; {repair}"
        )
    return ModelParameters(
        specification.entity,
        str(content.get("version", path.stem)),
        str(content.get("trained_on", "")),
        int(content.get("records", 0)),
        levels,
    )


def _is_share(value: object) -> bool:
    # Files of earlier versions rounded a share of nearly one up to one.
    return isinstance(value, int | float) and 0 < value <= 1


def save_parameters(parameters: ModelParameters, path: Path) -> None:
    """Write a parameter file that appears complete or not at all.

    Args:
        parameters: The parameters.
        path: The file to replace.
    """
    content = {
        "format_version": FORMAT_VERSION,
        "entity": parameters.entity.value,
        "version": parameters.version,
        "trained_on": parameters.trained_on,
        "records": parameters.records,
        "comparisons": {
            comparison: {
                level: {
                    "m": float(f"{value.m:.9g}"),
                    "u": float(f"{value.u:.9g}"),
                    "weight": round(value.weight, 2),
                }
                for level, value in levels.items()
            }
            for comparison, levels in parameters.levels.items()
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def make_monotone(
    comparison: Comparison, levels: Mapping[str, LevelParameters]
) -> tuple[dict[str, LevelParameters], int]:
    """Make closer levels weigh at least as much as more distant ones.

    Estimates of rare levels are noisy, and a level that says "nearly equal" must never
    weigh less than "equal in part". Neighbours out of order are pooled, as in isotonic
    regression, weighted by how often they occur among matches; then every level is set
    a hair apart, so that a weight identifies its level.

    Args:
        comparison: The comparison whose order counts.
        levels: Parameters by level.

    Returns:
        Repaired parameters, and how many levels had to be pooled.
    """
    names = [level.name for level in comparison.levels]
    blocks: list[tuple[float, float, list[str]]] = []
    for name in names:
        value = levels[name]
        blocks.append((max(value.m, _SMALLEST), max(value.u, _SMALLEST), [name]))
        while len(blocks) > 1 and (
            blocks[-2][0] / blocks[-2][1] < blocks[-1][0] / blocks[-1][1]
        ):
            last = blocks.pop()
            before = blocks.pop()
            blocks.append(
                (before[0] + last[0], before[1] + last[1], before[2] + last[2])
            )
    pooled = sum(len(block[2]) for block in blocks if len(block[2]) > 1)
    ratios = {
        name: math.log2(block[0] / block[1]) for block in blocks for name in block[2]
    }
    repaired: dict[str, LevelParameters] = {}
    ceiling = math.inf
    for name in names:
        weight = min(ratios[name], ceiling - _LEAST_STEP)
        if abs(weight) < _LEAST_STEP:  # zero is the weight of "cannot be answered"
            weight = -_LEAST_STEP
        ceiling = weight
        u = min(max(levels[name].u, _SMALLEST), 1 - _SMALLEST)
        # The weight is what counts: m follows from it, u stays the observed share.
        m = u * 2.0**weight
        if m >= 1:
            m = 1 - _SMALLEST
            u = m / 2.0**weight
        repaired[name] = LevelParameters(m, u)
    return repaired, pooled
