"""Packing changes the number of files and nothing that any reader sees."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from connectors.landing import (
    Landing,
    LoadMode,
    SnapshotBatch,
    atomic,
    pack_landing,
    packing,
)

START = datetime(2026, 1, 15, tzinfo=UTC)
PLACE = ("salesforce", "contact")
KEY = ["_source_name", "_source_record_id", "_load_id"]


def land(zone: Landing, hour: int, rows: dict[str, str], **columns: str) -> None:
    frame = pl.DataFrame(
        {
            "_source_record_id": list(rows),
            "name": list(rows.values()),
            **{name: [value] * len(rows) for name, value in columns.items()},
        }
    )
    zone.commit(
        SnapshotBatch(
            source_type="salesforce",
            object="contact",
            source_name="crm",
            frame=frame,
            extracted_at=START + timedelta(hours=hour),
            mode=LoadMode.FULL,
        )
    )
    zone.write_cursor("salesforce", "crm", {"contact": {"hour": hour}})


def seen(zone: Landing) -> dict[str, object]:
    cursor = zone.cursor("salesforce", "crm")
    assert cursor is not None
    return {
        "manifests": zone.manifests(),
        "cursor": (dict(cursor), cursor.notes),
        "drift": zone.drift(),
    }


def rows(zone: Landing) -> tuple[pl.DataFrame, pl.DataFrame]:
    return (
        zone.current(*PLACE).collect().sort(KEY),
        zone.versions(*PLACE).collect().sort(KEY),
    )


def assert_same(
    before: tuple[pl.DataFrame, pl.DataFrame], after: tuple[pl.DataFrame, pl.DataFrame]
) -> None:
    for one, other in zip(before, after, strict=True):
        assert_frame_equal(one, other, check_column_order=False)


@pytest.fixture
def zone(tmp_path: Path) -> Landing:
    zone = Landing(tmp_path)
    zone.ensure_contract(*PLACE, ["name"])
    for hour in range(4):
        people = {str(n): f"p{n}" for n in range(8) if n != hour}
        people["3"] = f"changed {hour}"
        # A column that comes later, and one that is gone again.
        extra = {"tier": "gold"} if hour == 1 else {}
        land(zone, hour, people, **extra)
    return zone


def parts(zone: Landing) -> list[Path]:
    return sorted(zone.root.glob("salesforce/contact/source=crm/*/part-*.parquet"))


def test_current_state_history_manifests_and_cursor_are_unchanged(
    zone: Landing,
) -> None:
    before, facts, files = rows(zone), seen(zone), len(parts(zone))
    (packed,) = pack_landing(zone.root, at_least=3)
    assert (packed.files_before, packed.files_after) == (files, 1)
    assert packed.bytes_after < packed.bytes_before
    assert len(parts(zone)) == 1
    assert_same(before, rows(zone))
    assert seen(zone) == facts
    # Names of folders are places, not data.
    assert not {"load", "source"} & set(rows(zone)[1].columns)


def test_landing_goes_on_as_without_packing(zone: Landing, tmp_path: Path) -> None:
    import shutil

    twin = Landing(tmp_path.with_name(f"{tmp_path.name}-twin"))
    shutil.copytree(zone.root, twin.root)
    pack_landing(zone.root, at_least=3)
    for each in (zone, twin):
        land(each, 20, {str(n): f"p{n}" for n in range(2, 10)})
    assert_same(rows(twin), rows(zone))
    assert seen(zone) == seen(twin)
    pack_landing(zone.root, at_least=2)
    assert_same(rows(twin), rows(zone))


def test_few_files_are_left_alone(zone: Landing) -> None:
    before = parts(zone)
    assert pack_landing(zone.root, at_least=100) == []
    assert parts(zone) == before


@pytest.mark.parametrize(
    "moment", ["before the file", "before removing", "half removed"]
)
def test_a_kill_at_any_moment_loses_and_doubles_nothing(
    zone: Landing, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    before = rows(zone)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    if moment == "before the file":
        monkeypatch.setattr(atomic, "replace_file", killed)
    elif moment == "before removing":
        monkeypatch.setattr(packing, "_complete", killed)
    else:
        removed: list[Path] = []
        real = Path.unlink

        def some(path: Path, *, missing_ok: bool = False) -> None:
            if path.name == "part-0.parquet":
                removed.append(path)
                if len(removed) > 2:
                    raise KeyboardInterrupt
            real(path, missing_ok=missing_ok)

        monkeypatch.setattr(Path, "unlink", some)
    with pytest.raises(KeyboardInterrupt):
        pack_landing(zone.root, at_least=3)
    monkeypatch.undo()
    zone.clean()
    assert_same(before, rows(zone))
    pack_landing(zone.root, at_least=2)
    assert_same(before, rows(zone))
