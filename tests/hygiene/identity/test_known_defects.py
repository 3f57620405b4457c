"""Mistakes that published identity resolution has made, each held off by a test.

Ids made of the records of a cluster or of its smallest key change when a record joins;
ids made of a name change when the name does; matching without closure leaves one
customer in two; equal names alone make two people one; and one value shared by thousands
needs a limit that nobody has to set by hand.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hygiene.matching import MatchReport, MatchSettings, link
from tests.hygiene.identity.world import World
from tests.hygiene.matching.people import (
    clusters_of,
    contact,
    crowd,
    write_contacts,
    write_links,
)


def matched(
    folder: Path, records: list[dict[str, Any]], training: str = "never"
) -> tuple[dict[str, frozenset[str]], pl.DataFrame, MatchReport]:
    report = link(
        write_contacts(folder, records),
        write_links(folder),
        None,
        folder / "edges.parquet",
        entity="contact",
        settings=MatchSettings(training=training),  # type: ignore[arg-type]
    )
    edges = pl.read_parquet(folder / "edges.parquet")
    keys = [record["source_record_key"] for record in records]
    return clusters_of(edges, keys), edges, report


def _made_up_name(number: int, part: str) -> str:
    digits = hashlib.sha256(f"{part}{number}".encode()).digest()
    return "".join("bdfgklmnprst"[a % 12] + "aeiou"[a // 12 % 5] for a in digits[:4])


@pytest.mark.parametrize("newcomer", ["0", "m1", "zz"])
def test_a_record_that_joins_never_changes_the_id(
    tmp_path: Path, newcomer: str
) -> None:
    """Neither a hash over the members nor their smallest key names a cluster."""
    world = World(tmp_path)
    before = world.run({"m": 1, "n": 1})
    after = world.run({"m": 1, "n": 1, newcomer: 1})
    assert set(after.values()) == set(before.values())


@pytest.mark.parametrize("leaver", ["m", "n", "o"])
def test_a_record_that_leaves_never_changes_the_id(tmp_path: Path, leaver: str) -> None:
    world = World(tmp_path)
    groups = {"m": 1, "n": 1, "o": 1}
    before = world.run(groups)
    after = world.run({key: 1 for key in groups if key != leaver})
    assert set(after.values()) == set(before.values())


def test_an_id_does_not_depend_on_anything_that_can_be_renamed(tmp_path: Path) -> None:
    """`identify` never sees a name: only keys, pairs and times."""
    one, other = World(tmp_path / "one", "account"), World(tmp_path / "two", "account")
    assert one.run({"a": 1, "b": 1}) == other.run({"a": 5, "b": 5})


def test_identity_is_transitive(tmp_path: Path) -> None:
    """A is B and B is C: one id, although A and C were never paired."""
    ids = World(tmp_path).run({"a": 1, "b": 1, "c": 1, "d": 2})
    assert ids["a"] == ids["b"] == ids["c"] != ids["d"]


def test_two_people_with_one_name_stay_two(tmp_path: Path) -> None:
    people = [
        contact(
            "x:contact:1",
            "john",
            "smith",
            email="jsmith77@acme.com",
            mobile="+491511111111",
            company="acme",
            city="berlin",
        ),
        contact(
            "x:contact:2",
            "john",
            "smith",
            email="j.s.1961@other.org",
            mobile="+447700900123",
            company="other",
            city="leeds",
        ),
    ]
    # The name is common: a dozen more bear it, each somewhere else.
    people += [
        contact(
            f"y:contact:{n}", "john", "smith", city=f"place{n}", company=f"firm {n}"
        )
        for n in range(12)
    ]
    found, _, _ = matched(tmp_path, people + crowd(60))
    assert found["x:contact:1"] == {"x:contact:1"}
    assert found["x:contact:2"] == {"x:contact:2"}


def test_thousands_of_identical_identifiers_are_contained_by_themselves(
    tmp_path: Path,
) -> None:
    """One mailbox in 3,000 records would be 4.5 million pairs; nobody sets a limit."""
    people = [
        contact(
            f"x:contact:{number:04d}",
            _made_up_name(number, "given"),
            _made_up_name(number, "family"),
            email="info@portal.example",
            phone="+4930000000",
        )
        for number in range(3_000)
    ]
    began = time.process_time()
    found, _, report = matched(tmp_path, people)
    assert report.candidate_pairs < 60_000
    assert max(len(members) for members in found.values()) == 1
    assert {item.column for item in report.shared_identifiers} >= {"email", "phone"}
    assert time.process_time() - began < 60


def test_matching_without_settings_gives_the_same_edges_every_time(
    tmp_path: Path,
) -> None:
    """Training included: neither hash seeds, threads nor row order show."""
    people = crowd(350)
    people += [
        {**record, "source_record_key": record["source_record_key"] + "b"}
        for record in people[:200]
    ]
    _, one, first = matched(tmp_path / "one", people, "always")
    _, two, second = matched(tmp_path / "two", people[::-1], "always")
    assert first.model_source == second.model_source == "trained"
    assert_frame_equal(one, two, check_exact=False, abs_tol=1e-6)
