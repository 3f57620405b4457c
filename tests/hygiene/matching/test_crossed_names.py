"""A word in the other name field: evidence of a swap needs both words."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from hygiene.matching.contacts import CONTACTS
from hygiene.matching.features import build_features
from hygiene.matching.settings import MatchSettings
from hygiene.matching.vectors import compare_pairs
from tests.hygiene.matching.people import contact, write_contacts

Name = tuple[str, str]


def answers(folder: Path, one: Name, other: Name) -> list[str]:
    """Compare two names; return the level of the first name and of the surname."""
    records = [contact(f"x:contact:{n}", *name) for n, name in enumerate((one, other))]
    with duckdb.connect() as connection:
        build_features(
            connection, write_contacts(folder, records), CONTACTS, MatchSettings()
        )
        connection.execute(
            "CREATE TABLE pairs AS SELECT 0 AS unique_id_l, 1 AS unique_id_r, "
            "0 AS found_by, 0 AS match_key"
        )
        compare_pairs(connection, CONTACTS, "pairs", "vectors")
        row = connection.execute(
            "SELECT gamma_given_name, gamma_family_name FROM vectors"
        ).fetchone()
    assert row is not None
    levels = (
        CONTACTS.comparison(name).levels for name in ("given_name", "family_name")
    )
    return [known[-1 - value].name for known, value in zip(levels, row, strict=True)]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("jon", "smith"), ("smith", "jon"), ["swapped", "swapped"]),
        (("jon", "smith"), ("smith", "john"), ["crossed", "crossed"]),
        (("smith", "jhon"), ("john", "smith"), ["crossed", "crossed"]),
        (("gerard", "georges"), ("georges", "masse"), ["otherwise", "crossed"]),
        (("georges", "masse"), ("gerard", "georges"), ["otherwise", "crossed"]),
        (("r", "h"), ("h", "r"), ["otherwise", "otherwise"]),
        (("e", "hamann"), ("hamann", "e"), ["swapped", "swapped"]),
    ],
)
def test_one_crossed_word_counts_once(
    tmp_path: Path, one: Name, other: Name, expected: list[str]
) -> None:
    assert answers(tmp_path, one, other) == expected
