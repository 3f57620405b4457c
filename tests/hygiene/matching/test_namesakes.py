"""What a whole name can say is limited by how many people have it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from hygiene.matching import MatchSettings, link
from hygiene.matching.contacts import CONTACTS
from hygiene.matching.explaining import explain_pairs
from hygiene.matching.features import build_features
from tests.hygiene.matching.people import (
    clusters_of,
    contact,
    crowd,
    write_contacts,
    write_links,
)

NEVER = MatchSettings(training="never")  # type: ignore[arg-type]


def handle(number: int, *, alike: bool) -> str:
    return "hexmuc" + chr(97 + number) if alike else f"kk{number}x{number * 37}"


def namesakes(count: int, *, alike: bool = False) -> list[dict[str, Any]]:
    """People of one whole name, rare in its words, who share nothing else."""
    return [
        contact(
            f"same:contact:{number:02d}",
            "kazuya",
            "kimura",
            email=f"{handle(number, alike=alike)}@firm{number}.jp",
            company=f"company number {number}",
        )
        for number in range(count)
    ]


def one_person(count: int) -> list[dict[str, Any]]:
    """Several records of one person, with one mailbox and phone."""
    return [
        contact(
            f"one:contact:{number:02d}",
            "wilhelmina",
            "quackenbush",
            email="w.quackenbush77@home.net" if number else None,
            mobile="+491709999999" if number % 2 == 0 else None,
        )
        for number in range(count)
    ]


def rarities(folder: Path, records: list[dict[str, Any]]) -> dict[str, float]:
    with duckdb.connect() as connection:
        build_features(
            connection, write_contacts(folder, records), CONTACTS, MatchSettings()
        )
        return dict(
            connection.sql(
                "SELECT source_record_key, rarity_whole_name FROM features "
                "INNER JOIN namesake_rarity USING (unique_id)"
            ).fetchall()
        )


def edges_of(folder: Path, records: list[dict[str, Any]]) -> pl.DataFrame:
    link(
        write_contacts(folder, records),
        write_links(folder),
        None,
        folder / "edges.parquet",
        entity="contact",
        settings=NEVER,
    )
    return pl.read_parquet(folder / "edges.parquet")


def test_the_limit_is_the_chance_of_meeting_a_stranger_of_the_name(
    tmp_path: Path,
) -> None:
    found = rarities(tmp_path, [*namesakes(12), *crowd(200)])
    assert set(found) == {f"same:contact:{number:02d}" for number in range(12)}
    # No witness agrees: 66 pairs with two mailboxes, two pairs in doubt.
    share = 2 / (66 * 0.5 + 2)
    expected = -math.log2((1 - share) * 11 / 212)
    assert list(found.values()) == pytest.approx([expected] * 12, abs=1e-4)


def test_a_name_whose_records_share_a_mailbox_has_no_limit(tmp_path: Path) -> None:
    assert rarities(tmp_path, [*one_person(6), *crowd(100)]) == {}


def test_a_name_about_which_nothing_is_known_has_no_limit(tmp_path: Path) -> None:
    bare = [contact(f"b:contact:{n}", "kazuya", "kimura") for n in range(6)]
    assert rarities(tmp_path, [*bare, *crowd(100)]) == {}


@pytest.mark.parametrize("alike", [False, True])
def test_namesakes_are_not_chained_and_one_person_is_still_found(
    tmp_path: Path, *, alike: bool
) -> None:
    records = [*namesakes(12, alike=alike), *one_person(6), *crowd(200)]
    keys = [record["source_record_key"] for record in records]
    clusters = clusters_of(edges_of(tmp_path, records), keys)
    assert {len(clusters[key]) for key in keys if key.startswith("same")} == {1}
    assert {len(clusters[key]) for key in keys if key.startswith("one")} == {6}


def test_the_fields_of_an_explanation_add_up_to_the_weight(tmp_path: Path) -> None:
    records = [*namesakes(12), *crowd(100)]
    edges = edges_of(tmp_path, records)
    pair = ("same:contact:00", "same:contact:01")
    row = edges.filter(
        (pl.col("source_record_key_l") == pair[0])
        & (pl.col("source_record_key_r") == pair[1])
    )
    (explained,) = explain_pairs(
        tmp_path / "standardised_contacts.parquet",
        tmp_path / "edges.parquet",
        [pair],
        entity="contact",
        settings=NEVER,
        model_dir=None,
        scratch=tmp_path,
    )
    assert explained.total == pytest.approx(row["match_weight"][0], abs=1e-3)
    family = next(f for f in explained.fields if f.comparison == "family_name")
    assert family.weight < family.own_weight


@pytest.mark.parametrize(
    ("one", "other", "is_close"),
    [
        ("jsmith7719@a.com", "jsmiht7719@b.com", True),
        ("jsmith7719@a.com", "jsmiht7718@b.com", True),
        ("barbara.cox37@a.com", "barbara.cox87@b.com", False),
        ("kazuya-kimura7719@a.com", "kazuya.kimura6625@b.com", False),
        ("rockstar@a.com", "rockstat@b.com", True),
    ],
)
def test_alike_handles_with_two_numbers_are_not_close(
    tmp_path: Path, one: str, other: str, *, is_close: bool
) -> None:
    edges = edges_of(
        tmp_path,
        [
            contact("a:contact:1", "he", "mu", email=one, city="x"),
            contact("a:contact:2", "he", "mu", email=other, city="x"),
            *crowd(30),
        ],
    )
    gamma = edges.filter(pl.col("source_record_key_l") == "a:contact:1")["gamma_email"]
    levels = [level.name for level in CONTACTS.comparison("email").levels]
    assert (levels[len(levels) - 1 - gamma[0]] == "close_handle") is is_close


def test_a_middle_name_that_all_namesakes_have_says_nothing(tmp_path: Path) -> None:
    def people(middle: list[str | None]) -> list[dict[str, Any]]:
        records = namesakes(len(middle))
        for record, name in zip(records, middle, strict=True):
            record["middle_name_std"] = name
        return records

    def further(folder: Path, records: list[dict[str, Any]]) -> dict[str, float]:
        folder.mkdir()
        with duckdb.connect() as connection:
            build_features(
                connection, write_contacts(folder, records), CONTACTS, MatchSettings()
            )
            return dict(
                connection.sql(
                    "SELECT source_record_key, rarity_further_name FROM features "
                    "INNER JOIN namesake_rarity USING (unique_id) "
                    "WHERE rarity_further_name IS NOT NULL"
                ).fetchall()
            )

    same = further(tmp_path / "same", [*people(["grein"] * 8), *crowd(50)])
    assert list(same.values()) == [0.0] * 8
    mixed = further(
        tmp_path / "mixed", [*people(["grein", "grein", *"abcdef"]), *crowd(50)]
    )
    # One of the seven others has it too, of whom a share is taken to be the same person.
    share = 2 / (28 * 0.5 + 2)
    expected = -math.log2((1 / 7 - share) / (1 - share))
    assert mixed["same:contact:00"] == pytest.approx(expected, abs=1e-3)
    assert mixed["same:contact:05"] > 15
    unknown = further(
        tmp_path / "unknown", [*people(["grein", "grein", *[None] * 6]), *crowd(50)]
    )
    assert unknown == {}, "two records say nothing about a name"


def test_a_middle_name_on_one_persons_records_counts_in_full(tmp_path: Path) -> None:
    records = one_person(6)
    for record in records:
        record["middle_name_std"] = "grein"
    with duckdb.connect() as connection:
        build_features(
            connection,
            write_contacts(tmp_path, [*records, *crowd(100)]),
            CONTACTS,
            MatchSettings(),
        )
        found = connection.sql("FROM namesake_rarity").fetchall()
    assert found == []
