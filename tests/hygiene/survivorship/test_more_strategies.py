"""Field change times, values that stay, and rules in SQL."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from hygiene.errors import ConfigurationError
from hygiene.survivorship import SurvivorshipRules
from tests.hygiene.survivorship.table import day, merged

RECENT = SurvivorshipRules(
    contacts={"phone": ["most_recent"], "job_title": ["most_recent"]}
)
KEEP = SurvivorshipRules(contacts={"job_title": ["never_overwrite", "most_recent"]})


def test_the_field_that_changed_last_wins_not_the_record(tmp_path: Path) -> None:
    # The first record was touched last, but its phone is years old.
    records = [
        {
            "key": "sf:contact:a",
            "phone_e164": "+1",
            "job_title_std": "CEO",
            "created_at": day(1),
            "modified_at": day(20),
        },
        {
            "key": "hs:contacts:b",
            "phone_e164": "+2",
            "job_title_std": "CTO",
            "created_at": day(1),
            "modified_at": day(9),
        },
    ]
    by_record = merged(tmp_path / "record", records, rules=RECENT)
    assert by_record.row()["phone"] == "+1"
    by_field = merged(
        tmp_path / "field",
        records,
        rules=RECENT,
        changes=[("sf:contact:a", "phone", day(2)), ("hs:contacts:b", "phone", day(8))],
    )
    assert by_field.row()["phone"] == "+2"
    assert by_field.source("phone")["observed_at"] == day(8)
    assert by_field.row()["job_title"] == "CEO"


def test_a_tracked_field_without_entry_is_as_old_as_its_record(tmp_path: Path) -> None:
    records = [
        {
            "key": "sf:contact:a",
            "phone_e164": "+1",
            "created_at": day(1),
            "modified_at": day(20),
        },
        {
            "key": "hs:contacts:b",
            "phone_e164": "+2",
            "created_at": day(3),
            "modified_at": day(4),
        },
        {
            "key": "sf:contact:c",
            "golden": "other",
            "phone_e164": "+3",
            "created_at": day(1),
        },
    ]
    tracked = merged(
        tmp_path,
        records,
        rules=RECENT,
        changes=[("sf:contact:c", "phone", day(5))],
    )
    assert tracked.row()["phone"] == "+2"
    assert tracked.source("phone", "other")["observed_at"] == day(5)


def test_a_golden_value_stays_while_a_record_has_it(tmp_path: Path) -> None:
    old = {"key": "a", "job_title_std": "CEO", "modified_at": day(1)}
    new = {"key": "b", "job_title_std": "CTO", "modified_at": day(9)}
    assert merged(tmp_path, [old], rules=KEEP).row()["job_title"] == "CEO"
    kept = merged(tmp_path, [old, new], rules=KEEP)
    assert kept.row()["job_title"] == "CEO"
    assert kept.source("job_title")["rule"] == "never_overwrite"
    gone = merged(tmp_path, [old | {"job_title_std": "COO"}, new], rules=KEEP)
    assert gone.row()["job_title"] == "CTO"
    assert gone.source("job_title")["rule"] == "most_recent"


def test_without_a_golden_value_the_next_strategy_decides(tmp_path: Path) -> None:
    result = merged(
        tmp_path,
        [
            {"key": "a", "job_title_std": "CEO", "modified_at": day(1)},
            {"key": "b", "job_title_std": "CTO", "modified_at": day(9)},
        ],
        rules=KEEP,
    )
    assert result.row()["job_title"] == "CTO"
    assert result.source("job_title")["rule"] == "most_recent"


def test_a_rule_in_sql_ranks_by_its_number(tmp_path: Path) -> None:
    rules = SurvivorshipRules(
        contacts={
            "email": [
                "validated_first",
                "sql: CASE WHEN email_std LIKE '%@gmail.com' THEN 1 ELSE 0 END",
            ]
        }
    )
    result = merged(
        tmp_path,
        [
            {"key": "a", "email_std": "jo@gmail.com", "email_status": "valid"},
            {"key": "b", "email_std": "jo@acme.com", "email_status": "valid"},
        ],
        rules=rules,
    )
    assert result.row()["email"] == "jo@acme.com"
    assert result.source("email")["rule"] == "custom_sql_2"


def test_a_record_for_which_the_sql_says_nothing_comes_last(tmp_path: Path) -> None:
    rules = SurvivorshipRules(contacts={"phone": ["sql: epoch(modified_at)"]})
    result = merged(
        tmp_path,
        [
            {"key": "a", "phone_e164": "+1"},
            {"key": "b", "phone_e164": "+2", "modified_at": day(9)},
            {"key": "c", "phone_e164": "+3", "modified_at": day(3)},
        ],
        rules=rules,
    )
    assert result.row()["phone"] == "+3"
    assert result.source("phone")["runner_up_value"] == "+2"


def test_sql_that_does_not_fit_the_records_is_named(tmp_path: Path) -> None:
    rules = SurvivorshipRules(contacts={"phone": ["sql: length(no_such_column)"]})
    with pytest.raises(ConfigurationError, match=r"survivorship\.contacts\.phone"):
        merged(tmp_path, [{"key": "a", "phone_e164": "+1"}], rules=rules)


@pytest.mark.parametrize(
    "rule",
    [
        "sql:",
        "sql: 1; DROP TABLE members",
        "sql: 1) FROM t, (SELECT 2",
        "sql: (SELECT count(*) FROM read_csv('/etc/hosts'))",
        "sql: row_number() OVER ()",
        "sql: length(",
    ],
)
def test_sql_that_is_more_than_an_expression_is_refused(rule: str) -> None:
    with pytest.raises(ValidationError):
        SurvivorshipRules(contacts={"phone": [rule]})
