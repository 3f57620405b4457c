"""Counting repairs, false repairs and flags on tables small enough to check by hand."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from hygiene.accuracy import (
    as_mapping,
    as_markdown,
    score_repairs,
    score_rule_flags,
)
from hygiene.errors import InputError
from hygiene.standardise import (
    StandardiseSettings,
    standardise_accounts,
    standardise_contacts,
)
from tests.hygiene.standardise.tables import write_accounts, write_contacts


def key(number: int, kind: str = "contact") -> str:
    return f"crm:{kind}:{number:04d}"


@pytest.fixture
def world(tmp_path: Path) -> Path:
    settings = StandardiseSettings(default_region="DE")
    contacts = [
        {"first_name": "ANN", "last_name": "LEE", "email": "ann@acme.com", "phone": "+493012345678"},
        # Kept: the suffix has a column of its own.
        {"first_name": "Bob", "last_name": "Smith III", "email": "<bob@acme.com>", "phone": "030 12345679"},
        # Right as it came, but taken for a remark: a false repair.
        {"first_name": "Koch", "last_name": "Marvin (II)", "email": "c@acme.com"},
        {"first_name": "Test", "last_name": "Test", "email": "t@example.com"},
        {"first_name": "Eve", "last_name": "N/A", "email": "eve@gmial.com", "phone": "0000"},
    ]  # fmt: skip
    standardise_contacts(
        write_contacts(tmp_path / "c.parquet", contacts),
        tmp_path / "contacts.parquet", tmp_path / "aside.parquet",
        settings=settings, previous=None,
    )  # fmt: skip
    standardise_accounts(
        write_accounts(tmp_path / "a.parquet", [{"account_name": "Acme"}]),
        tmp_path / "accounts.parquet", tmp_path / "aside2.parquet",
        settings=settings, previous=None,
    )  # fmt: skip
    told = [
        (0, "first_name", "Ann", "ANN", "upper_case"),
        (0, "last_name", "Lee", "LEE", "upper_case"),
        (1, "email", "bob@acme.com", "<bob@acme.com>", "email_decorated"),
        (1, "phone", "+493012345679", "030 12345679", "phone_national"),
        (4, "last_name", "Poe", "N/A", "placeholder"),
        (4, "email", "eve@gmail.com", "eve@gmial.com", "typo"),
        (4, "phone", "+493012345670", "0000", "placeholder"),
    ]
    pl.DataFrame(
        [(key(number), *rest) for number, *rest in told],
        schema=[
            "source_record_key",
            "field",
            "clean_value",
            "dirty_value",
            "dirt_kind",
        ],
        orient="row",
    ).write_parquet(tmp_path / "truth_values.parquet")
    people = [f"p{number}" if number != 3 else "t-1" for number in range(5)]
    pl.DataFrame(
        {"source_record_key": [key(n) for n in range(5)], "person_id": people}
    ).write_parquet(tmp_path / "truth_contacts.parquet")
    pl.DataFrame(
        {"source_record_key": [key(0, "account")], "company_id": ["c1"]}
    ).write_parquet(tmp_path / "truth_accounts.parquet")
    pl.DataFrame({"source_record_key": [key(3)]}).write_parquet(
        tmp_path / "truth_test_records.parquet"
    )
    return tmp_path


def test_repairs_false_repairs_and_flags_are_counted(world: Path) -> None:
    report = score_repairs(
        world / "contacts.parquet", world / "accounts.parquet", world
    )
    fields = {score.field: score for score in report.fields}
    email = fields["contact.email"]
    assert (email.clean, email.false_repairs, email.dirty, email.repaired) == (
        2, 0, 1, 1,
    )  # fmt: skip
    last = fields["contact.last_name"]
    assert (last.clean, last.false_repairs) == (2, 1)
    assert last.false_repair_rate == 0.5
    assert fields["contact.phone"].repaired == 1
    assert report.false_repair_rate > 0
    flags = {flag.flag: flag for flag in report.flags}
    assert flags["contact is a test record"].recall == 1.0
    assert flags["contact.phone is a filler"].right == 1
    assert flags["email has a mistyped domain"].right == 1
    kinds = {(kind.field, kind.kind): kind for kind in report.kinds}
    assert kinds["contact.last_name", "upper_case"].repaired == 1
    assert not kinds["contact.email", "typo"].is_repairable


def test_reports_can_be_read_by_people_and_programs(world: Path) -> None:
    report = score_repairs(
        world / "contacts.parquet", world / "accounts.parquet", world
    )
    assert as_mapping(report)["fields"][0]["field"] == "contact.first_name"
    assert "contact.email" in as_markdown(report)


def test_a_missing_truth_is_named(world: Path) -> None:
    (world / "truth_values.parquet").unlink()
    with pytest.raises(InputError, match="truth_values"):
        score_repairs(world / "contacts.parquet", world / "accounts.parquet", world)


def test_rules_are_scored_by_the_deals_that_were_spoilt_for_them(world: Path) -> None:
    values = pl.read_parquet(world / "truth_values.parquet")
    spoilt = [("crm:deal:1", "probability", "100", "80", "probability_stale"),
              ("crm:deal:2", "probability", "0", "20", "probability_stale"),
              ("crm:deal:3", "amount", "5.00", None, "amount_missing")]  # fmt: skip
    pl.concat(
        [values, pl.DataFrame(spoilt, schema=values.schema, orient="row")]
    ).write_parquet(world / "truth_values.parquet")
    pl.DataFrame(
        {"source_record_key": [f"crm:deal:{n}" for n in range(9)]}
    ).write_parquet(world / "truth_deals.parquet")
    defects = world / "defects.parquet"
    pl.DataFrame(
        {
            "rule_id": ["DQ-K-301", "DQ-K-301", "DQ-C-301", "DQ-T-301"],
            "record_key": [f"crm:deal:{n}" for n in (1, 7, 3, 5)],
        }
    ).write_parquet(defects)
    amount, early, stale = score_rule_flags(defects, world)
    assert (amount.precision, amount.recall) == (1.0, 1.0)
    assert (early.actual, early.flagged) == (0, 0)
    assert (stale.actual, stale.flagged, stale.right) == (2, 2, 1)
    defects.unlink()
    with pytest.raises(InputError, match="defects"):
        score_rule_flags(defects, world)
