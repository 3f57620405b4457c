"""Rules about records: what they say, whom they find, and what it costs."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from pydantic import ValidationError

from hygiene.errors import ConfigurationError, InputError
from hygiene.quality import (
    QualitySettings,
    RecordChecks,
    RecordRule,
    check_records,
    record_results,
    record_rules,
)
from hygiene.quality.record_checks import _without_unused
from hygiene.quality.suites import load_rules
from tests.hygiene.quality.world import AS_OF, build, check


@pytest.fixture(scope="module")
def checked(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[RecordChecks, pl.DataFrame]:
    out = tmp_path_factory.mktemp("checks")
    checks = check(out)
    return checks, pl.read_parquet(out / "defects.parquet")


def rule(**changes: Any) -> RecordRule:
    return RecordRule.model_validate(
        {
            "id": "ACME-1",
            "name": "accounts have an industry",
            "table": "dim_accounts",
            "field": "industry",
            "must": "filled",
            "dimension": "completeness",
            "owner": "RevOps",
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("rule_id", "checked_records", "broken"),
    [
        ("DQ-C-301", 1, {"crm:opportunity:2"}),
        ("DQ-V-301", 4, {"crm:opportunity:2"}),
        ("DQ-K-301", 4, {"crm:opportunity:2"}),
        ("DQ-K-302", 4, {"crm:opportunity:3"}),
        ("DQ-C-303", 3, {"crm:opportunity:3"}),
        ("DQ-T-301", 3, {"crm:opportunity:3"}),
        ("DQ-T-302", 3, {"crm:opportunity:3"}),
        ("DQ-A-301", 2, {"crm:contact:2"}),
        ("DQ-K-303", 2, {"gc_1"}),
        ("DQ-K-304", 8, {"crm:contact:1", "hub:deals:1"}),
        ("DQ-K-305", 5, {"crm:contact:2"}),
        ("DQ-C-304", 1, {"ga_2"}),
        ("DQ-C-305", 1, {"ga_2"}),
        ("DQ-C-307", 3, set()),
        ("DQ-V-302", 3, set()),
        ("DQ-V-304", 4, set()),
    ],
)
def test_each_rule_finds_its_bad_record_and_spares_the_good_ones(
    checked: tuple[RecordChecks, pl.DataFrame],
    rule_id: str,
    checked_records: int,
    broken: set[str],
) -> None:
    checks, defects = checked
    results = {result.rule_id: result for result in record_results(checks)}
    assert results[rule_id].rows_checked == checked_records
    found = defects.filter(pl.col("rule_id") == rule_id)
    assert set(found["record_key"]) == broken
    assert results[rule_id].rows_failed == found.height


@pytest.mark.parametrize(
    ("rule_id", "failed"),
    [
        ("DQ-U-301", 1),
        ("DQ-C-306", 1),
        ("DQ-V-303", 1),
        ("DQ-T-303", 1),
        ("DQ-C-201", 1),
        ("DQ-V-207", 1),
    ],
)
def test_rules_that_inform_count_and_list_nobody(
    checked: tuple[RecordChecks, pl.DataFrame], rule_id: str, failed: int
) -> None:
    checks, defects = checked
    results = {result.rule_id: result for result in record_results(checks)}
    assert results[rule_id].rows_failed == failed
    assert rule_id not in set(defects["rule_id"])


def test_deleted_records_are_nobodys_defect(
    checked: tuple[RecordChecks, pl.DataFrame],
) -> None:
    checks, _ = checked
    email = checks.counts.filter(pl.col("rule_id") == "DQ-C-201")
    assert email["records_checked"].sum() == 5


def test_a_field_that_an_object_never_fills_is_not_missing(
    checked: tuple[RecordChecks, pl.DataFrame],
) -> None:
    checks, _ = checked
    frame = pl.DataFrame(
        {
            "rule_id": ["DQ-C-203"] * 3 + ["DQ-C-301"],
            "source_name": ["shop", "shop", "crm", "shop"],
            "source_object": ["buyers"] * 4,
            "owner_name": ["Ann", "Bob", "Ann", "Ann"],
            "entry_point": ["x"] * 4,
            "field": ["mobile_phone"] * 3 + ["amount"],
            "records_checked": [2, 3, 4, 1],
            "records_failed": [2, 3, 1, 1],
        }
    )
    assert _without_unused(frame)["source_name"].to_list() == ["crm", "shop"]
    assert not checks.counts.is_empty()


def test_synced_fields_that_differ_are_told_by_field(
    checked: tuple[RecordChecks, pl.DataFrame],
) -> None:
    checks, _ = checked
    synced = checks.counts.filter(pl.col("rule_id") == "DQ-K-304")
    broken = synced.filter(pl.col("records_failed") > 0)
    assert sorted(broken["field"]) == ["amount", "owner"]
    assert {"email", "name", "country"} <= set(synced["field"])


def test_money_counts_once_however_many_records_share_it(
    checked: tuple[RecordChecks, pl.DataFrame],
) -> None:
    checks, _ = checked
    money = {row[0]: row[1:] for row in checks.money.iter_rows()}
    assert money["DQ-C-303"] == (Decimal(700), Decimal(0))
    assert money["DQ-C-304"] == (Decimal(0), Decimal(5000))
    assert money["DQ-K-303"] == (Decimal(100), Decimal(0))


def test_counts_name_the_owner_and_the_way_in(
    checked: tuple[RecordChecks, pl.DataFrame],
) -> None:
    checks, _ = checked
    missing = checks.counts.filter(
        (pl.col("rule_id") == "DQ-C-201") & (pl.col("records_failed") > 0)
    )
    assert missing.select("owner_name", "entry_point").rows() == [
        ("no owner", "Import")
    ]


@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({}, 1),
        ({"must": "unique"}, 0),
        ({"must": {"one_of": ["Steel", "Glass"]}}, 0),
        ({"must": {"one_of": ["Glass"]}}, 1),
        ({"must": {"match": "^S"}}, 0),
        ({"must": {"match": "^G"}}, 1),
        ({"must": "country_code = 'DE'"}, 1),
        ({"must": "filled", "when": "country_code = 'DE'"}, 0),
        ({"must": "empty"}, 1),
    ],
    ids=str,
)
def test_a_rule_of_ones_own_is_written_in_words(
    tmp_path: Path, changes: dict[str, Any], failed: int
) -> None:
    own = rule(**changes)
    results = {each.rule_id: each for each in record_results(check(tmp_path, own))}
    assert results["ACME-1"].rows_failed == failed
    assert results["ACME-1"].success is (failed == 0)
    assert results["ACME-1"].object == "dim_accounts"


def test_an_identifier_of_many_people_is_listed_with_its_records(
    tmp_path: Path,
) -> None:
    (shipped,) = [each for each in record_rules() if each.id == "DQ-V-304"]
    strict = rule(
        table="contacts", field="record", must="people_per_identifier <= 1",
        when=shipped.when, severity="warn",
    )  # fmt: skip
    check(tmp_path, strict)
    defects = pl.read_parquet(tmp_path / "defects.parquet")
    # One number under two names; one mailbox under one name, and a role mailbox, are fine.
    assert set(defects["record_key"]) == {"crm:contact:2", "crm:contact:4"}


@pytest.mark.parametrize(
    ("employers", "found"),
    [
        (("acme.de", "acme.de"), set()),
        (("acme.de", "bolt.de"), {"crm:contact:2", "crm:contact:4"}),
        (("acme.de", None), {"crm:contact:2", "crm:contact:4"}),
    ],
)
def test_the_number_of_a_switchboard_is_no_defect_of_colleagues(
    tmp_path: Path, employers: tuple[str | None, ...], found: set[str]
) -> None:
    strict = rule(
        table="contacts", field="record", must="people_per_identifier <= 1",
        severity="warn",
    )  # fmt: skip
    with duckdb.connect(":memory:") as connection:
        tables = build(connection)
        for key, domain in zip(("2", "4"), employers, strict=True):
            connection.execute(
                "update w.standardised_contacts set domain_std = ? "
                "where source_record_key = ?",
                [domain, f"crm:contact:{key}"],
            )
        check_records(
            connection, [strict], tables=tables, as_of=AS_OF,
            defects_out=tmp_path / "defects.parquet",
        )  # fmt: skip
    defects = pl.read_parquet(tmp_path / "defects.parquet")
    assert set(defects["record_key"]) == found


@pytest.mark.parametrize(
    ("rule_id", "spoil", "failed"),
    [
        ("DQ-C-302", "opportunities_unioned set amount = null", 1),
        ("DQ-V-302", "opportunities_unioned set amount = -1", 1),
        ("DQ-C-307", "fct_opportunities set golden_account_id = null", 2),
    ],
)
def test_rules_about_deals_find_what_is_made_wrong(
    tmp_path: Path, rule_id: str, spoil: str, failed: int
) -> None:
    key = "opportunity_id = 'op_1'"
    if spoil.startswith("opportunities"):
        key = "source_record_key = 'crm:opportunity:1'"
    with duckdb.connect(":memory:") as connection:
        tables = build(connection)
        connection.execute(f"update w.{spoil} where {key}")
        checks = check_records(
            connection, record_rules(), tables=tables, as_of=AS_OF,
            defects_out=tmp_path / "defects.parquet",
        )  # fmt: skip
    results = {result.rule_id: result for result in record_results(checks)}
    assert results[rule_id].rows_failed == failed


def test_a_company_entered_twice_is_counted_once(tmp_path: Path) -> None:
    with duckdb.connect(":memory:") as connection:
        tables = build(connection)
        connection.execute(
            "insert into w.standardised_accounts (source_name, source_type, "
            "source_object, source_record_key) values "
            "('crm', 'salesforce', 'account', 'crm:account:9')"
        )
        connection.execute(
            "insert into w.account_clusters values ('crm:account:9', 'ga_1')"
        )
        checks = check_records(
            connection, record_rules(), tables=tables, as_of=AS_OF,
            defects_out=tmp_path / "defects.parquet",
        )  # fmt: skip
    results = {result.rule_id: result for result in record_results(checks)}
    assert results["DQ-U-302"].rows_failed == 1


def test_ranges_read_numbers_that_are_text(tmp_path: Path) -> None:
    own = rule(table="opportunities", field="amount", must={"between": [None, 500]})
    results = {each.rule_id: each for each in record_results(check(tmp_path, own))}
    assert results["ACME-1"].rows_failed == 1


def test_some_records_may_break_a_rule(tmp_path: Path) -> None:
    own = rule(allowed=0.5)
    results = {each.rule_id: each for each in record_results(check(tmp_path, own))}
    assert results["ACME-1"].rows_failed == 1
    assert results["ACME-1"].success


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "acme-1"},
        {"must": "amount > 0; drop table x"},
        {"must": ""},
        {"must": {"be": "filled", "match": "x"}},
        {"must": {}},
        {"must": {"match": "(?=x)"}},
        {"must": {"between": [None, None]}},
        {"when": "select"},
        {"field": None},
        {"field": "a b"},
        {"table": "x; y"},
        {"severity": "warn", "blocking": True},
        {"dimension": "beauty"},
        {"id": "DQ-V-999"},
    ],
    ids=str,
)
def test_malformed_rules_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        rule(**changes)


def test_rules_that_name_what_is_not_there_are_told_together(tmp_path: Path) -> None:
    rules = (rule(table="nowhere"), rule(id="ACME-2", field="colour"))
    with pytest.raises(ConfigurationError) as error:
        check(tmp_path, *rules)
    assert "ACME-1: there is no table `nowhere`" in str(error.value)
    assert "ACME-2 on `dim_accounts`" in str(error.value)
    assert not (tmp_path / "defects.parquet").exists()


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with duckdb.connect(":memory:") as connection:
        tables = build(connection)
        del tables["dim_customers"]
        with pytest.raises(InputError, match="dim_customers"):
            check_records(
                connection, (), tables=tables, as_of=AS_OF, defects_out=tmp_path / "d"
            )


def test_shipped_rules_are_changed_and_switched_off() -> None:
    settings = QualitySettings.model_validate(
        {
            "changes": {
                "DQ-T-302": {"must": "days_since_change <= 30", "owner": "Ann"},
                "DQ-C-301": {"severity": "error", "blocking": True},
                "DQ-C-306": {"enabled": False},
            },
            "rules": [rule().model_dump()],
        }
    )
    rules = {each.id: each for each in record_rules(settings)}
    assert rules["DQ-T-302"].must.hold == "days_since_change <= 30"
    assert rules["DQ-T-302"].owner == "Ann"
    assert rules["DQ-C-301"].blocking
    assert "DQ-C-306" not in rules
    assert rules["ACME-1"] == rule()


def test_changes_of_unknown_rules_and_contradictions_are_refused() -> None:
    for changes in (
        {"DQ-X-999": {"enabled": False}},
        {"DQ-C-301": {"blocking": True}},
    ):
        with pytest.raises(ConfigurationError, match=next(iter(changes))):
            record_rules(QualitySettings.model_validate({"changes": changes}))


def test_ids_of_ones_own_may_not_be_shipped_ones() -> None:
    own = rule(id="DQ-C-999").model_dump()
    with pytest.raises(ValidationError, match="shipped"):
        QualitySettings.model_validate({"rules": [own]})
    with pytest.raises(ValidationError, match="more than one"):
        QualitySettings.model_validate({"rules": [rule().model_dump()] * 2})


def test_ids_of_record_rules_are_not_used_elsewhere() -> None:
    shipped = [each.id for each in record_rules()]
    others = [
        each.id
        for name in ("landing", "published")
        for rules in load_rules(name).values()
        for each in rules
    ]
    assert len(set(shipped)) == len(shipped)
    assert not set(shipped) & set(others)
    assert all(each.fix for each in record_rules())
