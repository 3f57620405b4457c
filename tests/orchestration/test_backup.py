"""Backup and restore: what cannot be rebuilt comes back, and a bad archive changes nothing."""

from __future__ import annotations

import io
import json
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration.backup import (
    carry_suppression,
    read_backup,
    restore_backup,
    write_backup,
)
from orchestration.errors import BackupError, BusyError
from orchestration.home import Home, exclusive

NOW = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)
STATE = {
    "state/identity/contact_ledger.parquet": b"ledger of contacts",
    "state/rulings/contact_rulings.csv": b"source_record_key_l,source_record_key_r\n",
    "state/suppression.parquet": b"whoever comes later is kept as well",
    "state/models/contact.json": b"{}",
    "landing/_cursors/hubspot/hubspot.json": b'{"entries": {}}',
}
NOT_KEPT = {
    "state/last_publication.json": b"{}",
    "state/tokens/salesforce.json": b"a-rotating-secret",
    "landing/hubspot/contacts/source=hubspot/load=1/part-0.parquet": b"rows",
    "warehouse.duckdb": b"rows",
}


def fill(home: Home, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = home.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def content_of(home: Home) -> dict[str, bytes]:
    """Every file but the log of decisions, which tells of backups and restores too."""
    return {
        path.relative_to(home.root).as_posix(): path.read_bytes()
        for path in sorted(home.root.rglob("*"))
        if path.is_file()
        and not path.name.startswith((".lock", "audit.", ".audit"))
        and path.parent.name != "suppression"
    }


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "data")
    fill(made, {**STATE, **NOT_KEPT})
    return made


@pytest.fixture
def archive(home: Home, tmp_path: Path) -> Path:
    return write_backup(home, tmp_path / "backup.tar.gz", at=NOW).file


def test_what_cannot_be_rebuilt_comes_back_in_an_empty_home(
    archive: Path, tmp_path: Path
) -> None:
    other = Home(tmp_path / "other")
    done = restore_backup(other, archive, at=NOW)
    assert content_of(other) == STATE
    assert done.files == len(STATE)
    assert done.created_at == "2026-01-15T06:00:00+00:00"


def test_secrets_are_left_out_unless_asked_for(
    home: Home, archive: Path, tmp_path: Path
) -> None:
    assert not read_backup(archive).has_secrets
    assert archive.stat().st_mode & 0o077 == 0
    full = write_backup(home, tmp_path / "full.tar.gz", at=NOW, with_secrets=True)
    assert full.has_secrets
    other = Home(tmp_path / "other")
    restore_backup(other, full.file, at=NOW)
    assert other.token_state("salesforce").read_bytes() == b"a-rotating-secret"


def test_present_state_is_only_replaced_on_demand_and_kept_beside(
    home: Home, archive: Path
) -> None:
    fill(home, {"state/identity/contact_ledger.parquet": b"newer"})
    before = content_of(home)
    with pytest.raises(BackupError, match="identity ledger already"):
        restore_backup(home, archive, at=NOW)
    assert content_of(home) == before
    restore_backup(home, archive, at=NOW, replace=True)
    after = content_of(home)
    assert after["state/identity/contact_ledger.parquet"] == b"ledger of contacts"
    aside = "state.before-restore-20260115T060000Z/identity/contact_ledger.parquet"
    assert after[aside] == b"newer"
    # A token of today outlives the restore; what a sync rebuilds is rebuilt.
    assert after["state/tokens/salesforce.json"] == b"a-rotating-secret"
    assert "state/last_publication.json" not in after


def test_a_cursor_that_is_there_is_worth_more_than_an_older_one(
    home: Home, archive: Path
) -> None:
    name = "landing/_cursors/hubspot/hubspot.json"
    fill(home, {name: b"newer"})
    restore_backup(home, archive, at=NOW, replace=True)
    assert (home.root / name).read_bytes() == b"newer"


