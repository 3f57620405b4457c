"""Do not contact: who is held back from a file that leaves.

Belongs here: the restriction that every export passes. A table that tells how to reach
people leaves without those who objected; figures without addresses and numbers stay whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path

import duckdb

from orchestration.publishing import quote

_OBJECTED = {
    "email": "has_email_opt_out",
    "phone": "has_do_not_call",
    "any": "has_email_opt_out OR has_do_not_call",
}
_PEOPLE = "dim_contacts"
_REACHES = ("email", "phone", "mobile")


class Channel(StrEnum):
    """What an export is for."""

    ANY = "any"
    """Whoever objected to anything is held back."""
    EMAIL = "email"
    PHONE = "phone"


def contactable_only(
    channel: Channel, published: Path
) -> Callable[[str, Sequence[str]], str | None]:
    """Make the restriction of one export.

    Args:
        channel: What the people in it are to be reached by.
        published: The file that is exported; one without contacts restricts nothing.

    Returns:
        From a table and its columns to the condition that its rows must meet.
    """
    objected = _objected(channel, published)

    def restriction(_table: str, columns: Sequence[str]) -> str | None:
        if objected is None or not any(map(_reaches, columns)):
            return None
        tests = []
        for column, of in (
            ("golden_contact_id", "golden_contact_id"),
            ("golden_id", "golden_contact_id"),
            ("customer_id", "golden_contact_id"),
            ("primary_contact_id", "golden_contact_id"),
        ):
            if column in columns:
                tests.append((quote(column), of))
        tests += [
            (f"lower({quote(column)})", "lower(email)")
            for column in columns
            if _reaches(column) and "email" in column
        ]
        if not tests:
            return None
        return " AND ".join(
            f"coalesce({value} NOT IN (SELECT {of} FROM {_PEOPLE} "
            f"WHERE ({objected}) AND {of} IS NOT NULL), true)"
            for value, of in tests
        )

    return restriction


def _reaches(column: str) -> bool:
    """Whether a column tells an address or a number."""
    if column.startswith(("is_", "has_", "owner_")) or column.endswith(
        ("_domain", "_status", "_rule", "_type")
    ):
        return False
    return any(
        column == word or column.startswith(f"{word}_") or column.endswith(f"_{word}")
        for word in _REACHES
    )


def _objected(channel: Channel, published: Path) -> str | None:
    if not published.is_file():
        return None
    with duckdb.connect(str(published), read_only=True) as reader:
        rows = reader.execute(
            "SELECT column_name FROM duckdb_columns() WHERE table_name = ?", [_PEOPLE]
        ).fetchall()
    columns = {str(row[0]) for row in rows}
    needed = {"golden_contact_id", "email", "has_email_opt_out", "has_do_not_call"}
    return f"coalesce({_OBJECTED[channel]}, false)" if needed <= columns else None
