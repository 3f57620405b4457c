"""The fingerprint of a record: whether what a steward looked at is still what it was.

What belongs here: which columns say who a record is, and the hash over them. What does
not: rulings. Raw columns are hashed, so that a new version of the standardiser ends no
ruling; time stamps, owners and stages are left out, so that everyday work ends none.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import duckdb

from hygiene.parquet_exchange import quote_identifier, register_parquet

IDENTIFYING_COLUMNS: dict[str, tuple[str, ...]] = {
    "contact": (
        "full_name",
        "first_name",
        "middle_name",
        "last_name",
        "suffix",
        "email",
        "phone",
        "mobile_phone",
        "company_name",
        "website",
        "street",
        "city",
        "postal_code",
        "country",
        "birth_date",
    ),
    "account": (
        "account_name",
        "domain",
        "website",
        "phone",
        "street",
        "city",
        "postal_code",
        "country",
    ),
}
"""What a steward judges identity by; a change to any of them is news."""

_LENGTH = 16


def load_fingerprints(
    connection: duckdb.DuckDBPyConnection, standardised: Path, entity: str, *, task: str
) -> None:
    """Create the table `fingerprints` (source_record_key, fingerprint).

    Args:
        connection: An open connection; gets the view `records_file` as well.
        standardised: Parquet of standardised records.
        entity: contact or account.
        task: What is being done, for messages.

    Raises:
        InputError: If the file is missing or malformed.
    """
    columns = register_parquet(
        connection,
        "records_file",
        standardised,
        required=["source_record_key"],
        task=task,
    )
    connection.execute(
        "CREATE OR REPLACE TABLE fingerprints AS SELECT source_record_key, "
        f"{fingerprint_sql(entity, columns)} AS fingerprint FROM records_file"
    )


def fingerprint_sql(entity: str, columns: Collection[str]) -> str:
    """Build the expression of a record's fingerprint.

    Case and outer blanks make no difference, and a missing column equals an empty one.

    Args:
        entity: contact or account.
        columns: Columns that the table has.

    Returns:
        SQL: 16 hexadecimal digits of a SHA-256.
    """
    parts = [
        f"lower(trim(coalesce({quote_identifier(name)}::VARCHAR, '')))"
        if name in columns
        else "''"
        for name in IDENTIFYING_COLUMNS[entity]
    ]
    return f"substr(sha256({' || chr(31) || '.join(parts)}), 1, {_LENGTH})"