def rewritten(archive: Path, target: Path, change: str, content: bytes) -> Path:
    """The archive with one member changed."""
    with tarfile.open(archive, "r:gz") as source, tarfile.open(target, "w:gz") as out:
        for member in source:
            stream = source.extractfile(member)
            assert stream is not None
            data = content if member.name == change else stream.read()
            member.size = len(data)
            out.addfile(member, io.BytesIO(data))
    return target


def escaping(name: str) -> bytes:
    entry = {"path": name, "bytes": 0, "sha256": "0"}
    return json.dumps(
        {
            "format_version": 1,
            "created_at": "x",
            "tidycrm_version": "0",
            "has_secrets": False,
            "files": [entry],
        }
    ).encode()


@pytest.mark.parametrize(
    ("change", "content", "words"),
    [
        ("state/models/contact.json", b"{ }", "not what was backed up"),
        ("manifest.json", b"{", "damaged or no backup"),
        ("manifest.json", b'{"format_version": 9, "files": []}', "format 9"),
        ("manifest.json", escaping("state/../../evil"), "does not belong"),
        ("manifest.json", escaping("/etc/evil"), "does not belong"),
        ("manifest.json", escaping("warehouse.duckdb"), "does not belong"),
    ],
)
def test_a_changed_archive_is_refused_before_anything_is_touched(
    archive: Path, tmp_path: Path, change: str, content: bytes, words: str
) -> None:
    bad = rewritten(archive, tmp_path / "bad.tar.gz", change, content)
    other = Home(tmp_path / "other")
    with pytest.raises(BackupError, match=words):
        restore_backup(other, bad, at=NOW)
    assert not other.root.exists()


def test_half_an_archive_is_refused(archive: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.tar.gz"
    half.write_bytes(archive.read_bytes()[:200])
    with pytest.raises(BackupError, match="damaged"):
        read_backup(half)


def test_nothing_is_backed_up_while_a_run_changes_it(
    home: Home, tmp_path: Path
) -> None:
    with exclusive(home, purpose="a sync"), pytest.raises(BusyError, match="a sync"):
        write_backup(home, tmp_path / "backup.tar.gz", at=NOW)


def test_an_empty_home_has_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="no state yet"):
        write_backup(Home(tmp_path / "none"), tmp_path / "backup.tar.gz", at=NOW)


def test_a_restore_forgets_no_erasure_and_no_decision(
    home: Home, archive: Path
) -> None:
    from orchestration.privacy import audit
    from orchestration.privacy.suppressed import read_suppression, suppress

    suppress(home, [("email", "ada@x.example")], erasure="er_1", on=NOW.date())
    restore_backup(home, archive, at=NOW, replace=True)
    assert read_suppression(home).holds("email", "ada@x.example")
    assert [entry.action for entry in audit.read(home)] == ["backup", "restore"]
    assert audit.verify(home).problem is None


def test_who_was_erased_stays_away_when_an_older_archive_is_restored_elsewhere(
    home: Home, tmp_path: Path
) -> None:
    from orchestration.privacy.suppressed import read_suppression, suppress

    older = write_backup(home, home.backups / "tidycrm-older.tar.gz", at=NOW).file
    (home.backups / "tidycrm-half.tar.gz").write_bytes(older.read_bytes()[:100])
    suppress(home, [("email", "ada@x.example")], erasure="er_1", on=NOW.date())

    assert carry_suppression(home) == 1
    assert carry_suppression(home) == 0, "what is there already is not written again"
    there = Home(tmp_path / "another machine")
    restore_backup(there, older, at=NOW)
    assert read_suppression(there).holds("email", "ada@x.example")
    kept = content_of(there)
    assert {name: kept[name] for name in STATE} == STATE


def test_the_journal_of_an_unfinished_erasure_is_not_backed_up(
    home: Home, tmp_path: Path
) -> None:
    fill(home, {"state/erasures/er_1.json": b"somebody"})
    archive = write_backup(home, tmp_path / "another.tar.gz", at=NOW).file
    with tarfile.open(archive) as content:
        assert not any("erasures" in name for name in content.getnames())
