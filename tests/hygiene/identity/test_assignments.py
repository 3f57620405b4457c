"""Since when, and until when, a source record belonged to a golden id."""

from __future__ import annotations

import tempfile
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hygiene.identity import ERASED_KEY, date_assignments
from hygiene.identity.ledger import Ledger
from tests.hygiene.identity.world import World

_KEYS = [f"k{number}" for number in range(6)]
_STEP = st.dictionaries(st.sampled_from(_KEYS), st.integers(0, 2), max_size=6)


def id_at(world: World, key: str, instant: datetime) -> str | None:
    found = [
        golden
        for golden, start, end in world.spans().get(key, [])
        if start <= instant and (end is None or instant < end)
    ]
    assert len(found) <= 1, "times of a record must not overlap"
    return found[0] if found else None


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=st.lists(_STEP, min_size=1, max_size=6))
def test_every_past_day_tells_the_id_of_that_day(history: list[dict[str, int]]) -> None:
    """So times do not overlap, have no gap while a record is there, and one is open."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        then = [world.run(groups) for groups in history]
        for step, ids in enumerate(then, start=1):
            for key in _KEYS:
                assert id_at(world, key, world.instant(step)) == ids.get(key)
        spans = world.spans()
        assert {key for key, each in spans.items() if each[-1][2] is None} == set(
            then[-1]
        )
        for key, each in spans.items():
            for earlier, later in pairwise(each):
                assert earlier[1] < earlier[2] <= later[1], key  # type: ignore[operator]
                # What goes on without a change is one row.
                assert earlier[2] < later[1] or earlier[0] != later[0]  # type: ignore[operator]


def test_a_merge_ends_one_assignment_and_begins_another(tmp_path: Path) -> None:
    world = World(tmp_path)
    first = world.run({"a": 1, "b": 1, "c": 2})
    merged = world.run({"a": 1, "b": 1, "c": 1})
    assert world.spans()["a"] == [(first["a"], world.instant(1), None)]
    assert world.spans()["c"] == [
        (first["c"], world.instant(1), world.instant(2)),
        (merged["a"], world.instant(2), None),
    ]


def test_a_record_that_was_away_has_a_gap(tmp_path: Path) -> None:
    world = World(tmp_path)
    ids = world.run({"a": 1, "b": 1})
    world.run({"a": 1})
    world.run({"a": 1, "b": 1})
    assert world.spans()["b"] == [
        (ids["b"], world.instant(1), world.instant(2)),
        (ids["b"], world.instant(3), None),
    ]


def test_a_run_without_a_change_writes_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.run({"a": 1, "b": 1})
    before = world.spans()
    world.run({"b": 1, "a": 1}, shuffle=3)
    assert world.spans() == before
    assert Ledger(tmp_path / "ledger" / "contact").version() == 1


def test_a_clock_that_goes_backwards_does_not_cross_times(tmp_path: Path) -> None:
    world = World(tmp_path)
    first = world.run({"a": 1, "b": 1, "c": 2}, occurred_at=world.instant(9))
    world.run({"a": 1, "b": 1, "c": 1}, occurred_at=world.instant(5))
    # Belonged to it for no time at all.
    assert world.spans()["c"] == [(first["a"], world.instant(9), None)]
    world.run({"a": 1, "b": 1}, occurred_at=world.instant(6))
    assert "c" not in world.spans()
    world.run({"a": 1, "b": 1, "c": 1}, occurred_at=world.instant(12))
    assert world.spans()["c"] == [(first["a"], world.instant(12), None)]


def test_what_was_erased_is_not_told(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.run({"a": 1, "b": 2, f"{ERASED_KEY}0123": 3})
    world.run({"a": 1})
    assert set(world.spans()) == {"a", "b"}


def _forget_instants(ledger: Ledger) -> None:
    """Make a ledger what the release before wrote."""
    for version in ledger.kept_versions():
        members = ledger.table(version, "members")
        with duckdb.connect() as connection:
            connection.execute(
                "CREATE TABLE t AS SELECT * EXCLUDE (assigned_at) "
                f"FROM read_parquet('{members}')"
            )
            connection.execute(f"COPY t TO '{members}' (FORMAT parquet)")
        ledger.table(version, "ended").unlink()


_STEPS = (
    {"a": 1, "b": 1, "c": 2, "d": 3},
    {"a": 1, "b": 1, "c": 1, "d": 3},
    {"a": 1, "b": 2, "c": 2},
    {"a": 1, "b": 2, "c": 2, "d": 3},
)


def test_a_ledger_of_an_older_release_is_dated_exactly_from_its_versions(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    for groups in _STEPS:
        world.run(groups)
    known = world.spans()
    _forget_instants(Ledger(tmp_path / "ledger" / "contact"))
    for _ in range(2):  # a step that was killed is done again
        assert date_assignments(tmp_path / "ledger") == len(_STEPS)
    world.run(_STEPS[-1])
    assert world.spans() == known


def test_without_its_first_versions_it_is_dated_from_the_oldest_that_is_kept(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    for number in range(7):
        ids = world.run({f"r{n}": n for n in range(number + 1)})
    _forget_instants(Ledger(tmp_path / "ledger" / "contact"))
    date_assignments(tmp_path / "ledger")
    assert world.run({f"r{n}": n for n in range(7)}) == ids
    assert world.spans()["r0"] == [(ids["r0"], world.instant(3), None)]
    assert world.spans()["r6"] == [(ids["r6"], world.instant(7), None)]


def test_there_is_nothing_to_date_without_a_ledger(tmp_path: Path) -> None:
    assert date_assignments(tmp_path) == 0
