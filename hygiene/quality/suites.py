"""Load the shipped rules and hand out the suite of an object or table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from hygiene.errors import ConfigurationError, ReferenceDataError
from hygiene.quality.record_rule import RecordRule, RuleChange, apply_changes
from hygiene.quality.rule import Layer, Rule, Suite
from hygiene.quality.settings import QualitySettings

_RULES: TypeAdapter[dict[str, tuple[Rule, ...]]] = TypeAdapter(
    dict[str, tuple[Rule, ...]]
)


def parse_rules(name: str, data: Any) -> dict[str, tuple[Rule, ...]]:
    """Return rules by scope from the content of a rule file.

    Args:
        name: File name, for the message.
        data: The parsed YAML.

    Returns:
        Rules by scope.

    Raises:
        ReferenceDataError: Rules are malformed or share an id; all mistakes at once.

    Example:
        >>> parse_rules("empty.yml", {"scopes": {}})
        {}
    """
    if not isinstance(data, Mapping) or set(data) != {"scopes"}:
        raise ReferenceDataError(
            f"reading quality rules: {name} must hold exactly one key `scopes`; "
            "put the rules of each object or table under it"
        )
    try:
        scopes = _RULES.validate_python(data["scopes"])
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        )
        raise ReferenceDataError(
            f"reading quality rules: {name} has {error.error_count()} mistake(s): "
            f"{problems}; correct them in the file"
        ) from error
    ids = [rule.id for rules in scopes.values() for rule in rules]
    repeated = sorted({rule_id for rule_id in ids if ids.count(rule_id) > 1})
    if repeated:
        raise ReferenceDataError(
            f"reading quality rules: {name} gives {', '.join(repeated)} to more than one "
            "rule; take the next free number for each new rule"
        )
    return scopes


@lru_cache(maxsize=4)
def load_rules(name: str) -> Mapping[str, tuple[Rule, ...]]:
    """Return the rules of one shipped file by scope.

    Args:
        name: `landing` or `published`.

    Returns:
        Rules by scope.

    Raises:
        ReferenceDataError: The file is missing or malformed.

    Example:
        >>> "dim_contacts" in load_rules("published")
        True
    """
    path = resources.files("hygiene.quality") / "rules" / f"{name}.yml"
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ReferenceDataError(
            f"reading quality rules: {name}.yml could not be read as YAML "
            f"({type(error).__name__}); reinstall tidycrm"
        ) from error
    return parse_rules(f"{name}.yml", data)


def record_rules(settings: QualitySettings | None = None) -> tuple[RecordRule, ...]:
    """Return the rules about records: the shipped ones as changed, then the user's own.

    Args:
        settings: The section `quality` of tidycrm.yml; none changes nothing.

    Returns:
        Rules that are switched on.

    Raises:
        ReferenceDataError: The shipped file is malformed.
        ConfigurationError: A change makes a shipped rule contradict itself, or names no
            shipped rule.

    Example:
        >>> record_rules()[0].id
        'DQ-C-301'
    """
    shipped = _shipped_record_rules()
    if settings is None:
        return shipped
    known = {rule.id for rule in shipped} | {
        rule.id
        for name in ("landing", "published")
        for rules in load_rules(name).values()
        for rule in rules
    }
    unknown = sorted(
        each
        for each in set(settings.changes) - known
        if not re.match(r"^DQ-[CV]-2\d\d$", each)
    )
    if unknown:
        raise ConfigurationError(
            f"changing quality rules: {', '.join(unknown)} under quality.changes is no "
            "shipped rule; `tidycrm quality rules` lists them"
        )
    try:
        changed = apply_changes(shipped, settings.changes)
    except ValueError as error:
        raise ConfigurationError(
            "changing quality rules: a change under quality.changes contradicts its "
            f"rule ({error}); compare it with `tidycrm quality rules`"
        ) from error
    return (*changed, *settings.rules)


@lru_cache(maxsize=1)
def _shipped_record_rules() -> tuple[RecordRule, ...]:
    path = resources.files("hygiene.quality") / "rules" / "records.yml"
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return TypeAdapter(tuple[RecordRule, ...]).validate_python(data["rules"])
    except (OSError, yaml.YAMLError, KeyError, ValidationError) as error:
        raise ReferenceDataError(
            "reading quality rules: records.yml could not be read "
            f"({type(error).__name__}); reinstall tidycrm"
        ) from error


def apply_to_suite(suite: Suite, changes: Mapping[str, RuleChange]) -> Suite:
    """Return a suite with the user's changes to its rules.

    Args:
        suite: Rules of a landed object or a published table.
        changes: By rule id.

    Returns:
        The suite without rules that are switched off.
    """
    if not changes:
        return suite
    rules = []
    for rule in suite.rules:
        change = changes.get(rule.id)
        if change is None:
            rules.append(rule)
        elif change.enabled:
            given = change.model_dump(
                include={"severity", "blocking", "owner"}, exclude_none=True
            )
            if given.get("severity") not in {None, "error"} and rule.blocking:
                given.setdefault("blocking", False)
            rules.append(Rule.model_validate({**rule.model_dump(), **given}))
    return Suite(suite.layer, suite.object, tuple(rules))


def landing_suite(source_type: str, object_name: str) -> Suite:
    """Return the rules of a landed object.

    Args:
        source_type: `salesforce`, `hubspot` or `spreadsheet`.
        object_name: The object's folder name, e.g. `contact`.

    Returns:
        The rules whose scope covers the object, in the order of the file.

    Example:
        >>> landing_suite("salesforce", "contact").rules[0].id
        'DQ-C-001'
    """
    scopes = load_rules("landing")
    name = f"{source_type}/{object_name}"
    applicable = {"*", source_type, name}
    rules = tuple(
        rule
        for scope, listed in scopes.items()
        if applicable.intersection(scope.split(", "))
        for rule in listed
    )
    return Suite(Layer.LANDING, name, rules)


def published_suite(table: str) -> Suite:
    """Return the rules of a published table; none for a table without rules.

    Args:
        table: The table's name.

    Returns:
        The suite.

    Example:
        >>> published_suite("dim_contacts").name
        'published.dim_contacts'
    """
    return Suite(Layer.PUBLISHED, table, load_rules("published").get(table, ()))


def published_tables_with_rules() -> tuple[str, ...]:
    """Return the names of the published tables that have rules.

    Example:
        >>> "dim_accounts" in published_tables_with_rules()
        True
    """
    return tuple(load_rules("published"))
