"""A reading of all associations that is interrupted goes on where it was."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.landing import LoadMode
from connectors.sandbox.faults import FaultKind
from tests.connectors.hubspot.portal import Scene, open_scene
from tests.connectors.killing import HUBSPOT, Sync

CALLS = "*/associations/*/contacts/companies/batch/read"
PAIR = "associations_contacts_companies"
RECORDS = 90
# Nine calls for all contacts, and a portion after every third of them.
SMALL = {
    "association_batch": 10,
    "portion_records": 30,
    "associations_refresh_every_hours": 24,
    "archived": False,
}


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    both = ("contacts", "companies")
    with open_scene(tmp_path, records=RECORDS, objects=both) as opened:
        yield opened


def _ids(scene: Scene, name: str = "contacts") -> list[int]:
    # As text, because that is the order in which they are read.
    return sorted(scene.portal.stores[name].ids, key=str)


def _count_calls(scene: Scene, seconds: float = 0.0) -> None:
    scene.plan.clear()
    scene.fault(FaultKind.SLOW, path=CALLS, seconds=seconds, count=10_000)


def _calls(scene: Scene) -> int:
    return scene.plan.done.get("slow", 0)


def _entry(scene: Scene) -> dict[str, Any]:
    cursor = scene.landing.cursor("hubspot", "portal")
    assert cursor is not None
    return dict(cursor.get(PAIR, {}))


def _stop_after(scene: Scene, calls: int) -> None:
    scene.plan.clear()
    scene.fault(FaultKind.LIMIT, policy="DAILY", path=CALLS, after=calls, count=99)
    assert any("used up" in told for told in scene.sync(**SMALL).warnings)
    scene.plan.clear()


def test_a_killed_first_reading_goes_on_after_its_last_portion(scene: Scene) -> None:
    _count_calls(scene, seconds=0.1)
    settings = scene.settings | {"base_url": scene.url} | SMALL
    sync = Sync.start(HUBSPOT, settings, scene.landing.root, scene.now)
    deadline = time.monotonic() + 60
    while _calls(scene) < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert sync.kill()
    assert _entry(scene)["refresh"]["after"]
    _count_calls(scene)
    scene.sync(**SMALL)
    assert 0 < _calls(scene) <= 6  # of nine
    assert scene.differences() == []
    assert "refresh" not in _entry(scene)


def test_a_refresh_that_a_limit_stops_goes_on_and_finds_what_is_gone(
    scene: Scene,
) -> None:
    scene.sync(**SMALL)
    scene.clock.advance(2 * 86_400)
    links, ids = scene.portal.associations, _ids(scene)
    companies = _ids(scene, "companies")
    # Links that came and went without touching a record, before the stop and after it.
    for place in (2, RECORDS - 2):
        had = dict(links.of("contacts", ids[place], "companies"))
        links.remove("contacts", ids[place], "companies", next(iter(had)))
        plain = links.plain("contacts", "companies")
        links.add("contacts", ids[place], "companies", companies[place - 1], plain)
    _stop_after(scene, 4)
    landed = scene.links("contacts", "companies")
    assert (str(ids[2]), str(companies[1])) in {row[:2] for row in landed}
    _count_calls(scene)
    scene.sync(**SMALL)
    assert _calls(scene) == 6
    assert scene.differences() == []
    # It is done: the next one waits for its time.
    _count_calls(scene)
    scene.sync(**SMALL)
    assert _calls(scene) == 0


def test_what_changes_while_a_refresh_is_interrupted_is_not_missed(
    scene: Scene,
) -> None:
    """In the part that is behind it, and among the records that links lead to."""
    scene.sync(**SMALL)
    scene.clock.advance(2 * 86_400)
    _stop_after(scene, 4)
    scene.clock.advance(60)
    links, (first, second, *_) = scene.portal.associations, _ids(scene)
    plain = links.plain("contacts", "companies")
    links.add("contacts", first, "companies", _ids(scene, "companies")[40], plain)
    scene.portal.update("contacts", first, {"jobtitle": "changed behind its back"})
    scene.portal.archive("contacts", second)
    new = scene.portal.create("contacts", {"email": "new@x.example"})
    links.add("contacts", new.id, "companies", _ids(scene, "companies")[1], plain)
    scene.portal.archive("companies", _ids(scene, "companies")[5])
    scene.portal.merge("companies", *_ids(scene, "companies")[7:9])
    scene.sync(**SMALL | {"archived": True})
    assert scene.differences() == []


def test_a_silent_change_behind_an_interrupted_refresh_waits_for_the_next(
    scene: Scene,
) -> None:
    """The time to the next one counts from when the first portion was read."""
    scene.sync(**SMALL)
    scene.clock.advance(2 * 86_400)
    _stop_after(scene, 4)
    links, first = scene.portal.associations, _ids(scene)[0]
    plain = links.plain("contacts", "companies")
    scene.clock.advance(20 * 3_600)
    links.add("contacts", first, "companies", _ids(scene, "companies")[40], plain)
    scene.sync(**SMALL)
    assert len(scene.differences()) == 1
    scene.clock.advance(4 * 3_600)
    scene.sync(**SMALL)
    assert scene.differences() == []


def test_a_reading_in_one_piece_is_a_full_load(scene: Scene) -> None:
    scene.sync(association_batch=30)
    assert scene.landing.manifests("hubspot", PAIR, "portal")[-1].mode is LoadMode.FULL
