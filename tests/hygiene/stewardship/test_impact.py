"""What a change would change: ids, customers, money, and the largest moves first."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.stewardship.impact import Impact, measure_impact

MONEY = pl.DataFrame(
    [("a", 100.0, None), ("b", 50.0, 20.0), ("c", 7.0, None), ("gone", 9.0, 9.0)],
    schema={
        "source_record_key": pl.String,
        "revenue": pl.Float64,
        "pipeline": pl.Float64,
    },
    orient="row",
)


def impact(folder: Path, before: dict[str, str], after: dict[str, str]) -> Impact:
    for name, found in (("before", before), ("after", after)):
        pl.DataFrame(
            {
                "source_record_key": list(found),
                "golden_account_id": list(found.values()),
            }
        ).write_parquet(folder / f"{name}.parquet")
    return measure_impact(
        folder / "before.parquet",
        folder / "after.parquet",
        MONEY,
        entity="account",
        top=5,
        scratch=folder,
    )


def test_a_merge_makes_one_customer_of_two(tmp_path: Path) -> None:
    found = impact(
        tmp_path, {"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "1", "c": "3"}
    )
    assert (found.merged, found.split, found.minted, found.carried) == (1, 0, 0, 2)
    assert (found.before.customers, found.after.customers) == (3, 2)
    assert found.before.revenue == found.after.revenue == Decimal(157)
    assert found.after.largest_customer == Decimal(150)
    assert found.after.revenue_per_customer == Decimal("78.50")
    (move,) = found.moves
    assert (move.change, move.golden_before, move.golden_after) == ("merged", "2", "1")
    assert (move.records, move.revenue, move.pipeline) == (1, Decimal(50), Decimal(20))


def test_a_split_takes_the_money_of_its_records_along(tmp_path: Path) -> None:
    found = impact(
        tmp_path, {"a": "1", "b": "1", "x": "1"}, {"a": "1", "b": "9", "x": "1"}
    )
    assert (found.merged, found.split, found.minted, found.carried) == (0, 1, 1, 1)
    assert (found.before.with_pipeline, found.after.with_pipeline) == (1, 1)
    assert found.records_moved == 1
    assert [(move.change, move.revenue) for move in found.moves] == [
        ("split", Decimal(50))
    ]


def test_nothing_changed_is_no_move(tmp_path: Path) -> None:
    same = {"a": "1", "b": "2"}
    found = impact(tmp_path, same, same)
    assert found.moves == ()
    assert found.before == found.after
    assert found.records_moved == 0


def test_the_largest_move_comes_first(tmp_path: Path) -> None:
    found = impact(
        tmp_path,
        {"a": "1", "b": "2", "c": "3", "x": "4"},
        {"a": "8", "b": "8", "c": "8", "x": "8"},
    )
    assert [move.golden_before for move in found.moves] == ["1", "2", "3", "4"]


@settings(max_examples=15)
@given(st.lists(st.tuples(st.sampled_from("123"), st.sampled_from("123")), max_size=8))
def test_no_money_is_lost_whatever_moves(
    tmp_path_factory: object, pairs: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("moves")  # type: ignore[attr-defined]
    keys = ["a", "b", "c", *"defgh"][: len(pairs)]
    found = impact(
        folder,
        {key: one for key, (one, _) in zip(keys, pairs, strict=True)},
        {key: other for key, (_, other) in zip(keys, pairs, strict=True)},
    )
    assert found.before.revenue == found.after.revenue
    assert found.before.pipeline == found.after.pipeline
    assert found.carried + found.merged == found.before.golden_records
    assert found.carried + found.minted == found.after.golden_records
