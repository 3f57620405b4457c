"""Slips of the keyboard and columns that remember what was done to them."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from connectors.synthetic.columns import by_group, gather, occurrence, patch
from connectors.synthetic.dirt import Column, Kind, garble, kind_text, slip

WORDS = st.lists(st.text(min_size=0, max_size=12), min_size=1, max_size=20)


@given(words=WORDS, seed=st.integers(0, 1_000))
def test_a_slip_changes_one_place_and_never_the_first(
    words: list[str], seed: int
) -> None:
    made = slip(np.random.default_rng(seed), pl.Series(words, dtype=pl.String))
    for before, after in zip(words, made.to_list(), strict=True):
        assert after[:1] == before[:1]
        assert abs(len(after) - len(before)) <= 1
        if len(before) <= 3:
            assert after == before


def test_mojibake_is_what_a_wrong_import_makes() -> None:
    assert garble(pl.Series(["Müller", "Ann"])).to_list() == ["MÃ¼ller", "Ann"]


def test_column_notes_only_values_that_changed() -> None:
    column = Column.of(pl.Series(["Anna", "BOB", None]))
    column.put(np.ones(3, np.bool_), Kind.UPPER_CASE, lambda s: s.str.to_uppercase())
    assert column.value.to_list() == ["ANNA", "BOB", None]
    assert [kind_text(int(b)) for b in column.bits] == ["upper_case", "", ""]


def test_replacing_a_value_forgets_what_was_done_before() -> None:
    column = Column.of(pl.Series(["a@b.de"]))
    yes = np.ones(1, np.bool_)
    column.put(yes, Kind.UPPER_CASE, lambda s: s.str.to_uppercase())
    column.swap_in(yes, Kind.SHARED_MAILBOX, pl.Series(["info@b.de"]))
    assert kind_text(int(column.bits[0])) == "shared_mailbox"
    assert not column.known()[0]
    column.drop(yes)
    assert kind_text(int(column.bits[0])) == "missing"


def test_kinds_are_joined_in_one_order() -> None:
    assert kind_text(Kind.UPPER_CASE | Kind.TYPO) == "typo+upper_case"


def test_gather_patch_and_groups_keep_their_rows() -> None:
    words = pl.Series(["a", "b", "c"])
    assert gather(words, np.array([2, -1, 0])).to_list() == ["c", None, "a"]
    assert patch(words, np.array([1]), pl.Series(["x"])).to_list() == ["a", "x", "c"]
    made = by_group(
        np.array([1, 0, 1]), 3, lambda k, rows: pl.Series([f"{k}{r}" for r in rows])
    )
    assert made.to_list() == ["10", "01", "12"]
    assert occurrence([pl.Series(["x", "y", "x"])]).tolist() == [0, 0, 1]
