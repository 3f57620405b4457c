"""State of an older release is brought forward; of a newer one, refused; never half."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from orchestration.backup import restore_backup, write_backup
from orchestration.errors import StateError
from orchestration.home import Home
from orchestration.state_version import STATE_VERSION, ensure_state, read_version

NOW = datetime(2026, 1, 15, 6, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """As release 0.1.0 left it: a ledger, rulings, and no version."""
    home = Home(tmp_path / "data")
    home.create()
    (home.identity / "contact_ledger.parquet").write_bytes(b"ids")
    (home.rulings / "contact_rulings.csv").write_text("pair,answer\n")
    return home


def contents(home: Home) -> dict[str, bytes]:
    return {
        str(path.relative_to(home.state)): path.read_bytes()
        for path in sorted(home.state.rglob("*"))
        if path.is_file() and path.name != "version.json"
    }


def test_state_of_the_previous_release_is_kept_and_named(home: Home) -> None:
    before = contents(home)
    assert read_version(home) == 0
    done = ensure_state(home, at=NOW)
    assert (done.before, done.after) == (0, STATE_VERSION)
    assert contents(home) == before
    assert done.kept_at is not None
    assert (done.kept_at / "identity" / "contact_ledger.parquet").read_bytes() == b"ids"
    again = ensure_state(home, at=NOW)
    assert again.kept_at is None


def test_a_new_home_starts_at_the_present_version(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    assert ensure_state(home, at=NOW).kept_at is None
    assert read_version(home) == STATE_VERSION


def test_steps_run_in_order(home: Home) -> None:
    seen = []
    ensure_state(
        home,
        at=NOW,
        wanted=3,
        migrations={n: lambda _, n=n: seen.append(n) for n in range(3)},  # type: ignore[misc]
    )
    assert seen == [0, 1, 2]
    assert read_version(home) == 3


def test_a_ledger_of_the_previous_release_tells_since_when_records_have_their_id(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path)
    home.create()
    version = home.identity / "contact" / "v000001"
    version.mkdir(parents=True)
    (version.parent / "CURRENT").write_text("1\n")
    began = datetime(2025, 5, 1, 6)  # noqa: DTZ001  UTC without a zone, as in the ledger
    pl.DataFrame(
        {"source_record_key": ["a"], "golden_id": ["gc_a"], "is_present": [True]}
    ).write_parquet(version / "members.parquet")
    pl.DataFrame({"run_id": ["one"], "occurred_at": [began]}).write_parquet(
        version / "runs.parquet"
    )
    (home.state / "version.json").write_text('{"state_version": 1}')
    assert ensure_state(home, at=NOW).after == STATE_VERSION
    members = pl.read_parquet(version / "members.parquet")
    assert members["assigned_at"].to_list() == [began]
    assert pl.read_parquet(version / "ended.parquet").is_empty()


def test_a_failing_step_leaves_everything_as_it_was(home: Home) -> None:
    before = contents(home)

    def spoil(home: Home) -> None:
        (home.rulings / "contact_rulings.csv").write_text("half")
        raise OSError("no space")

    with pytest.raises(StateError, match="as it was before"):
        ensure_state(home, at=NOW, migrations={0: spoil})
    assert contents(home) == before
    assert read_version(home) == 0


def test_newer_and_broken_versions_are_refused(home: Home) -> None:
    file = home.state / "version.json"
    file.write_text(json.dumps({"state_version": STATE_VERSION + 1}))
    with pytest.raises(StateError, match="or a later one"):
        ensure_state(home, at=NOW)
    file.write_text("{")
    with pytest.raises(StateError, match="cannot be read"):
        ensure_state(home, at=NOW)


def test_a_backup_of_the_previous_release_is_restored_and_upgraded(
    home: Home, tmp_path: Path
) -> None:
    archive = tmp_path / "old.tar.gz"
    write_backup(home, archive, at=NOW)
    before, other = contents(home), Home(tmp_path / "other")
    other.create()
    restore_backup(other, archive, at=NOW)
    assert read_version(other) == 0
    ensure_state(other, at=NOW)
    assert read_version(other) == STATE_VERSION
    assert without_log(contents(other)) == without_log(before)


def without_log(files: dict[str, bytes]) -> dict[str, bytes]:
    """Without the log of decisions, which tells of backups and restores too."""
    return {
        name: content
        for name, content in files.items()
        if not name.startswith(("audit.", ".audit"))
    }
