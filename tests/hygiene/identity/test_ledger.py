"""The ledger survives kills and tells when it is damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hygiene.errors import InputError
from hygiene.identity import ledger as ledger_module
from hygiene.identity.ledger import Ledger
from tests.hygiene.identity.world import World


class KilledError(Exception):
    pass


def _kill(*_: object, **__: object) -> None:
    raise KilledError


@pytest.mark.parametrize(
    "moment", ["write_parquet", "synchronise", "_flush_folder"], ids=str
)
def test_a_run_killed_during_the_commit_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    disturbed, calm = World(tmp_path / "one"), World(tmp_path / "two")
    for world in (disturbed, calm):
        world.run({"a": 1, "b": 1, "c": 2})
    with monkeypatch.context() as patch:
        patch.setattr(ledger_module, moment, _kill)
        with pytest.raises(KilledError):
            disturbed.run({"a": 1, "b": 2, "c": 2})
    disturbed.steps -= 1
    result = disturbed.run({"a": 1, "b": 2, "c": 2})
    assert result == calm.run({"a": 1, "b": 2, "c": 2})
    assert disturbed.events().equals(calm.events())
    assert disturbed.redirects() == calm.redirects()


def test_a_half_written_version_is_cleaned_up(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.run({"a": 1})
    leftover = tmp_path / "ledger" / "contact" / "v000002"
    leftover.mkdir()
    (leftover / "members.parquet").write_bytes(b"half")
    ids = world.run({"a": 1, "b": 2})
    assert world.run({"a": 1, "b": 2}) == ids


def test_a_lost_pointer_is_never_taken_for_an_empty_ledger(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.run({"a": 1})
    world.run({"a": 1, "b": 2})
    (tmp_path / "ledger" / "contact" / "CURRENT").unlink()
    with pytest.raises(InputError, match="no CURRENT"):
        world.run({"a": 1})


def test_a_pointer_to_a_missing_version_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.run({"a": 1})
    shutil.rmtree(tmp_path / "ledger" / "contact" / "v000001")
    with pytest.raises(InputError, match="names no version that exists"):
        world.run({"a": 1})


def test_old_versions_are_kept_up_to_a_limit(tmp_path: Path) -> None:
    world = World(tmp_path)
    for number in range(8):
        world.run({f"r{n}": n for n in range(number + 1)})
    folder = tmp_path / "ledger" / "contact"
    assert sorted(item.name for item in folder.glob("v*")) == [
        f"v{n:06d}" for n in range(4, 9)
    ]
    assert Ledger(folder).version() == 8


def test_contacts_and_accounts_do_not_share_a_ledger(tmp_path: Path) -> None:
    contacts, accounts = World(tmp_path), World(tmp_path, "account")
    first = contacts.run({"a": 1})
    accounts.run({"x": 1})
    assert contacts.run({"a": 1}) == first
