"""Small unioned tables, as dbt writes them, for the tests of this folder."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

EXTRACTED_AT = datetime.fromisoformat("2026-01-15T06:00")

_COMMON: dict[str, pl.DataType] = {
    "source_record_key": pl.String(), "source_name": pl.String(),
    "source_type": pl.String(), "source_object": pl.String(),
    "source_record_id": pl.String(),
}  # fmt: skip
_METADATA: dict[str, pl.DataType] = {
    "owner_source_id": pl.String(), "owner_name": pl.String(), "is_deleted": pl.Boolean(),
    "delete_kind": pl.String(), "merged_into_key": pl.String(),
    "created_at": pl.Datetime("us"), "modified_at": pl.Datetime("us"),
    "_load_id": pl.String(), "_extracted_at": pl.Datetime("us"), "_row_hash": pl.String(),
    "_source_file": pl.String(), "_source_line": pl.Int64(),
}  # fmt: skip
CONTACT_COLUMNS: dict[str, pl.DataType] = {
    **_COMMON,
    **dict.fromkeys(
        (
            "account_source_record_key", "full_name", "salutation", "first_name",
            "middle_name", "last_name", "suffix", "email", "additional_emails", "phone",
            "mobile_phone", "job_title", "company_name", "website", "street", "city",
            "state", "postal_code", "country", "birth_date", "lead_source",
            "lifecycle_stage", "lead_status",
        ),
        pl.String(),
    ),
    "email_opt_out": pl.Boolean(), "do_not_call": pl.Boolean(),
    "is_converted": pl.Boolean(), **_METADATA,
}  # fmt: skip
ACCOUNT_COLUMNS: dict[str, pl.DataType] = {
    **_COMMON,
    **dict.fromkeys(
        (
            "parent_source_record_key", "account_name", "domain", "website", "phone",
            "street", "city", "state", "postal_code", "country", "industry",
        ),
        pl.String(),
    ),
    "employee_count": pl.Int64(), "annual_revenue": pl.Decimal(18, 2),
    "account_type": pl.String(), **_METADATA,
}  # fmt: skip


def _row(number: int, object_name: str, values: dict[str, Any]) -> dict[str, Any]:
    return {
        "source_record_key": f"crm:{object_name}:{number:04d}",
        "source_name": "crm",
        "source_type": "salesforce",
        "source_object": object_name,
        "source_record_id": f"{number:04d}",
        "is_deleted": False,
        "_load_id": "20260115T060000000000Z-00000000",
        "_extracted_at": EXTRACTED_AT,
        "_row_hash": f"hash-{number}",
        "_source_file": "Contact.csv",
        "_source_line": number + 2,
        **values,
    }


def write_contacts(path: Path, rows: list[dict[str, Any]]) -> Path:
    frame = pl.DataFrame(
        [_row(number, "contact", row) for number, row in enumerate(rows)],
        schema=CONTACT_COLUMNS,
    )
    frame.write_parquet(path)
    return path


def write_accounts(path: Path, rows: list[dict[str, Any]]) -> Path:
    frame = pl.DataFrame(
        [_row(number, "account", row) for number, row in enumerate(rows)],
        schema=ACCOUNT_COLUMNS,
    )
    frame.write_parquet(path)
    return path


PEOPLE: list[dict[str, Any]] = [
    {
        "first_name": "JOHN", "last_name": "O'BRIEN", "email": "John.OBrien@Acme.com",
        "phone": "(415) 555-2671 x12", "country": "USA", "company_name": "The Acme Inc.",
        "website": "https://www.acme.com/x", "city": "SAN FRANCISCO", "state": "California",
        "postal_code": "94107", "job_title": "vp of sales", "birth_date": "1980-01-31",
    },
    {"full_name": "Müller, Jürgen", "email": "info@firma.de", "phone": "030 12345678",
     "country": "Deutschland", "postal_code": "1067"},
    {"first_name": "Test", "last_name": "Test", "email": "test@example.com"},
    {"first_name": "Ann", "last_name": "Lee", "email": "ann@gmail.com", "website": None},
    {"first_name": None, "last_name": "N/A", "email": "none@none.com", "phone": "000-0000",
     "owner_name": "Rita RevOps"},
    {"full_name": "李明", "mobile_phone": "+86 138 1234 5670"},
    {"full_name": "Deleted Person", "is_deleted": True, "delete_kind": "soft"},
]  # fmt: skip
