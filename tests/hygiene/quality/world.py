"""A tiny warehouse for rules about records: every rule has a good and a bad record."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from hygiene.quality import RecordChecks, RecordRule, check_records, record_rules

AS_OF = date(2026, 1, 15)

_TABLES = {
    "standardised_contacts": (
        "source_record_key varchar, source_name varchar, source_type varchar, "
        "source_object varchar, account_source_record_key varchar, owner_name varchar, "
        "lead_source varchar, email varchar, email_std varchar, email_status varchar, "
        "email_domain varchar, is_free_email boolean, is_disposable_email boolean, "
        "email_match varchar, is_role_email boolean, given_name_group varchar, "
        "family_name_match varchar, mobile_phone_e164 varchar, "
        "domain_std varchar, company_name_match varchar, "
        "full_name_std varchar, phone_e164 varchar, country_code varchar, "
        "country_status varchar, is_test_record boolean, is_deleted boolean, "
        "created_at timestamp, modified_at timestamp, _source_file varchar"
    ),
    "standardised_accounts": (
        "source_record_key varchar, source_name varchar, source_type varchar, "
        "source_object varchar, owner_name varchar, account_name_match varchar, "
        "domain_std varchar, domain_status varchar, country_code varchar, "
        "is_deleted boolean, merged_into_key varchar, _source_file varchar"
    ),
    "contact_clusters": "source_record_key varchar, golden_contact_id varchar",
    "account_clusters": "source_record_key varchar, golden_account_id varchar",
    "contact_links": (
        "source_record_key_l varchar, source_record_key_r varchar, evidence varchar"
    ),
    "account_links": (
        "source_record_key_l varchar, source_record_key_r varchar, evidence varchar"
    ),
    "opportunities_unioned": (
        "source_record_key varchar, source_name varchar, source_type varchar, "
        "source_object varchar, source_record_id varchar, "
        "account_source_record_key varchar, owner_source_record_key varchar, "
        "lead_source varchar, synced_salesforce_opportunity_id varchar, "
        "currency_code varchar, status varchar, amount decimal(18,2), "
        "probability_pct decimal(20,4), close_date date, created_at timestamp, "
        "modified_at timestamp, is_deleted boolean"
    ),
    "users_unioned": "source_record_key varchar, user_name varchar",
    "fct_opportunities": (
        "opportunity_id varchar, golden_account_id varchar, status varchar, "
        "amount_reporting decimal(18,2), is_counted boolean"
    ),
    "fct_revenue_events": (
        "golden_account_id varchar, amount_reporting decimal(18,2), is_counted boolean, "
        "event_date date"
    ),
    "dim_contacts": (
        "golden_contact_id varchar, golden_account_id varchar, email varchar, "
        "owner_name varchar, lead_source varchar, is_deleted boolean, "
        "has_email_opt_out boolean"
    ),
    "dim_accounts": (
        "golden_account_id varchar, owner_name varchar, country_code varchar, "
        "industry varchar"
    ),
    "dim_customers": (
        "customer_id varchar, golden_account_id varchar, golden_contact_id varchar, "
        "country_code varchar, is_customer boolean"
    ),
    "bridge_opportunity_source_records": (
        "source_record_key varchar, opportunity_id varchar"
    ),
}


def at(day: str) -> datetime:
    return datetime.fromisoformat(day)


_CRM = {"source_name": "crm", "source_type": "salesforce"}
_HUB = {"source_name": "hub", "source_type": "hubspot"}
_PERSON = {
    "source_object": "contact",
    "email_status": "valid",
    "country_status": "valid",
    "country_code": "DE",
    "lead_source": "Web",
    "owner_name": "Ann",
    "modified_at": at("2026-01-01"),
}
_DEAL = {
    **_CRM,
    "source_object": "opportunity",
    "account_source_record_key": "crm:account:1",
    "owner_source_record_key": "crm:user:1",
    "currency_code": "EUR",
    "status": "open",
    "amount": 100,
    "probability_pct": 50,
    "close_date": date(2026, 3, 1),
    "created_at": at("2026-01-02"),
    "modified_at": at("2026-01-10"),
}
ROWS: dict[str, list[dict[str, Any]]] = {
    "standardised_contacts": [
        {
            **_PERSON, **_CRM, "source_record_key": "crm:contact:1",
            "account_source_record_key": "crm:account:1", "email_std": "a@acme.de",
            "email_domain": "acme.de", "full_name_std": "Ada A",
            "given_name_group": "ada", "family_name_match": "ahl",
            "email_match": "a@acme.de",
        },
        {
            **_PERSON, **_CRM, "source_record_key": "crm:contact:2",
            "account_source_record_key": "crm:account:2", "email_std": "b@other.de",
            "email_domain": "other.de", "lead_source": "Import",
            "phone_e164": "+49301234567", "given_name_group": "bo",
            "family_name_match": "berg", "email_match": "info@acme.de",
            "is_role_email": True,
        },
        {
            **_PERSON, **_CRM, "source_record_key": "crm:contact:3",
            "email_status": "missing", "country_status": "invalid",
            "country_code": None, "lead_source": "Import", "owner_name": "",
            "modified_at": at("2020-01-01"), "is_test_record": True,
        },
        {
            **_PERSON, **_CRM, "source_record_key": "crm:contact:4",
            "email_std": "a2@acme.de", "email_domain": "acme.de",
            "mobile_phone_e164": "+49301234567", "given_name_group": "ada",
            "family_name_match": "ahl", "email_match": "a@acme.de",
        },
        {
            **_PERSON, **_CRM, "source_record_key": "crm:contact:5", "is_deleted": True,
            "email_status": "missing",
        },
        {
            **_PERSON, **_HUB, "source_record_key": "hub:contacts:1",
            "source_object": "contacts", "email_std": "a@acme.de",
            "email_domain": "acme.de", "owner_name": "Bob", "full_name_std": "Ada A",
        },
    ],
    "standardised_accounts": [
        {**_CRM, "source_object": "account", "source_record_key": "crm:account:1",
         "domain_std": "acme.de", "domain_status": "valid"},
        {**_CRM, "source_object": "account", "source_record_key": "crm:account:2",
         "domain_std": "bolt.de", "domain_status": "valid", "is_deleted": True},
    ],
    "contact_clusters": [
        {"source_record_key": "crm:contact:1", "golden_contact_id": "gc_1"},
        {"source_record_key": "crm:contact:2", "golden_contact_id": "gc_2"},
        {"source_record_key": "crm:contact:3", "golden_contact_id": "gc_3"},
        {"source_record_key": "crm:contact:4", "golden_contact_id": "gc_1"},
        {"source_record_key": "crm:contact:5", "golden_contact_id": "gc_5"},
        {"source_record_key": "hub:contacts:1", "golden_contact_id": "gc_1"},
    ],
    "account_clusters": [
        {"source_record_key": "crm:account:1", "golden_account_id": "ga_1"},
        {"source_record_key": "crm:account:2", "golden_account_id": "ga_2"},
    ],
    "contact_links": [
        {"source_record_key_l": "crm:contact:1", "source_record_key_r": "hub:contacts:1",
         "evidence": "sync_id"},
    ],
    "opportunities_unioned": [
        {**_DEAL, "source_record_key": "crm:opportunity:1", "source_record_id": "1"},
        {
            **_DEAL, "source_record_key": "crm:opportunity:2", "source_record_id": "2",
            "status": "won", "amount": None, "probability_pct": 60,
            "close_date": date(2025, 12, 1),
        },
        {
            **_DEAL, "source_record_key": "crm:opportunity:3", "source_record_id": "3",
            "account_source_record_key": "crm:account:2", "amount": 700,
            "close_date": date(2026, 1, 10), "modified_at": at("2025-06-01"),
            "created_at": at("2025-05-01"),
        },
        {
            **_DEAL, **_HUB, "source_record_key": "hub:deals:1", "source_record_id": "9",
            "source_object": "deals", "synced_salesforce_opportunity_id": "1",
            "amount": 120,
        },
    ],
    "users_unioned": [{"source_record_key": "crm:user:1", "user_name": "Ann"}],
    "fct_opportunities": [
        {"opportunity_id": "op_1", "golden_account_id": "ga_1", "status": "open",
         "amount_reporting": 100, "is_counted": True},
        {"opportunity_id": "op_2", "golden_account_id": "ga_1", "status": "won"},
        {"opportunity_id": "op_3", "golden_account_id": "ga_2", "status": "open",
         "amount_reporting": 700, "is_counted": True},
    ],
    "fct_revenue_events": [
        {"golden_account_id": "ga_2", "amount_reporting": 5000, "is_counted": True,
         "event_date": date(2025, 9, 1)},
        {"golden_account_id": "ga_2", "amount_reporting": 9999, "is_counted": True,
         "event_date": date(2020, 9, 1)},
    ],
    "dim_contacts": [
        {"golden_contact_id": "gc_1", "golden_account_id": "ga_1", "email": "a@acme.de"},
        {"golden_contact_id": "gc_2", "golden_account_id": "ga_2", "email": "b@other.de",
         "has_email_opt_out": True},
        {"golden_contact_id": "gc_3"},
        {"golden_contact_id": "gc_5", "is_deleted": True},
    ],
    "dim_accounts": [
        {"golden_account_id": "ga_1", "country_code": "DE", "industry": "Steel"},
        {"golden_account_id": "ga_2", "industry": None},
    ],
    "dim_customers": [
        {"customer_id": "ga_2", "golden_account_id": "ga_2", "is_customer": True},
    ],
    "bridge_opportunity_source_records": [
        {"source_record_key": "crm:opportunity:1", "opportunity_id": "op_1"},
        {"source_record_key": "hub:deals:1", "opportunity_id": "op_1"},
        {"source_record_key": "crm:opportunity:2", "opportunity_id": "op_2"},
        {"source_record_key": "crm:opportunity:3", "opportunity_id": "op_3"},
    ],
}  # fmt: skip


def build(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Make the tables; return their relations by name."""
    connection.execute("attach ':memory:' as w")
    for table, columns in _TABLES.items():
        connection.execute(f"create table w.{table} ({columns})")
        for row in ROWS.get(table, []):
            names = ", ".join(row)
            marks = ", ".join("?" * len(row))
            connection.execute(
                f"insert into w.{table} ({names}) values ({marks})", list(row.values())
            )
    return {table: f"w.{table}" for table in _TABLES}


def check(out: Path, *rules: RecordRule) -> RecordChecks:
    """Check the shipped rules, or the given ones, on the tiny warehouse."""
    with duckdb.connect(":memory:") as connection:
        tables = build(connection)
        return check_records(
            connection,
            rules or record_rules(),
            tables=tables,
            as_of=AS_OF,
            defects_out=out / "defects.parquet",
        )
