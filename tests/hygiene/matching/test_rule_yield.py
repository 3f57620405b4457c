"""Blocking rules that find next to nothing in a table are left out of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from hygiene.matching.contacts import CONTACTS
from hygiene.matching.features import build_features
from hygiene.matching.rule_yield import find_candidates
from hygiene.matching.settings import MatchSettings
from tests.hygiene.matching.people import contact, write_contacts

POSTCODES = 20


def strangers() -> list[dict[str, Any]]:
    """Six hundred people in twenty postcodes: many share an initial, none a name."""
    letters = "bcdfghklmn"
    return [
        contact(
            f"x:contact:{n:03d}",
            letters[n % 3] + "a" + letters[n // 3 % 10] + letters[n // 30 % 10] + "o",
            letters[n // 7 % 10] + letters[n % 10] + letters[n // 60] + "is" + str(n),
            email=f"m{n}@host{n}.com",
            postcode=f"{10000 + n % POSTCODES}",
        )
        for n in range(600)
    ]


def copies(people: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same people again, without a mailbox: first names differ, postcodes agree."""
    return [
        {
            **record,
            "source_record_key": record["source_record_key"].replace("x:", "y:"),
            "email_match": None,
            "email_domain": None,
            "family_name_match": "x" + record["family_name_match"],
        }
        for record in people
    ]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def pairs_of(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    records: list[dict[str, Any]],
    few_pairs: int,
) -> tuple[set[str], int]:
    features = build_features(
        connection, write_contacts(folder, records), CONTACTS, MatchSettings()
    )
    left_out = find_candidates(
        connection, CONTACTS, records=features.records, few_pairs=few_pairs
    )
    (count,) = connection.sql("SELECT count(*) FROM candidates").fetchall()[0]
    return {rule.blocking_rule_id for rule in left_out}, int(count)


def test_a_rule_that_finds_strangers_only_is_left_out(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    left_out, pairs = pairs_of(connection, tmp_path, strangers(), 1)
    assert "postcode_family_initial" in left_out
    bit = next(
        1 << n
        for n, rule in enumerate(CONTACTS.blocking_rules)
        if rule.name == "postcode_family_initial"
    )
    (found,) = connection.sql(
        f"SELECT count(*) FROM candidates WHERE found_by & {bit} <> 0"
    ).fetchall()[0]
    assert found == 0
    assert pairs < 3000


def test_few_pairs_are_all_compared(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    left_out, pairs = pairs_of(connection, tmp_path, strangers(), 250_000)
    assert left_out == set()
    assert pairs > 3000


def test_a_rule_that_alone_finds_the_matches_stays(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    people = strangers()
    left_out, _ = pairs_of(connection, tmp_path, [*people, *copies(people)], 1)
    (missed,) = connection.sql(
        "SELECT count(*) FROM features AS l INNER JOIN features AS r "
        "ON 'x' || l.family = r.family AND l.given = r.given "
        "ANTI JOIN candidates ON candidates.unique_id_l = l.unique_id "
        "AND candidates.unique_id_r = r.unique_id"
    ).fetchall()[0]
    assert missed == 0, left_out


def test_a_rule_that_training_needs_is_never_left_out(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    records = [
        {**record, "birth_date_std": None, "given_name_match": "sam"}
        for record in strangers()
    ]
    left_out, _ = pairs_of(connection, tmp_path, records, 1)
    needed = {rule.block for rule in CONTACTS.training_rules}
    assert not left_out & needed
