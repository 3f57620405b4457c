"""Several times as many records as there are, with a truth that still holds.

What belongs here: copies of a standardised contact table, its links and its truth. What
does not: measuring (`identity.py`).

Every copy writes names, companies, mailboxes and addresses with another alphabet (each
letter moved by the number of the copy) and telephone numbers with other digits. Equal
values stay equal and alike ones alike, so a copy is as hard as the original; two copies
share nothing but job titles, birth dates and chance, like two sets of strangers.
"""

from __future__ import annotations

import string
from pathlib import Path

import duckdb

TEXTS = (
    "full_name",
    "full_name_std",
    "given_name_match",
    "given_name_group",
    "middle_name_std",
    "family_name_match",
    "email_match",
    "email_domain",
    "domain_std",
    "company_name_match",
    "street_std",
    "postal_code_std",
    "city_std",
)
NUMBERS = (
    "phone",
    "phone_e164",
    "mobile_phone",
    "mobile_phone_e164",
    "postal_code_std",
)


def multiply(
    standardised: Path, links: Path, truth: tuple[Path, str], copies: int, folder: Path
) -> tuple[Path, Path, Path]:
    """Write a table of several copies, and its links and truth.

    Args:
        standardised: Standardised contacts.
        links: Pairs that a system of record says are the same.
        truth: The true person of each record, and the column with it.
        copies: How many times as many records; the first copy is the original.
        folder: Where to write.

    Returns:
        Contacts, links and truth; the column of the truth keeps its name.
    """
    out = folder / "copied_contacts.parquet", folder / "links.parquet"
    known = folder / "known.parquet"
    with duckdb.connect() as connection:
        # Otherwise whole copies wait in memory for their turn.
        connection.execute("SET preserve_insertion_order = false")
        columns = [
            str(row[0])
            for row in connection.execute(
                f"DESCRIBE FROM read_parquet('{standardised}')"
            ).fetchall()
        ]
        tables: list[tuple[Path, Path, list[list[str]]]] = [
            (standardised, out[0], [_moved(columns, n) for n in range(copies)]),
            (
                links,
                out[1],
                [
                    [_tagged(f"source_record_key_{side}", n) for side in "lr"]
                    for n in range(copies)
                ],
            ),
            (
                truth[0],
                known,
                [
                    [_tagged(name, n) for name in ("source_record_key", truth[1])]
                    for n in range(copies)
                ],
            ),
        ]
        for source, target, copied in tables:
            union = " UNION ALL ".join(
                f"(SELECT * REPLACE ({', '.join(changes)}) "
                f"FROM read_parquet('{source}'))"
                for changes in copied
            )
            connection.execute(
                f"COPY ({union}) TO '{target}' (COMPRESSION zstd, ROW_GROUP_SIZE 100000)"
            )
    return out[0], out[1], known


def _tagged(column: str, copy: int) -> str:
    return f"'{copy}~' || {column} AS {column}"


def _moved(columns: list[str], copy: int) -> list[str]:
    """Return the columns of one copy that differ from the original."""
    if not copy:
        return [_tagged("source_record_key", copy)]
    letters, digits = string.ascii_lowercase, string.digits
    changed: dict[str, tuple[str, str]] = {}
    for names, alphabets in (
        (TEXTS, (letters, letters.upper())),
        # Leading zeros mean something, so zero stays zero.
        (NUMBERS, (digits[1:],)),
    ):
        for name in set(names) & set(columns):
            old, new = changed.get(name, ("", ""))
            for alphabet in alphabets:
                at = copy % len(alphabet)
                old, new = old + alphabet, new + alphabet[at:] + alphabet[:at]
            changed[name] = old, new
    return [
        _tagged("source_record_key", copy),
        *(
            f"translate({name}, '{old}', '{new}') AS {name}"
            for name, (old, new) in sorted(changed.items())
        ),
    ]
