"""Golden records: what survives together, what follows, and what must never be lost."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from hygiene.errors import ConservationError, InputError
from hygiene.survivorship import SurvivorshipRules, merge
from tests.hygiene.survivorship.table import day, merged

CONTACT_COLUMNS = [
    "golden_contact_id",
    "full_name",
    "salutation",
    "given_name",
    "middle_name",
    "family_name",
    "suffix",
    "email",
    "email_domain",
    "is_role_email",
    "is_free_email",
    "phone",
    "mobile_phone",
    "job_title",
    "company_name",
    "street",
    "city",
    "state",
    "postal_code",
    "country_code",
    "birth_date",
    "lead_source",
    "lifecycle_stage",
    "email_opt_out",
    "do_not_call",
    "owner_name",
    "account_source_record_key",
    "is_deleted",
    "is_test_record",
    "source_record_count",
    "source_system_count",
    "first_created_at",
    "last_modified_at",
]
ACCOUNT_COLUMNS = [
    "golden_account_id",
    "account_name",
    "legal_form",
    "domain",
    "website",
    "phone",
    "street",
    "city",
    "state",
    "postal_code",
    "country_code",
    "industry",
    "employee_count",
    "annual_revenue",
    "account_type",
    "parent_source_record_key",
    "owner_name",
    "is_deleted",
    "is_test_record",
    "source_record_count",
    "source_system_count",
    "first_created_at",
    "last_modified_at",
]
LINEAGE_COLUMNS = [
    "entity_type",
    "golden_id",
    "field_name",
    "value",
    "source_record_key",
    "source_name",
    "rule",
    "observed_at",
    "candidate_count",
    "runner_up_value",
    "runner_up_source_record_key",
]


def test_the_tables_have_exactly_the_promised_columns(tmp_path: Path) -> None:
    contact = merged(tmp_path / "c", [{"key": "a"}])
    account = merged(tmp_path / "a", [{"key": "a"}], entity="account")
    assert contact.golden.columns == CONTACT_COLUMNS
    assert account.golden.columns == ACCOUNT_COLUMNS
    assert contact.lineage.columns == LINEAGE_COLUMNS


def test_an_address_survives_as_a_whole(tmp_path: Path) -> None:
    result = merged(
        tmp_path,
        [
            {
                "key": "a",
                "street_std": "1 Main St",
                "city_std": "Leeds",
                "postal_code_std": "LS1",
                "country_code": "GB",
                "modified_at": day(1),
            },
            {
                "key": "b",
                "city_std": "Paris",
                "country_code": "FR",
                "modified_at": day(9),
            },
        ],
    )
    row = result.row()
    assert (row["street"], row["city"], row["postal_code"], row["country_code"]) == (
        "1 Main St",
        "Leeds",
        "LS1",
        "GB",
    )
    keys = result.lineage.filter(pl.col("field_name").is_in(["street", "city"]))
    assert set(keys["source_record_key"]) == {"a"}
    assert result.source("city")["runner_up_value"] == "Paris"


def test_a_name_is_never_stitched_together(tmp_path: Path) -> None:
    result = merged(
        tmp_path,
        [
            {
                "key": "a",
                "full_name_std": "Bob Smith",
                "given_name_std": "Bob",
                "family_name_std": "Smith",
                "title_std": "Mr",
            },
            {
                "key": "b",
                "full_name_std": "Robert James Smith",
                "given_name_std": "Robert",
                "middle_name_std": "James",
                "family_name_std": "Smith",
            },
        ],
    )
    row = result.row()
    assert row["full_name"] == "Robert James Smith"
    assert (row["given_name"], row["middle_name"]) == ("Robert", "James")
    assert row["salutation"] is None


def test_mailbox_flags_follow_the_address_that_won(tmp_path: Path) -> None:
    result = merged(
        tmp_path,
        [
            {
                "key": "a",
                "email_std": "info@acme.com",
                "email_domain": "acme.com",
                "email_status": "valid",
                "is_role_email": True,
                "is_free_email": False,
                "modified_at": day(1),
            },
            {
                "key": "b",
                "email_std": "jo@gmail.com",
                "email_domain": "gmail.com",
                "email_status": "valid",
                "is_role_email": False,
                "is_free_email": True,
                "modified_at": day(9),
            },
            {"key": "c", "golden": "h", "is_role_email": None},
        ],
    )
    row = result.row()
    assert (row["email"], row["email_domain"]) == ("jo@gmail.com", "gmail.com")
    assert (row["is_role_email"], row["is_free_email"]) == (False, True)
    assert result.row("h")["is_role_email"] is False


def test_a_merged_company_is_not_its_own_parent(tmp_path: Path) -> None:
    result = merged(
        tmp_path,
        [
            {"key": "a", "parent_source_record_key": "b"},
            {"key": "b", "parent_source_record_key": "p"},
            {"key": "p", "golden": "parent"},
        ],
        entity="account",
    )
    assert result.row()["parent_source_record_key"] == "p"


def test_a_golden_record_is_deleted_or_test_only_if_all_of_it_is(
    tmp_path: Path,
) -> None:
    result = merged(
        tmp_path,
        [
            {"key": "a", "is_deleted": True, "is_test_record": True},
            {"key": "b", "is_deleted": False, "is_test_record": True},
            {"key": "c", "golden": "h", "is_deleted": True, "is_test_record": False},
        ],
    )
    assert result.row()["is_deleted"] is False
    assert result.row()["is_test_record"] is True
    assert result.row("h")["is_deleted"] is True


def test_counts_and_dates_span_all_source_records(tmp_path: Path) -> None:
    result = merged(
        tmp_path,
        [
            {
                "key": "a",
                "source_name": "x",
                "created_at": day(3),
                "modified_at": day(4),
            },
            {
                "key": "b",
                "source_name": "y",
                "created_at": day(1),
                "modified_at": day(2),
            },
            {"key": "c", "source_name": "y", "created_at": day(8)},
        ],
    )
    row = result.row()
    assert (row["source_record_count"], row["source_system_count"]) == (3, 2)
    assert (row["first_created_at"], row["last_modified_at"]) == (day(1), day(8))
    assert result.report.golden_records == 1
    assert result.report.merged_records == 1


def test_every_golden_value_has_its_lineage(tmp_path: Path) -> None:
    result = merged(
        tmp_path,
        [
            {
                "key": "a",
                "full_name_std": "Ann Lee",
                "phone_e164": "+1",
                "city_std": "Oslo",
            },
            {"key": "b", "full_name_std": "Ann Lee", "email_opt_out": False},
            {"key": "c", "golden": "h", "job_title_std": "CEO"},
        ],
    )
    traced = {
        (row["golden_id"], row["field_name"]): row["value"]
        for row in result.lineage.iter_rows(named=True)
    }
    derived = {"email_domain", "is_role_email", "is_free_email"}
    for row in result.golden.iter_rows(named=True):
        for name in CONTACT_COLUMNS[1:-6]:
            if name in derived or row[name] is None:
                continue
            text = str(row[name]).lower() if isinstance(row[name], bool) else row[name]
            assert traced.pop((row["golden_contact_id"], name)) == text
    assert not traced


def test_records_without_a_cluster_are_an_error(tmp_path: Path) -> None:
    merged(tmp_path, [{"key": "a"}, {"key": "b"}])
    pl.DataFrame(
        {"source_record_key": ["a"], "golden_contact_id": ["g"]}
    ).write_parquet(tmp_path / "clusters.parquet")
    before = (tmp_path / "golden.parquet").read_bytes()
    with pytest.raises(ConservationError, match="2 records and 1 cluster rows"):
        merge(
            tmp_path / "standardised.parquet",
            tmp_path / "clusters.parquet",
            tmp_path / "golden.parquet",
            tmp_path / "lineage.parquet",
            entity="contact",
            rules=SurvivorshipRules(),
        )
    assert (tmp_path / "golden.parquet").read_bytes() == before


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.parquet does not exist"):
        merge(
            tmp_path / "nowhere.parquet",
            tmp_path / "clusters.parquet",
            tmp_path / "golden.parquet",
            tmp_path / "lineage.parquet",
            entity="contact",
            rules=SurvivorshipRules(),
        )


def test_no_records_give_empty_tables(tmp_path: Path) -> None:
    result = merged(tmp_path, [])
    assert result.golden.height == 0
    assert result.golden.columns == CONTACT_COLUMNS
