"""What the hygiene package receives from the first pass."""

from __future__ import annotations

import polars as pl
import pytest

from tests.dbt.conftest import Warehouse
from tests.dbt.scenario import buyer_key, company_key

pytestmark = pytest.mark.dbt

TIMESTAMP = pl.Datetime("us")

CONTACT_COLUMNS = dict.fromkeys(
    [
        "source_record_key",
        "source_name",
        "source_type",
        "source_object",
        "source_record_id",
        "account_source_record_key",
        "full_name",
        "salutation",
        "first_name",
        "middle_name",
        "last_name",
        "suffix",
        "email",
        "additional_emails",
        "phone",
        "mobile_phone",
        "job_title",
        "company_name",
        "website",
        "street",
        "city",
        "state",
        "postal_code",
        "country",
        "birth_date",
        "lead_source",
        "lifecycle_stage",
        "lead_status",
    ],
    pl.String,
) | {
    "email_opt_out": pl.Boolean,
    "do_not_call": pl.Boolean,
    "owner_source_id": pl.String,
    "owner_name": pl.String,
    "is_converted": pl.Boolean,
    "is_deleted": pl.Boolean,
    "delete_kind": pl.String,
    "merged_into_key": pl.String,
    "created_at": TIMESTAMP,
    "modified_at": TIMESTAMP,
    "_load_id": pl.String,
    "_extracted_at": TIMESTAMP,
    "_row_hash": pl.String,
    "_source_file": pl.String,
    "_source_line": pl.Int64,
}

ACCOUNT_COLUMNS = dict.fromkeys(
    [
        "source_record_key",
        "source_name",
        "source_type",
        "source_object",
        "source_record_id",
        "parent_source_record_key",
        "account_name",
        "domain",
        "website",
        "phone",
        "street",
        "city",
        "state",
        "postal_code",
        "country",
        "industry",
    ],
    pl.String,
) | {
    "employee_count": pl.Int64,
    "annual_revenue": pl.Decimal(18, 2),
    "account_type": pl.String,
    "owner_source_id": pl.String,
    "owner_name": pl.String,
    "is_deleted": pl.Boolean,
    "delete_kind": pl.String,
    "merged_into_key": pl.String,
    "created_at": TIMESTAMP,
    "modified_at": TIMESTAMP,
    "_load_id": pl.String,
    "_extracted_at": TIMESTAMP,
    "_row_hash": pl.String,
    "_source_file": pl.String,
    "_source_line": pl.Int64,
}

LINK_COLUMNS = {
    "source_record_key_l": pl.String,
    "source_record_key_r": pl.String,
    "evidence": pl.String,
    "evidence_at": TIMESTAMP,
}


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("int_contacts_unioned", CONTACT_COLUMNS),
        ("int_accounts_unioned", ACCOUNT_COLUMNS),
        ("int_contact_links", LINK_COLUMNS),
        ("int_account_links", LINK_COLUMNS),
    ],
)
def test_stage_files_have_the_agreed_columns_in_order(
    warehouse: Warehouse, table: str, columns: dict[str, pl.DataType]
) -> None:
    schema = warehouse.home.read_stage(table).schema
    assert list(schema.items()) == list(columns.items())


def test_stage_files_are_sorted_so_that_equal_input_gives_equal_bytes(
    warehouse: Warehouse,
) -> None:
    keys = warehouse.home.read_stage("int_contacts_unioned")["source_record_key"]
    assert keys.is_sorted()


def test_every_kind_of_person_is_unioned(warehouse: Warehouse) -> None:
    contacts = warehouse.home.read_stage("int_contacts_unioned")
    assert {
        (source, table): count
        for source, table, count in contacts.group_by("source_name", "source_object")
        .len()
        .iter_rows()
    } == {
        ("salesforce", "contact"): 2,
        ("salesforce", "lead"): 1,
        ("hubspot", "contacts"): 3,
        ("shop", "contacts"): 1,
        ("shop", "buyers"): 2,
    }


def test_a_person_points_to_the_company_the_source_names(warehouse: Warehouse) -> None:
    contacts = warehouse.home.read_stage("int_contacts_unioned")
    accounts = dict(
        contacts.select("source_record_key", "account_source_record_key").iter_rows()
    )
    assert accounts["salesforce:contact:003JANE"] == "salesforce:account:001ACMEOLD"
    assert accounts["salesforce:lead:00QJANE"] == "salesforce:account:001ACME"
    assert accounts["hubspot:contacts:11"] == "hubspot:companies:1"
    assert accounts["shop:contacts:p1"] == "shop:companies:c1"
    assert accounts[buyer_key("jane@acme.example")] == company_key("Acme")
    assert accounts[buyer_key("carl@home.example")] is None


def test_deleted_and_merged_records_are_kept_and_flagged(warehouse: Warehouse) -> None:
    accounts = warehouse.home.read_stage("int_accounts_unioned")
    loser = accounts.row(
        by_predicate=pl.col("source_record_id") == "001ACMEOLD", named=True
    )
    assert loser["is_deleted"] is True
    assert loser["delete_kind"] == "merged"
    assert loser["merged_into_key"] == "salesforce:account:001ACME"


def test_an_empty_table_of_links_has_no_row_at_all(warehouse: Warehouse) -> None:
    links = warehouse.home.read_stage("int_contact_links")
    assert links.null_count()["source_record_key_l"].item() == 0


def test_links_are_what_the_systems_of_record_say(warehouse: Warehouse) -> None:
    links = warehouse.home.read_stage("int_contact_links")
    assert links.select(pl.exclude("evidence_at")).rows() == [
        ("hubspot:contacts:11", "hubspot:contacts:12", "crm_merge"),
        ("hubspot:contacts:11", "salesforce:contact:003JANE", "sync_id"),
        ("salesforce:contact:003BAD", "salesforce:contact:003JANE", "crm_duplicate"),
        ("salesforce:contact:003BAD", "salesforce:lead:00QJANE", "crm_duplicate"),
        ("salesforce:contact:003JANE", "salesforce:lead:00QJANE", "lead_conversion"),
    ]


def test_unreadable_values_are_counted_by_column_and_never_shown(
    warehouse: Warehouse,
) -> None:
    failures = warehouse.query(
        "select source_record_key, column_name from intermediate.int_cast_failures order by 1"
    )
    assert failures.rows() == [
        ("salesforce:account:001BETA", "annualrevenue"),
        ("shop:orders:o6", "order_date"),
    ]
    assert "WARN 2 is_empty_int_cast_failures" in warehouse.first_pass
    assert "sometime" not in warehouse.first_pass
