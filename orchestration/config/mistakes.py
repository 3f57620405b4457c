"""Mistakes in tidycrm.yml in the words and at the lines of the person who wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic import ValidationError

from orchestration.config.sources import VENDOR_OF_TYPE
from orchestration.errors import ConfigProblem


def lines_of(
    node: yaml.Node | None, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], int]]:
    """Give every path of a YAML tree with the line where it is written."""
    if node is None:
        return
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, key.value), key.start_mark.line + 1
            yield from (
                item for item in lines_of(value, (*path, key.value)) if item[0] != path
            )
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from lines_of(value, (*path, index))


def repeated_keys(
    node: yaml.Node | None, path: tuple[str | int, ...]
) -> Iterator[ConfigProblem]:
    """Find keys that one mapping has twice; YAML would silently keep the last."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            where = (*path, key.value)
            if key.value in seen:
                yield ConfigProblem(
                    dotted(where),
                    "is written twice; keep one",
                    key.start_mark.line + 1,
                )
            seen.add(key.value)
            yield from repeated_keys(value, where)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from repeated_keys(value, (*path, index))


def own_mistakes(error: ValidationError) -> Iterator[Mapping[str, Any]]:
    """Mistakes that the user made; a list whose entries are all wrong is not empty."""
    details = error.errors()
    for detail in details:
        where = detail["loc"]
        if detail["type"] != "too_short" or not any(
            other["loc"][: len(where)] == where for other in details if other != detail
        ):
            yield detail


CHANNEL_TYPES = ("slack", "teams", "email", "webhook")
_TYPES = {*VENDOR_OF_TYPE, *CHANNEL_TYPES}

_PATTERNS = {
    "^[A-Z]{3}$": "an ISO 4217 currency; write three capitals, such as EUR",
    "^[A-Z]{2}$": "an ISO 3166-1 country; write two capitals, such as DE",
}


def problem_of(
    detail: Mapping[str, Any], lines: Mapping[tuple[str | int, ...], int]
) -> ConfigProblem:
    """Say one mistake that Pydantic found in our words."""
    path = _as_written(detail["loc"])
    known = path
    while known and known not in lines:
        known = known[:-1]
    kind = detail["type"]
    pattern = detail.get("ctx", {}).get("pattern")
    if kind == "extra_forbidden":
        message = "is not a setting here; check the spelling or remove it"
    elif kind == "missing":
        message = "is required and missing"
    elif kind == "union_tag_invalid":
        tag = detail.get("ctx", {}).get("tag")
        message = f"`type` {tag!r} is unknown; it is one of {_types_at(path)}"
    elif kind == "union_tag_not_found":
        message = f"needs a `type`: one of {_types_at(path)}"
    elif kind == "too_short" and isinstance(detail["input"], str):
        least = detail["ctx"]["min_length"]
        message = f"is too short; at least {least} characters are expected"
    elif kind == "string_pattern_mismatch" and pattern in _PATTERNS:
        message = f"{detail['input']!r} is not {_PATTERNS[pattern]}"
    else:
        message = str(detail["msg"]).removeprefix("Value error, ")
    return ConfigProblem(dotted(path) or "file", message, lines.get(known))


def _as_written(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Leave out what Pydantic adds to the path of an entry: the value of its `type`."""
    return tuple(
        part
        for index, part in enumerate(path)
        if not (part in _TYPES and index and isinstance(path[index - 1], int))
    )


def _types_at(path: tuple[str | int, ...]) -> str:
    types = CHANNEL_TYPES if "channels" in path else tuple(VENDOR_OF_TYPE)
    return ", ".join(types)


def dotted(path: tuple[str | int, ...]) -> str:
    """Write a path as people do: `sources[0].name`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
