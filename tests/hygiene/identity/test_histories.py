"""Properties of golden ids under random histories of records and groups."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hygiene.identity.world import World

_KEYS = [f"k{number}" for number in range(7)]
_STEP = st.dictionaries(st.sampled_from(_KEYS), st.integers(0, 3), max_size=7)
_QUICK = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@_QUICK
@given(history=st.lists(_STEP, min_size=1, max_size=5), seed=st.integers(0, 99))
def test_random_histories_keep_every_promise(
    history: list[dict[str, int]], seed: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        ever: dict[str, set[str]] = {}
        dead: set[str] = set()
        for groups in history:
            ids = world.run(groups)
            # Every record has one id; one id per group and one group per id.
            assert set(ids) == set(groups)
            assert len(set(ids.values())) == len(set(groups.values()))
            assert len({(ids[key], groups[key]) for key in ids}) == len(
                set(groups.values())
            )
            live = set(ids.values())
            # A merged id is never used again.
            assert not live & dead
            redirects = world.redirects()
            assert set(redirects.values()) <= live
            assert not set(redirects) & live
            events = world.events()
            merged = events.filter(events["event"] == "merged")["golden_id"].to_list()
            assert len(merged) == len(set(merged))
            dead = set(merged)
            minted = events.filter(events["event"] == "minted")["golden_id"].to_list()
            assert len(minted) == len(set(minted))
            assert live <= set(minted)
            for key, golden in ids.items():
                ever.setdefault(golden, set()).add(key)
            # The same groups in another order change nothing.
            before = world.events()
            assert world.run(groups, shuffle=seed) == ids
            assert world.events().equals(before)
            assert world.last is not None
            assert not world.last.is_changed


@_QUICK
@given(
    arrivals=st.lists(
        st.lists(st.integers(0, 4), min_size=1, max_size=4), min_size=1, max_size=4
    )
)
def test_an_empty_ledger_gives_growing_clusters_the_ids_they_have(
    arrivals: list[list[int]],
) -> None:
    """Records only arrive; no cluster ever merges or splits."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        groups: dict[str, int] = {}
        ids: dict[str, str] = {}
        for batch in arrivals:
            for group in batch:
                groups[f"r{len(groups):03d}"] = group
            ids = world.run(groups)
        assert world.run(groups, shuffle=1, ledger="empty") == ids
