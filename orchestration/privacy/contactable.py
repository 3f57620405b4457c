"""Do not contact: who is held back from a file that leaves.

Belongs here: the restriction that every export passes. A table that tells how to reach
people leaves without those who objected, and so does every row that mentions an address or
number of theirs, in whatever column; figures without addresses and numbers stay whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import duckdb

from orchestration.publishing import quote

_FLAGS: Final = {
    "email": "has_email_opt_out",
    "phone": "has_do_not_call",
    "any": "has_email_opt_out OR has_do_not_call",
}
_CHANNELS: Final = {
    "email": "channel IN ('email', 'any')",
    "phone": "channel IN ('phone', 'any')",
    "any": "true",
}
_PEOPLE: Final = "dim_contacts"
_REACHES: Final = ("email", "phone", "mobile")
_TEXT: Final = ("VARCHAR", "VARCHAR[]")
_PART: Final = r"""[^\s<>()\[\],;:"|/=]+"""
_MENTION: Final = rf"{_PART}@{_PART}|\+[0-9]{{7,15}}"
"""An address, or a number as standardising writes it."""


class Channel(StrEnum):
    """What an export is for."""

    ANY = "any"
    """Whoever objected to anything is held back."""
    EMAIL = "email"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class _Objectors:
    """Queries: ids of who objected, and what they are reached by."""

    ids: str
    mentions: str


def contactable_only(
    channel: Channel, published: Path
) -> Callable[[str, Mapping[str, str]], str | None]:
    """Make the restriction of one export.

    Args:
        channel: What the people in it are to be reached by.
        published: The file that is exported; one without contacts restricts nothing.

    Returns:
        From a table and its columns with their types to the condition that its rows
        must meet.
    """
    objectors = _objectors(channel, published)

    def restriction(table: str, columns: Mapping[str, str]) -> str | None:
        if objectors is None:
            return None
        tests = []
        if any(map(_reaches, columns)):
            tests += [
                f"coalesce({quote(column)} NOT IN ({objectors.ids}), true)"
                for column in (
                    "golden_contact_id", "golden_id", "customer_id", "primary_contact_id"
                )
                if column in columns
            ]  # fmt: skip
            tests += [
                f"coalesce(lower({quote(column)}) NOT IN ({objectors.mentions}), true)"
                for column, kind in columns.items()
                if _reaches(column) and kind == "VARCHAR"
            ]
        text = [
            column
            for column, kind in columns.items()
            if kind in _TEXT and not column.startswith("owner_")
            if not column.endswith(("_id", "_ids", "_key"))
        ]
        if text:
            tests.append(_mentions_nobody(table, columns, text, objectors))
        return " AND ".join(tests) or None

    return restriction


def _mentions_nobody(
    table: str, columns: Mapping[str, str], text: list[str], objectors: _Objectors
) -> str:
    """No address or number of an objector stands in the text of a row."""
    told = ", ".join(
        quote(column)
        if columns[column] == "VARCHAR"
        else f"array_to_string({quote(column)}, ' ')"
        for column in text
    )
    return (
        "rowid NOT IN (SELECT seen FROM ("
        f"SELECT seen, unnest(regexp_extract_all(told, '{_MENTION}')) AS found FROM ("
        f"SELECT rowid AS seen, lower(concat_ws(' ', {told})) AS told "
        f"FROM {quote(table)}) WHERE contains(told, '@') OR contains(told, '+')) "
        f"WHERE trim(found, '.''') IN ({objectors.mentions}))"
    )


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


def _objectors(channel: Channel, published: Path) -> _Objectors | None:
    if not published.is_file():
        return None
    with duckdb.connect(str(published), read_only=True) as reader:
        columns = set(
            reader.execute(
                "SELECT table_name, column_name FROM duckdb_columns() "
                "WHERE table_name IN "
                f"('{_PEOPLE}', 'contact_consent', 'contact_emails', 'contact_phones')"
            ).fetchall()
        )
    needed = ("golden_contact_id", "email", "has_email_opt_out", "has_do_not_call")
    if not {(_PEOPLE, name) for name in needed} <= columns:
        return None
    ids = (
        f"SELECT golden_contact_id FROM {_PEOPLE} "
        f"WHERE coalesce({_FLAGS[channel]}, false)"
    )
    if ("contact_consent", "channel") in columns:
        ids += (
            " UNION SELECT golden_contact_id FROM contact_consent "
            f"WHERE status = 'objected' AND {_CHANNELS[channel]}"
        )
    mentions = f"SELECT lower(email) FROM {_PEOPLE} WHERE golden_contact_id IN ({ids})"
    if ("contact_emails", "golden_contact_id") in columns:
        mentions += (
            " UNION SELECT lower(email) FROM contact_emails "
            f"WHERE golden_contact_id IN ({ids})"
        )
    if ("contact_phones", "golden_id") in columns:
        # A switchboard is not the objector's alone: colleagues keep their rows.
        mentions += (
            f" UNION (SELECT phone FROM contact_phones WHERE golden_id IN ({ids}) "
            "EXCEPT SELECT phone FROM contact_phones WHERE coalesce(golden_id NOT IN "
            f"({ids}), true))"
        )
    known = f"SELECT * FROM ({mentions}) AS known (mention) WHERE mention IS NOT NULL"
    return _Objectors(ids, known)
