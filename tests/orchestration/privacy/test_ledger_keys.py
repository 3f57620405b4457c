"""The identity ledger after an erasure: ids stay, keys and their history do not."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import polars as pl

from orchestration.home import Home
from orchestration.privacy.needles import Needles
from orchestration.privacy.stores import forget_keys
from tests.hygiene.identity.world import World

LEDGER = "state/identity"


def test_an_erased_record_has_no_history_and_keeps_its_id_from_others(
    tmp_path: Path,
) -> None:
    home, world = Home(tmp_path), World(tmp_path)
    world.run({"a": 1, "b": 1, "c": 2}, ledger=LEDGER)
    world.run({"a": 1, "b": 1, "c": 1}, ledger=LEDGER)  # so that c has a past
    other = world.run({"a": 1, "b": 2, "c": 1}, ledger=LEDGER)  # and b
    assert {"b", "c"} == {key for key, each in world.spans().items() if len(each) > 1}
    past = world.spans()["b"]

    assert forget_keys(home, Needles((), ("c",))) > 0
    for file in home.identity.rglob("*.parquet"):
        values = (
            pl.read_parquet(file).select(pl.col(pl.String)).to_dict(as_series=False)
        )
        assert "c" not in chain.from_iterable(values.values()), file.name
    assert world.run({"a": 1, "b": 2}, ledger=LEDGER) == {
        key: other[key] for key in ("a", "b")
    }
    assert set(world.spans()) == {"a", "b"}
    assert world.spans()["b"] == past
