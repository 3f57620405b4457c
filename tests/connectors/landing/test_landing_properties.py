"""Laws of the landing zone, for any sequence of snapshots."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.landing import Landing, LoadMode, SnapshotBatch
from connectors.landing.schema import slug_column, unique_names

IDS = st.sampled_from(["1", "2", "3", "a", "A", "é"])
VALUES = st.sampled_from([None, "", "x", "y", "0", "x\nb=y"])
ROW = st.tuples(VALUES, VALUES)
SNAPSHOT = st.dictionaries(IDS, ROW, min_size=1, max_size=5)
QUICK = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
Rows = dict[str, tuple[str | None, str | None]]


def land(landing: Landing, snapshot: Rows, mode: LoadMode = LoadMode.FULL) -> int:
    frame = pl.DataFrame(
        {
            "_source_record_id": list(snapshot),
            "a": [row[0] for row in snapshot.values()],
            "b": [row[1] for row in snapshot.values()],
        },
        schema={"_source_record_id": pl.String, "a": pl.String, "b": pl.String},
    )
    result = landing.commit(
        SnapshotBatch(
            source_type="hubspot",
            object="contacts",
            source_name="hub",
            frame=frame,
            extracted_at=datetime(2026, 1, 1, tzinfo=UTC),
            mode=mode,
        )
    )
    counts = result.counts
    assert counts.rows_read == (
        counts.new
        + counts.changed
        + counts.unchanged
        + counts.repeated
        + counts.superseded
        + counts.rejected
        + counts.suppressed
    )
    return counts.landed


def state(landing: Landing) -> dict[str, tuple[str | None, str | None, bool]]:
    rows = landing.current("hubspot", "contacts").collect()
    return {
        row["_source_record_id"]: (row["a"], row["b"], row["_is_deleted"])
        for row in rows.iter_rows(named=True)
    }


@QUICK
@given(st.lists(SNAPSHOT, min_size=1, max_size=4))
def test_state_is_the_last_snapshot_and_tombstones_of_all_before(
    snapshots: list[Rows],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        landing = Landing(Path(folder))
        expected: dict[str, tuple[str | None, str | None, bool]] = {}
        for snapshot in snapshots:
            land(landing, snapshot)
            assert land(landing, snapshot) == 0, "landing twice lands nothing"
            expected = {key: (a, b, True) for key, (a, b, _) in expected.items()} | {
                key: (a or None, b or None, False) for key, (a, b) in snapshot.items()
            }
            assert state(landing) == expected


@QUICK
@given(st.lists(SNAPSHOT, min_size=1, max_size=4))
def test_deltas_accumulate(snapshots: list[Rows]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        landing = Landing(Path(folder))
        expected: Rows = {}
        for snapshot in snapshots:
            land(landing, snapshot, LoadMode.DELTA)
            expected |= snapshot
        assert state(landing) == {
            key: (a or None, b or None, False) for key, (a, b) in expected.items()
        }


@given(st.text())
def test_slugs_are_safe_and_stable(header: str) -> None:
    slug = slug_column(header)
    assert slug.isascii()
    assert slug[0].isalpha()
    assert len(slug) <= 63
    assert slug_column(slug) == slug


@given(st.lists(st.sampled_from(["a", "A", "a_2", "b", ""])))
def test_unique_names_are_unique_ignoring_case_and_keep_first_ones(
    names: list[str],
) -> None:
    unique = unique_names(names)
    assert len({name.casefold() for name in unique}) == len(names)
    assert unique_names(unique) == unique
    for position, name in enumerate(names):
        if name.casefold() not in {other.casefold() for other in names[:position]}:
            assert unique[position] == name
