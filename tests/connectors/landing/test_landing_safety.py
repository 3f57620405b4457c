"""Safety: a kill at any instant, several writers, damaged files, lost receipts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from filelock import FileLock

from connectors.errors import EmptySnapshotError, LandingBusyError, LandingError
from connectors.landing import (
    InputFingerprint,
    Landing,
    Receipt,
    SnapshotBatch,
    atomic,
    fingerprint_file,
    fingerprint_text,
)

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def batch(name: str, object_name: str = "contact", rows: int = 3) -> SnapshotBatch:
    ids = [str(number) for number in range(rows)]
    return SnapshotBatch(
        source_type="salesforce",
        object=object_name,
        source_name="crm",
        frame=pl.DataFrame(
            {"name": [name] * rows, "_source_record_id": ids},
            schema_overrides={"name": pl.String, "_source_record_id": pl.String},
        ),
        extracted_at=MOMENT,
    )


def names(landing: Landing, object_name: str = "contact") -> set[str]:
    return set(landing.current("salesforce", object_name).collect()["name"].to_list())


def test_a_failure_before_the_rename_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing = Landing(tmp_path)
    landing.commit(batch("before"))

    def fail(folder: Path, target: Path) -> None:
        assert (folder / "manifest.json").exists(), "staged completely first"
        raise OSError("disk gone")

    with monkeypatch.context() as patched:
        patched.setattr(atomic, "move_into_place", fail)
        with pytest.raises(OSError, match="disk gone"):
            landing.commit(batch("after"))
    assert names(landing) == {"before"}
    assert len(landing.manifests()) == 1
    assert landing.commit(batch("after")).counts.changed == 3
    assert names(landing) == {"after"}


def test_several_objects_land_all_or_none(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    landing.commit_all([batch("a"), batch("a", "account")])
    with pytest.raises(EmptySnapshotError):
        landing.commit_all([batch("b"), batch("b", "account", rows=0)])
    assert names(landing) == {"a"}
    assert names(landing, "account") == {"a"}


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
@pytest.mark.parametrize("place", ["write_incoming", "compare", "write_part", "rename"])
def test_kill_9_leaves_a_readable_zone_that_the_next_run_completes(
    tmp_path: Path, place: str
) -> None:
    landing = Landing(tmp_path)
    landing.commit(batch("before"))
    script = textwrap.dedent(
        f"""
        import os, signal, sys
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parents[3])!r})
        import tests.connectors.landing.test_landing_safety as here
        from connectors.landing import atomic, store
        from connectors.landing.capture import ChangeCapture
        def die(*args, **kwargs):
            os.kill(os.getpid(), signal.SIGKILL)
        owner, name = {{
            "write_incoming": (store, "write_incoming"),
            "compare": (ChangeCapture, "compare"),
            "write_part": (ChangeCapture, "write_part"),
            "rename": (atomic, "move_into_place"),
        }}[{place!r}]
        setattr(owner, name, die)
        here.Landing(Path({str(tmp_path)!r})).commit(here.batch("after"))
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    left = [path for path in (tmp_path / "_tmp").iterdir() if path.is_dir()]
    assert left, "the killed process left its working folder"
    assert names(landing) == {"before"}
    assert landing.commit(batch("after")).counts.changed == 3
    assert names(landing) == {"after"}
    assert not any(path.is_dir() for path in (tmp_path / "_tmp").iterdir())


def test_working_folders_of_living_processes_are_left_alone(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    with landing.workspace() as folder:
        (folder / "spool").write_text("x")
        assert Landing(tmp_path).clean() == 0
        assert (folder / "spool").exists()
    assert not folder.exists()


def test_a_folder_without_lock_is_removed(tmp_path: Path) -> None:
    stray = tmp_path / "_tmp" / "0123"
    stray.mkdir(parents=True)
    assert Landing(tmp_path).clean() == 1
    assert not stray.exists()


def test_a_busy_source_is_a_retryable_error(tmp_path: Path) -> None:
    landing = Landing(tmp_path, lock_timeout=0.05)
    landing.commit(batch("a"))
    with (
        FileLock(tmp_path / "_locks" / "salesforce.crm.lock"),
        pytest.raises(LandingBusyError, match="wait for that sync"),
    ):
        landing.commit(batch("b"))
    assert landing.commit(batch("b")).is_written


def test_a_damaged_manifest_names_itself(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    path = landing.commit(batch("a")).path
    assert path is not None
    (path / "manifest.json").write_text("{")
    with pytest.raises(LandingError, match=r"manifest .*manifest\.json cannot be read"):
        landing.manifests()


def test_a_manifest_of_a_later_format_asks_for_an_upgrade(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    path = landing.commit(batch("a")).path
    assert path is not None
    manifest = path / "manifest.json"
    manifest.write_text(
        manifest.read_text().replace('"format_version": 1', '"format_version": 99')
    )
    with pytest.raises(LandingError, match="upgrade tidycrm"):
        landing.manifests()


def test_receipts_recognise_the_same_inputs_and_settings_only(tmp_path: Path) -> None:
    landing = Landing(tmp_path / "landing")
    file = tmp_path / "a.csv"
    file.write_text("x")
    inputs = (fingerprint_file(file),)
    assert landing.receipt("spreadsheet", "shop") is None
    receipt = Receipt(
        source_type="spreadsheet",
        source_name="shop",
        settings=fingerprint_text("v1"),
        inputs=inputs,
        synced_at=MOMENT,
        rows={"orders": 1},
    )
    landing.write_receipt(receipt)
    known = landing.receipt("spreadsheet", "shop")
    assert known == receipt
    assert known.matches(inputs, fingerprint_text("v1"))
    assert not known.matches(inputs, fingerprint_text("v2"))
    file.write_text("y")
    assert not known.matches((fingerprint_file(file),), fingerprint_text("v1"))
    assert not known.matches((), fingerprint_text("v1"))


def test_a_damaged_receipt_only_costs_a_second_reading(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    fingerprint = InputFingerprint(name="a", sha256="b", bytes=1)
    landing.write_receipt(
        Receipt(
            source_type="hubspot",
            source_name="hub",
            settings="s",
            inputs=(fingerprint,),
            synced_at=MOMENT,
        )
    )
    [path] = (tmp_path / "_receipts").rglob("*.json")
    path.write_text("not json")
    assert landing.receipt("hubspot", "hub") is None
