"""Golden ids: minted, carried, merged, split, retired and revived as promised."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl
import pytest

from hygiene.errors import InputError
from hygiene.identity import identify
from tests.hygiene.identity.world import START, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_an_id_is_the_hash_of_the_founding_record(world: World) -> None:
    ids = world.run({"b": 1, "a": 1, "c": 2})
    founder = hashlib.sha256(b"b").hexdigest()[:20]  # b was created first
    assert ids["a"] == ids["b"] == f"gc_{founder}"
    assert ids["c"] == "gc_" + hashlib.sha256(b"c").hexdigest()[:20]


def test_accounts_have_their_own_prefix(tmp_path: Path) -> None:
    assert World(tmp_path, "account").run({"a": 1})["a"].startswith("ga_")


def test_a_second_run_without_change_appends_nothing(world: World) -> None:
    first = world.run({"a": 1, "b": 1, "c": 2})
    events, runs = world.events(), world.runs()
    assert world.run({"a": 7, "b": 7, "c": 9}) == first
    assert world.last is not None
    assert not world.last.is_changed
    assert world.events().equals(events)
    assert world.runs().equals(runs)
    assert world.last.churn_rate == 0


def test_row_order_changes_nothing(tmp_path: Path) -> None:
    groups = {f"r{n}": n // 3 for n in range(30)}
    one, other = World(tmp_path / "one"), World(tmp_path / "other")
    other.created = dict.fromkeys(groups, START)
    one.created = dict.fromkeys(groups, START)
    assert one.run(groups) == other.run(groups, shuffle=4)


def test_the_id_with_most_records_survives_a_merge(world: World) -> None:
    before = world.run({"a": 1, "b": 2, "c": 2})
    after = world.run({"a": 1, "b": 1, "c": 1})
    assert set(after.values()) == {before["b"]}
    assert world.redirects() == {before["a"]: before["b"]}
    merged = world.events().filter(pl.col("event") == "merged")
    assert merged.select("golden_id", "related_golden_id", "record_count").rows() == [
        (before["a"], before["b"], 1)
    ]


def test_ties_go_to_the_older_id(world: World) -> None:
    old = world.run({"z": 1})["z"]
    world.run({"z": 1, "a": 2})
    assert set(world.run({"z": 1, "a": 1}).values()) == {old}


def test_the_largest_part_of_a_split_keeps_the_id(world: World) -> None:
    before = world.run({"a": 1, "b": 1, "c": 1})
    after = world.run({"a": 1, "b": 2, "c": 2})
    assert after["b"] == after["c"] == before["a"]
    assert after["a"] != before["a"]
    split = world.events().filter(pl.col("event") == "split")
    assert split.select("golden_id", "related_golden_id", "record_count").rows() == [
        (before["a"], after["a"], 1)
    ]
    assert world.redirects() == {}


def test_an_even_split_leaves_the_id_with_its_founder(world: World) -> None:
    before = world.run({"a": 1, "b": 1})
    after = world.run({"a": 1, "b": 2})
    assert after["a"] == before["a"]
    assert after["b"] != before["b"]


def test_a_founder_that_was_split_off_gets_a_new_id(world: World) -> None:
    """The hash of its key is taken for ever by the cluster that it founded."""
    before = world.run({"a": 1, "b": 1, "c": 1})
    after = world.run({"a": 1, "b": 2, "c": 2})
    assert after["a"] != before["a"]
    world.run({"b": 2, "c": 2})
    again = world.run({"a": 1, "b": 2, "c": 2})
    assert again == after


def test_redirect_chains_are_resolved_to_the_live_id(world: World) -> None:
    first = world.run({"a": 1, "b": 2, "c": 2, "d": 3, "e": 3, "f": 3})
    world.run({"a": 1, "b": 1, "c": 1, "d": 3, "e": 3, "f": 3, "g": 3})
    last = world.run(dict.fromkeys("abcdefg", 1))
    assert set(last.values()) == {first["d"]}
    assert world.redirects() == {first["a"]: first["d"], first["b"]: first["d"]}


def test_an_empty_cluster_is_retired_and_a_returning_record_revives_it(
    world: World,
) -> None:
    before = world.run({"a": 1, "b": 2})
    world.run({"b": 2})
    assert world.events()["event"].to_list()[-1] == "retired"
    assert world.run({"a": 1, "b": 2}) == before
    assert world.events()["event"].to_list()[-1] == "revived"


def test_a_record_returns_to_the_id_that_absorbed_its_own(world: World) -> None:
    world.run({"a": 1, "b": 2, "c": 2})
    joined = world.run({"a": 1, "b": 1, "c": 1})
    world.run({"b": 1, "c": 1})
    assert world.run({"a": 1, "b": 1, "c": 1}) == joined


def test_redirects_to_a_retired_id_are_not_published(world: World) -> None:
    world.run({"a": 1, "b": 2, "c": 2, "d": 3})
    world.run({"a": 1, "b": 1, "c": 1, "d": 3})
    assert len(world.redirects()) == 1
    world.run({"d": 3})
    assert world.redirects() == {}
    world.run({"a": 1, "b": 1, "c": 1, "d": 3})
    assert len(world.redirects()) == 1


def test_churn_counts_known_records_whose_id_changed(world: World) -> None:
    world.run({"a": 1, "b": 1, "c": 1, "d": 2})
    world.run({"a": 1, "b": 1, "c": 3, "d": 2, "new": 4})
    assert world.last is not None
    assert world.last.churn_rate == pytest.approx(1 / 4)


def test_later_records_never_change_what_an_empty_ledger_mints(world: World) -> None:
    kept = world.run({"a": 1})
    kept = world.run({"a": 1, "b": 1, "c": 2})
    kept = world.run({"a": 1, "b": 1, "c": 2, "d": 2, "e": 3})
    rebuilt = world.run({"a": 1, "b": 1, "c": 2, "d": 2, "e": 3}, ledger="empty")
    assert rebuilt == kept


def test_the_load_of_first_arrival_orders_founders_before_their_creation(
    tmp_path: Path,
) -> None:
    """A source that is added later may bring records that were created earlier."""
    folder = tmp_path
    schema = {"source_record_key_l": pl.String, "source_record_key_r": pl.String}
    pl.DataFrame(
        [("a", "b", "auto_match")],
        schema={**schema, "decision": pl.String},
        orient="row",
    ).write_parquet(folder / "edges.parquet")
    pl.DataFrame(
        {
            "source_record_key": ["a", "b"],
            "created_at": [START, START.replace(year=2020)],
            "_first_load_id": ["20260101T000000", "20260201T000000"],
        }
    ).write_parquet(folder / "standardised.parquet")
    identify(
        folder / "standardised.parquet",
        folder / "edges.parquet",
        folder / "ledger",
        folder / "clusters.parquet",
        folder / "events.parquet",
        folder / "redirects.parquet",
        entity="contact",
        run_id="run",
        occurred_at=START,
    )
    found = pl.read_parquet(folder / "clusters.parquet")["golden_contact_id"][0]
    assert found == "gc_" + hashlib.sha256(b"a").hexdigest()[:20]


def test_edges_of_another_run_are_refused(world: World) -> None:
    world.run({"a": 1, "b": 1})
    edges = world.folder / "in" / "edges.parquet"
    pl.DataFrame(
        {
            "source_record_key_l": ["a"],
            "source_record_key_r": ["gone"],
            "decision": ["auto_match"],
        }
    ).write_parquet(edges)
    with pytest.raises(InputError, match=r"1 edges of edges\.parquet name records"):
        identify(
            world.folder / "in" / "standardised.parquet",
            edges,
            world.folder / "ledger",
            world.folder / "clusters.parquet",
            world.folder / "events.parquet",
            world.folder / "redirects.parquet",
            entity="contact",
            run_id="x",
            occurred_at=START,
        )


def test_no_records_at_all_is_a_valid_run(world: World) -> None:
    assert world.run({}) == {}
    assert world.events().height == 0
