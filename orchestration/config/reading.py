"""Read tidycrm.yml: either a `Config`, or every mistake at once with its place.

Secrets are `${NAME}` references to the environment and are never stored; relative paths
are relative to the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from orchestration.config.mistakes import (
    dotted,
    lines_of,
    own_mistakes,
    problem_of,
    repeated_keys,
)
from orchestration.config.model import Config
from orchestration.errors import ConfigError, ConfigProblem

# ${CRM_TOKEN} is a reference; $CRM_TOKEN and ${crm-token} are plain text.
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# Accepted: s3://bucket/key. Rejected: C:/folder, folder/file.
_URI = re.compile(r"^[a-z][a-z0-9+.-]+://")


def load_config(path: Path, environment: Mapping[str, str]) -> Config:
    """Read and validate a configuration file.

    Args:
        path: The YAML file; relative paths in it are relative to its folder.
        environment: Values for `${NAME}` references.

    Raises:
        ConfigError: The file is missing, is no YAML, or has mistakes; lists them all.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            str(path),
            [ConfigProblem("file", "not found; `tidycrm init` writes a commented one")],
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = type(error).__name__
        raise ConfigError(
            str(path), [ConfigProblem("file", f"cannot be read as UTF-8 ({reason})")]
        ) from None
    return parse_config(text, path=path, environment=environment)


def parse_config(text: str, *, path: Path, environment: Mapping[str, str]) -> Config:
    """Validate the text of a configuration file; see `load_config`."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        problem = getattr(error, "problem", None) or "no valid YAML"
        raise ConfigError(
            str(path), [ConfigProblem("file", f"is no valid YAML: {problem}", line)]
        ) from None
    if not isinstance(raw, dict):
        raise ConfigError(
            str(path),
            [ConfigProblem("file", "is empty or no mapping; `sources:` is expected")],
        )
    lines = dict(lines_of(node, ()))
    problems = list(repeated_keys(node, ()))
    raw = _resolve_references(raw, (), environment, problems, lines)
    raw = _resolve_paths(raw, path.resolve().parent)
    config = None
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        said = {problem.path for problem in problems}
        found = [problem_of(detail, lines) for detail in own_mistakes(error)]
        # A variable that is not set is told once, not also as a value that is no good.
        problems += [problem for problem in found if problem.path not in said]
    if problems or config is None:
        raise ConfigError(str(path), problems)
    return config


def json_schema() -> dict[str, Any]:
    """JSON Schema of tidycrm.yml, for editors that complete and check it."""
    return Config.model_json_schema()


def _resolve_references(
    value: Any,
    path: tuple[str | int, ...],
    environment: Mapping[str, str],
    problems: list[ConfigProblem],
    lines: Mapping[tuple[str | int, ...], int],
) -> Any:
    if isinstance(value, dict):
        return {
            key: _resolve_references(item, (*path, key), environment, problems, lines)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [
            _resolve_references(item, (*path, index), environment, problems, lines)
            for index, item in enumerate(value)
        ]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in environment:
            problems.append(
                ConfigProblem(
                    dotted(path),
                    f"refers to the environment variable {name}, which is not set",
                    lines.get(path),
                )
            )
            return ""
        return environment[name]

    return _REFERENCE.sub(replace, value)


def _resolve_paths(raw: dict[str, Any], base: Path) -> dict[str, Any]:
    """Make relative paths of sources and rates relative to the configuration file."""
    sources = raw.get("sources")
    if isinstance(sources, list):
        for source in sources:
            if not isinstance(source, dict):
                continue
            _absolute(source, "path", base)
            for table in source.get("tables") or []:
                if isinstance(table, dict):
                    _absolute(table, "path", base)
    metrics = raw.get("metrics")
    if isinstance(metrics, dict):
        _absolute(metrics, "fx_rates", base)
    return raw


def _absolute(section: dict[str, Any], key: str, base: Path) -> None:
    value = section.get(key)
    if isinstance(value, str) and value and not _URI.match(value):
        section[key] = str(base / Path(value).expanduser())
