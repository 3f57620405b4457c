"""Rules as data: they load, they are well-formed, and mistakes are told all at once."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

import hygiene.quality
from hygiene.errors import ReferenceDataError
from hygiene.quality import (
    Rule,
    landing_suite,
    parse_rules,
    published_suite,
    published_tables_with_rules,
)
from hygiene.quality.suites import load_rules


def rule(**changes: Any) -> dict[str, Any]:
    return {
        "id": "DQ-C-900",
        "name": "names are there",
        "dimension": "completeness",
        "severity": "error",
        "blocking": True,
        "owner": "RevOps",
        "check": {"kind": "not_null", "column": "name"},
        **changes,
    }


def test_ids_are_unique_over_all_shipped_files() -> None:
    ids = [
        rule.id
        for name in ("landing", "published")
        for rules in load_rules(name).values()
        for rule in rules
    ]
    assert len(ids) > 100
    assert len(set(ids)) == len(ids)


def test_landing_suite_adds_up_general_and_special_rules() -> None:
    suite = landing_suite("salesforce", "opportunity")
    ids = [rule.id for rule in suite.rules]
    assert {"DQ-C-001", "DQ-V-001", "DQ-C-015"} <= set(ids)
    assert suite.name == "landing.salesforce.opportunity"
    assert suite.columns[0] == "_source_record_id"
    custom = landing_suite("salesforce", "invoice__c")
    assert {rule.id for rule in custom.rules} < set(ids)


@pytest.mark.parametrize("table", published_tables_with_rules())
def test_published_suites_name_their_columns(table: str) -> None:
    suite = published_suite(table)
    assert suite.rules
    assert suite.columns
    assert all(table for table, _ in suite.references)


def test_a_table_without_rules_has_an_empty_suite() -> None:
    assert published_suite("some_new_table").rules == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "DQ-C-1"},
        {"id": "DQ-V-001"},
        {"dimension": "beauty"},
        {"severity": "warn"},
        {"owner": ""},
        {"check": {"kind": "not_null"}},
        {"check": {"kind": "matches", "column": "a", "pattern": "("}},
        {"check": {"kind": "between", "column": "a"}},
        {"check": {"kind": "levitates", "column": "a"}},
        {"extra": 1},
    ],
    ids=str,
)
def test_malformed_rules_are_refused(changes: dict[str, Any]) -> None:
    Rule.model_validate(rule())
    with pytest.raises(ValidationError):
        Rule.model_validate(rule(**changes))


def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    data = {"scopes": {"a": [rule(owner=""), rule(id="X")], "b": [rule(dimension="?")]}}
    with pytest.raises(ReferenceDataError) as error:
        parse_rules("mine.yml", data)
    message = str(error.value)
    assert "3 mistake(s)" in message
    assert "a.0.owner" in message
    assert "b.0.dimension" in message


def test_repeated_ids_are_refused() -> None:
    with pytest.raises(ReferenceDataError, match="DQ-C-900"):
        parse_rules("mine.yml", {"scopes": {"a": [rule()], "b": [rule()]}})


def test_a_file_without_scopes_is_refused() -> None:
    with pytest.raises(ReferenceDataError, match="scopes"):
        parse_rules("mine.yml", {"rules": []})


def test_facade_is_complete() -> None:
    names = hygiene.quality.__all__
    assert all(hasattr(hygiene.quality, name) for name in names)
