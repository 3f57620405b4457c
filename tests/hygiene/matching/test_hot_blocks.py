"""Blocks that are too large: one customer is found in them, and namesakes stay apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from hygiene.matching import MatchReport, MatchSettings, link
from hygiene.matching.clustering import label_components
from tests.hygiene.matching.people import contact, crowd, write_contacts, write_links

MANY = 120
"""More than a blocking key may have."""


def _linked(
    folder: Path, records: list[dict[str, Any]], **settings: int
) -> tuple[MatchReport, dict[str, str]]:
    """Match records; per record the smallest key of its cluster."""
    report = link(
        write_contacts(folder, records),
        write_links(folder),
        None,
        folder / "edges.parquet",
        entity="contact",
        settings=MatchSettings(**settings),
    )
    edges = pl.read_parquet(folder / "edges.parquet").filter(decision="auto_match")
    keys = sorted(record["source_record_key"] for record in records)
    number = {key: position for position, key in enumerate(keys)}
    ends = [
        np.array([number[key] for key in edges[f"source_record_key_{side}"]], np.int64)
        for side in "lr"
    ]
    labels = label_components(len(keys), *ends)
    return report, {key: keys[labels[number[key]]] for key in keys}


def _agent(number: int) -> dict[str, Any]:
    """One person's records, as many calls logged; every value repeats in all of them."""
    return contact(
        f"log:contact:{number:03d}",
        "tobias",
        "wintermantel",
        email="tobias.wintermantel@firm.example",
        phone="+4930123456",
        company="firm",
        city="berlin" if number % 10 else None,
    )


def test_one_person_with_more_records_than_a_key_may_have_is_one(
    tmp_path: Path,
) -> None:
    report, cluster = _linked(tmp_path, crowd(40) + [_agent(n) for n in range(MANY)])
    assert {cluster[f"log:contact:{n:03d}"] for n in range(MANY)} == {"log:contact:000"}
    assert report.largest_cluster == MANY
    assert any(keys.blocking_rule_id == "email" for keys in report.hot_keys)
    assert any("pairs of neighbours were compared" in note for note in report.notes)


def test_namesakes_with_more_records_than_a_key_may_have_stay_apart(
    tmp_path: Path,
) -> None:
    namesakes = [
        contact(
            f"x:contact:{n:03d}",
            "maria",
            "schmidt",
            email=f"ms{n * 7919}@host{n}.example",
            company=f"works {n * 31}",
            city=f"town {n}",
        )
        for n in range(MANY)
    ]
    report, cluster = _linked(tmp_path, crowd(40) + namesakes)
    assert len({cluster[record["source_record_key"]] for record in namesakes}) == MANY
    assert any(keys.blocking_rule_id == "name" for keys in report.hot_keys)
    assert not any("neighbours" in note for note in report.notes)


@pytest.mark.parametrize("mailbox", [None, "a{n}@site{n}.example"])
def test_people_with_alike_names_and_nothing_in_common_stay_apart(
    tmp_path: Path, mailbox: str | None
) -> None:
    records = [
        contact(
            f"x:contact:{n}",
            "ann",
            f"archer{n}",
            email=mailbox.format(n=n) if mailbox else None,
        )
        for n in range(1_000, 1_000 + MANY)
    ]
    _, cluster = _linked(tmp_path, crowd(40) + records)
    assert len({cluster[f"x:contact:{n}"] for n in range(1_000, 1_000 + MANY)}) == MANY


def test_an_alike_name_with_a_phone_in_common_is_one_person(tmp_path: Path) -> None:
    records = [
        contact("x:contact:1", "maren", "wintermantel", phone="+4930123456"),
        contact("x:contact:2", "maren", "wintermantl", phone="+4930123456"),
    ]
    _, cluster = _linked(tmp_path, crowd(40) + records)
    assert cluster["x:contact:1"] == cluster["x:contact:2"]


def test_the_order_of_rows_does_not_change_which_neighbours_meet(
    tmp_path: Path,
) -> None:
    records = crowd(40) + [_agent(n) for n in range(MANY)]
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    _linked(first, records)
    _linked(second, records[::-1])
    assert pl.read_parquet(first / "edges.parquet").equals(
        pl.read_parquet(second / "edges.parquet")
    )


def test_a_person_with_more_records_than_a_component_may_have_is_whole(
    tmp_path: Path,
) -> None:
    report, cluster = _linked(
        tmp_path, crowd(40) + [_agent(n) for n in range(MANY)], max_component_size=15
    )
    assert report.split_components == 1
    assert {cluster[f"log:contact:{n:03d}"] for n in range(MANY)} == {"log:contact:000"}


def test_two_people_in_one_component_that_is_too_large_stay_two(tmp_path: Path) -> None:
    twins = [
        contact(
            f"{given}:contact:{n:03d}",
            given,
            "wintermantel",
            email=f"{given}.wintermantel@firm.example",
            phone="+4930123456",
            company="firm",
        )
        for given in ("tobias", "sabine")
        for n in range(30)
    ]
    _, cluster = _linked(tmp_path, crowd(40) + twins, max_component_size=10)
    found = {cluster[record["source_record_key"]] for record in twins}
    assert found == {"sabine:contact:000", "tobias:contact:000"}
