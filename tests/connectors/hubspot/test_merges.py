from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from connectors.hubspot.merges import find_merges, resolve_merges


def test_chains_end_at_the_final_survivor() -> None:
    pairs = {("1", "3"), ("2", "3"), ("3", "9"), ("9", "12")}
    assert dict(resolve_merges(pairs).winner_of) == dict.fromkeys("1239", "12")


def test_circles_and_two_survivors_are_left_undecided() -> None:
    merges = resolve_merges({("1", "2"), ("2", "1"), ("5", "6"), ("5", "7")})
    assert dict(merges.winner_of) == {}
    assert merges.undecided == 3


def test_two_ways_to_one_survivor_are_no_conflict() -> None:
    merges = resolve_merges({("1", "2"), ("1", "3"), ("2", "3")})
    assert dict(merges.winner_of) == {"1": "3", "2": "3"}


def test_both_merge_columns_are_read_and_own_ids_ignored() -> None:
    frame = pl.LazyFrame(
        {
            "hs_object_id": ["10", "20", "30"],
            "hs_merged_object_ids": ["1;2", None, "3.0"],
            "hs_calculated_merged_vids": [
                "10:1610000000000",
                "4:1610000000000;5:1",
                None,
            ],
        }
    )
    assert dict(find_merges(frame).winner_of) == {
        "1": "10",
        "2": "10",
        "3": "30",
        "4": "20",
        "5": "20",
    }


@given(st.lists(st.integers(0, 12), min_size=1, max_size=12))
def test_survivors_are_never_lost_themselves(parents: list[int]) -> None:
    """Whatever points to whom, a final survivor has no survivor of its own."""
    pairs = {(str(lost), str(to)) for lost, to in enumerate(parents) if lost != to}
    lost_ids = {lost for lost, _ in pairs}
    merges = resolve_merges(pairs)
    assert not lost_ids & set(merges.winner_of.values())
    assert len(merges.winner_of) + merges.undecided == len(lost_ids)
