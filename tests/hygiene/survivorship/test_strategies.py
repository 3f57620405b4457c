"""Each strategy picks the value that it promises, and the lineage says why."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from hygiene.survivorship import SurvivorshipRules
from tests.hygiene.survivorship.table import birthday, day, merged


def test_source_priority_is_by_name_or_by_type(tmp_path: Path) -> None:
    rules = SurvivorshipRules(
        source_priority=("shop", "hubspot"), contacts={"phone": ["source_priority"]}
    )
    result = merged(
        tmp_path,
        [
            {
                "key": "a",
                "source_name": "crm",
                "source_type": "salesforce",
                "phone_e164": "+1",
            },
            {
                "key": "b",
                "source_name": "eu",
                "source_type": "hubspot",
                "phone_e164": "+2",
            },
            {
                "key": "c",
                "source_name": "shop",
                "source_type": "spreadsheet",
                "phone_e164": "+3",
            },
        ],
        rules=rules,
    )
    assert result.row()["phone"] == "+3"
    found = result.source("phone")
    assert (found["source_record_key"], found["source_name"]) == ("c", "shop")
    assert (found["rule"], found["candidate_count"]) == ("source_priority", 3)
    assert (found["runner_up_value"], found["runner_up_source_record_key"]) == (
        "+2",
        "b",
    )


def test_most_recent_takes_the_last_modified_record_with_a_value(
    tmp_path: Path,
) -> None:
    result = merged(
        tmp_path,
        [
            {"key": "a", "job_title_std": "CEO", "modified_at": day(3)},
            {"key": "b", "job_title_std": "CTO", "modified_at": day(5)},
            {"key": "c", "job_title_std": None, "modified_at": day(9)},
        ],
    )
    assert result.row()["job_title"] == "CTO"
    assert result.source("job_title")["observed_at"] == day(5)


def test_oldest_takes_the_first_created_record(tmp_path: Path) -> None:
    result = merged(
        tmp_path,
        [
            {"key": "a", "lead_source": "Web", "created_at": day(9)},
            {"key": "b", "lead_source": "Fair", "created_at": day(2)},
        ],
    )
    assert result.row()["lead_source"] == "Fair"
    assert result.source("lead_source")["rule"] == "oldest"


def test_most_frequent_outvotes_a_single_typo(tmp_path: Path) -> None:
    result = merged(
        tmp_path,
        [
            {"key": "a", "birth_date_std": birthday("1980-02-01")},
            {"key": "b", "birth_date_std": birthday("1980-01-02")},
            {"key": "c", "birth_date_std": birthday("1980-01-02")},
        ],
    )
    assert result.row()["birth_date"] == birthday("1980-01-02")
    assert result.source("birth_date")["rule"] == "most_frequent"


def test_most_complete_takes_the_longest_value(tmp_path: Path) -> None:
    result = merged(
        tmp_path,
        [
            {"key": "a", "company_name_std": "Acme"},
            {"key": "b", "company_name_std": "Acme Holding"},
        ],
        rules=SurvivorshipRules(contacts={"company_name": ["most_complete"]}),
    )
    assert result.row()["company_name"] == "Acme Holding"


def test_a_valid_value_beats_a_more_recent_invalid_one(tmp_path: Path) -> None:
    result = merged(
        tmp_path,
        [
            {
                "key": "a",
                "email_std": "a@x.org",
                "email_status": "valid",
                "modified_at": day(1),
            },
            {
                "key": "b",
                "email_std": "a@x",
                "email_status": "invalid",
                "modified_at": day(9),
            },
        ],
    )
    assert result.row()["email"] == "a@x.org"
    assert result.source("email")["rule"] == "validated_first"


def test_an_opt_out_holds_wherever_it_was_expressed(tmp_path: Path) -> None:
    result = merged(
        tmp_path,
        [
            {
                "key": "a",
                "email_opt_out": False,
                "do_not_call": False,
                "modified_at": day(9),
            },
            {"key": "b", "email_opt_out": True, "is_deleted": True},
        ],
    )
    assert result.row()["email_opt_out"] is True
    assert result.row()["do_not_call"] is False
    assert result.source("email_opt_out")["source_record_key"] == "b"


def test_union_keeps_every_distinct_value_once(tmp_path: Path) -> None:
    rules = SurvivorshipRules(contacts={"lead_source": ["union", "oldest"]})
    result = merged(
        tmp_path,
        [
            {"key": "a", "lead_source": "Web", "created_at": day(2)},
            {"key": "b", "lead_source": "Fair", "created_at": day(1)},
            {"key": "c", "lead_source": "Web", "created_at": day(3)},
        ],
        rules=rules,
    )
    assert result.row()["lead_source"] == "Fair; Web"
    assert result.source("lead_source")["rule"] == "union"


def test_a_deleted_record_wins_only_where_no_live_record_has_a_value(
    tmp_path: Path,
) -> None:
    result = merged(
        tmp_path,
        [
            {
                "key": "a",
                "phone_e164": "+1",
                "mobile_phone_e164": "+9",
                "is_deleted": True,
                "modified_at": day(9),
                "phone_status": "valid",
            },
            {
                "key": "b",
                "phone_e164": "+2",
                "modified_at": day(1),
                "phone_status": "corrected",
            },
        ],
    )
    assert result.row()["phone"] == "+2"
    assert result.source("phone")["rule"] == "live_first"
    assert result.row()["mobile_phone"] == "+9"
    assert result.source("mobile_phone")["rule"] == "only_value"
    assert result.row()["is_deleted"] is False


def test_the_last_word_has_the_record_key(tmp_path: Path) -> None:
    records = [
        {"key": key, "owner_name": f"owner of {key}", "source_name": "x"}
        for key in ("b", "a", "c")
    ]
    one = merged(tmp_path / "one", records)
    other = merged(tmp_path / "other", records, shuffle=True)
    assert one.row()["owner_name"] == "owner of a"
    assert one.source("owner_name")["rule"] == "tie_break"
    assert one.golden.equals(other.golden)
    assert one.lineage.equals(other.lineage)


def test_numbers_keep_their_type(tmp_path: Path) -> None:
    result = merged(
        tmp_path,
        [
            {
                "key": "a",
                "employee_count": 12,
                "annual_revenue": Decimal("1234.50"),
                "modified_at": day(2),
            },
            {"key": "b", "employee_count": 9, "modified_at": day(1)},
        ],
        entity="account",
    )
    assert result.row()["employee_count"] == 12
    assert result.row()["annual_revenue"] == Decimal("1234.50")


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"contacts": {"e_mail": ["oldest"]}}, "not a field"),
        ({"contacts": {"email": ["restrictive_wins"]}}, "yes/no"),
        ({"contacts": {"address": ["union"]}}, "single text field"),
        ({"contacts": {"owner_name": ["validated_first"]}}, "status"),
        ({"accounts": {"phone": []}}, "no strategy"),
        ({"accounts": {"phone": ["oldest", "oldest"]}}, "twice"),
        ({"accounts": {"phone": ["newest"]}}, "Input should be"),
    ],
    ids=["field", "flag", "union", "status", "empty", "twice", "strategy"],
)
def test_rules_that_make_no_sense_are_refused(
    rules: dict[str, object], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        SurvivorshipRules.model_validate(rules)
