from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.snapshots import SUPERSEDED, resolve_versions

SCHEMA = {
    "id": pl.String,
    "name": pl.String,
    "stamp": pl.String,
    "_source_record_id": pl.String,
    "_source_file": pl.String,
    "_source_line": pl.Int64,
}
Row = tuple[str, str | None, str | None]


def frame_of(rows: list[Row]) -> pl.LazyFrame:
    """Spread rows over files of three."""
    return pl.LazyFrame(
        [
            (key, name, stamp, key, f"f{number // 3}.csv", number % 3 + 2)
            for number, (key, name, stamp) in enumerate(rows)
        ],
        schema=SCHEMA,
        orient="row",
    )


def resolve(rows: list[Row]) -> tuple[pl.DataFrame, pl.DataFrame]:
    with tempfile.TemporaryDirectory() as folder:
        kept, rejected = resolve_versions(frame_of(rows), ["stamp"], Path(folder))
        return kept.collect(), rejected


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.001Z"),
        ("2026-01-01T09:00:00.000Z", "2026-01-01 10:00:00"),
        ("2026-01-01 09:00:00", "2026-01-01T10:00:00.000+0000"),
        (None, "2001-01-01 00:00:00"),
        ("2026-01-01 09:00", "2026-01-01 09:01"),
    ],
)
def test_latest_time_wins_whatever_its_spelling(older: str | None, newer: str) -> None:
    for rows in ([("1", "a", older), ("1", "b", newer)],) * 2:
        kept, rejected = resolve(rows[:: 1 if rows[0][1] == "a" else -1])
        assert kept["name"].to_list() == ["b"]
        assert rejected["reason_code"].to_list() == [SUPERSEDED]


def test_identical_repeats_stay_for_the_landing_zone_to_count() -> None:
    kept, rejected = resolve([("1", "a", None), ("1", "a", None), ("2", "b", None)])
    assert kept.height == 3
    assert rejected.is_empty()


def test_of_equal_times_the_fuller_row_wins() -> None:
    kept, _ = resolve([("1", None, "2026"), ("1", "a", "2026")])
    assert kept["name"].to_list() == ["a"]


rows_strategy = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "3"]),
        st.sampled_from(["a", "b", "c", None]),
        st.sampled_from(["2026-01-01 00:00:00", "2026-01-02T00:00:00.000Z", None]),
    ),
    max_size=9,
)


@given(rows=rows_strategy, data=st.data())
@settings(deadline=None, max_examples=40)
def test_order_of_rows_and_files_does_not_matter(
    rows: list[Row], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(rows))
    content = ["id", "name", "stamp"]
    kept, rejected = resolve(rows)
    other_kept, other_rejected = resolve(shuffled)
    assert sorted(kept.select(content).rows(), key=str) == sorted(
        other_kept.select(content).rows(), key=str
    )
    assert sorted(rejected["raw_text"]) == sorted(other_rejected["raw_text"])
    assert kept.height + rejected.height == len(rows)
    assert kept.select(content).unique().height == len({row[0] for row in rows})
