"""Drift: the shape of an object changes, no row is lost, and the ledger says so."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from connectors.landing import Landing, LoadResult, SnapshotBatch, TypeHint
from connectors.landing.type_hints import infer_type_hints


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing")


def commit(landing: Landing, **columns: list[str | None]) -> LoadResult:
    frame = pl.DataFrame(columns).with_columns(pl.col("id").alias("_source_record_id"))
    return landing.commit(
        SnapshotBatch(
            source_type="hubspot",
            object="deals",
            source_name="hub",
            frame=frame,
            extracted_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
    )


def test_the_first_load_has_no_drift(landing: Landing) -> None:
    assert commit(landing, id=["1"], amount=["5"]).drift == ()


def test_an_added_column_without_values_changes_no_row_but_is_recorded_once(
    landing: Landing,
) -> None:
    commit(landing, id=["1", "2"], amount=["5", "6"])
    added = commit(landing, id=["1", "2"], amount=["5", "6"], extra=[None, ""])
    assert added.counts.unchanged == 2
    assert added.counts.landed == 0
    assert [(event.kind, event.column) for event in added.drift] == [
        ("column_added", "extra")
    ]
    again = commit(landing, id=["1", "2"], amount=["5", "6"], extra=[None, ""])
    assert not again.is_written
    assert len(landing.drift()) == 1


def test_an_added_column_changes_only_the_rows_that_have_a_value(
    landing: Landing,
) -> None:
    commit(landing, id=["1", "2"])
    counts = commit(landing, id=["1", "2"], extra=["x", None]).counts
    assert (counts.changed, counts.unchanged) == (1, 1)


def test_a_removed_column_turns_null_and_no_row_is_lost(landing: Landing) -> None:
    commit(landing, id=["1", "2"], amount=["5", None])
    result = commit(landing, id=["1", "2"])
    assert (result.counts.changed, result.counts.unchanged) == (1, 1)
    [event] = result.drift
    assert (event.kind, event.column, event.before) == (
        "column_removed",
        "amount",
        "integer",
    )
    rows = landing.current("hubspot", "deals").sort("id").collect()
    assert rows["amount"].to_list() == [None, None]
    versions = landing.versions("hubspot", "deals").collect()
    assert "5" in versions["amount"].to_list(), "the old version keeps its value"


def test_a_retyped_column_is_recorded_with_both_hints(landing: Landing) -> None:
    commit(landing, id=["1", "2"], amount=["5", "6.5"])
    [event] = commit(landing, id=["1", "2"], amount=["five", "6.5"]).drift
    assert (event.kind, event.before, event.after) == (
        "column_retyped",
        "decimal",
        "text",
    )


def test_a_column_that_was_empty_for_a_while_is_compared_with_its_last_values(
    landing: Landing,
) -> None:
    commit(landing, id=["1"], closed=["2025-01-01"])
    assert commit(landing, id=["1"], closed=[None]).drift == ()
    [event] = commit(landing, id=["1"], closed=["soon"]).drift
    assert (event.before, event.after) == ("date", "text")


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        ([None, None], TypeHint.EMPTY),
        (["", " "], TypeHint.EMPTY),
        (["true", "False", None], TypeHint.BOOLEAN),
        (["1", "-20"], TypeHint.INTEGER),
        (["1", "2.50", "1,234.50", "1.5E+06"], TypeHint.DECIMAL),
        (["2025-01-31", "31.12.2025", "1/2/99"], TypeHint.DATE),
        (
            ["2006-04-15T03:23:15.000Z", "2025-01-01 10:00", "2025-01-01"],
            TypeHint.DATETIME,
        ),
        (["1", "two", "3"], TypeHint.TEXT),
        (["1"] * 99 + ["oops"], TypeHint.INTEGER),
        (["-", "+"], TypeHint.TEXT),
    ],
)
def test_type_hints(values: list[str | None], hint: TypeHint) -> None:
    column = pl.DataFrame({"c": pl.Series(values, dtype=pl.String)})
    assert infer_type_hints(column) == {"c": hint}
