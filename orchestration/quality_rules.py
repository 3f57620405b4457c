"""Every quality rule of a configuration in one list, for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hygiene.quality import (
    QualitySettings,
    Suite,
    apply_to_suite,
    landing_suite,
    published_suite,
    published_tables_with_rules,
    record_rules,
)
from orchestration.assets.extraction import DECLARED_OBJECTS


def all_rules(settings: QualitySettings) -> list[dict[str, Any]]:
    """Rules on landed objects, records and published tables, each id once.

    Args:
        settings: The section `quality` of tidycrm.yml.
    """
    listed: dict[str, dict[str, Any]] = {}
    for rule in record_rules(settings):
        listed[rule.id] = _line(rule, rule.table) | {"fix": rule.fix}
    for suite in _suites():
        for each in apply_to_suite(suite, settings.changes).rules:
            listed.setdefault(each.id, _line(each, suite.object))
    return sorted(listed.values(), key=lambda each: (each["table"], each["id"]))


def _suites() -> Iterator[Suite]:
    for vendor, names in DECLARED_OBJECTS.items():
        for name in names:
            yield landing_suite(vendor, name)
    for table in published_tables_with_rules():
        yield published_suite(table)


def _line(rule: Any, table: str) -> dict[str, Any]:
    return {
        "id": rule.id,
        "table": table,
        "name": rule.name,
        "dimension": str(rule.dimension),
        "severity": str(rule.severity),
        "blocking": rule.blocking,
        "owner": rule.owner,
    }
