"""The kept event log: the same events in batches as one by one, and no connection too many."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from orchestration.dagster_storage import KeptEngineEventLogStorage

NAMES = [f"table_{number}" for number in range(5)]


@dg.multi_asset(specs=[dg.AssetSpec(name) for name in NAMES])
def tables() -> object:
    for name in NAMES:
        yield dg.MaterializeResult(asset_key=name, metadata={"rows": 1})


def instance_in(folder: Path) -> dg.DagsterInstance:
    folder.mkdir()
    (folder / "dagster.yaml").write_text(
        "telemetry: {enabled: false}\n"
        "event_log_storage:\n"
        "  module: orchestration.dagster_storage\n"
        "  class: KeptEngineEventLogStorage\n"
        f"  config: {{base_dir: '{folder / 'history'}'}}\n"
    )
    return dg.DagsterInstance.from_config(str(folder))


def events_of(instance: dg.DagsterInstance, run_id: str) -> list[tuple[object, object]]:
    return sorted(
        (str(entry.dagster_event_type), str(entry.get_dagster_event().asset_key))
        for entry in instance.all_logs(run_id)
        if entry.is_dagster_event
    )


def test_events_that_come_together_are_stored_as_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = []
    for size in ("0", "1000"):
        monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", size)
        with instance_in(tmp_path / size) as instance:
            result = dg.materialize([tables], instance=instance)
            stored.append(events_of(instance, result.run_id))
            for name in NAMES:
                assert instance.get_latest_materialization_event(dg.AssetKey(name))
    assert stored[0] == stored[1]
    planned = [kind for kind, _ in stored[0] if "PLANNED" in str(kind)]
    assert len(planned) == len(NAMES)


def test_a_batch_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with instance_in(tmp_path / "home") as instance:
        result = dg.materialize([tables], instance=instance)
        before = events_of(instance, result.run_id)
        entries = instance.all_logs(result.run_id)
        storage = instance.event_log_storage
        with pytest.raises(Exception, match="EventLogEntry"):
            storage.store_event_batch([entries[0], _Broken(entries[0].run_id)])  # type: ignore[list-item]
        assert events_of(instance, result.run_id) == before


class _Broken:
    """No event at all, from a run that exists."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id


def test_only_the_latest_run_stays_open(tmp_path: Path) -> None:
    with instance_in(tmp_path / "home") as instance:
        for _ in range(3):
            result = dg.materialize([tables], instance=instance)
        storage = instance.event_log_storage
        assert isinstance(storage, KeptEngineEventLogStorage)
        assert set(storage._kept_open) == {"index", result.run_id}
