"""A list of every record that is interrupted goes on where it was, and loses nothing."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.hubspot.api.listing import Listing
from connectors.landing import LoadMode
from connectors.sandbox.faults import FaultKind
from connectors.sandbox.hubspot import TOKEN
from connectors.sandbox.hubspot_life import PortalLife
from tests.connectors.hubspot.portal import Scene, open_scene
from tests.connectors.killing import HUBSPOT, Sync

# Contacts come in pages of 50 with their history, and in portions of two pages.
SMALL = {"portion_records": 100, "archived": False}
LIST = "*/objects/2026-03/contacts"
RECORDS = 460


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with open_scene(tmp_path, records=RECORDS, objects=("contacts",)) as opened:
        yield opened


def _pages(scene: Scene) -> int:
    """Count the list pages that the next sync asks for, by a fault that only waits."""
    return scene.plan.done.get("slow", 0)


def _count_pages(scene: Scene, seconds: float = 0.0) -> None:
    scene.plan.clear()
    scene.fault(FaultKind.SLOW, path=LIST, seconds=seconds, count=10_000)


def _listing(scene: Scene) -> object:
    cursor = scene.landing.cursor("hubspot", "portal")
    assert cursor is not None
    return cursor["contacts"].get("listing")


def _kill_after(scene: Scene, pages: int, **changes: object) -> None:
    """Sync in a process of its own, and kill it after some pages."""
    _count_pages(scene, seconds=0.15)
    settings = scene.settings | {"base_url": scene.url} | SMALL | changes
    sync = Sync.start(HUBSPOT, settings, scene.landing.root, scene.now)
    deadline = time.monotonic() + 60
    while _pages(scene) < pages and time.monotonic() < deadline:
        time.sleep(0.02)
    assert sync.kill()


def test_a_killed_first_load_goes_on_after_its_last_portion(scene: Scene) -> None:
    _kill_after(scene, 6)
    assert len(scene.rows("contacts")) >= 200
    assert _listing(scene)
    _count_pages(scene)
    scene.sync(**SMALL)
    assert _pages(scene) <= 6  # of ten; two of them were on their way when it died
    assert scene.differences() == []
    assert not _listing(scene)


def test_a_killed_full_refresh_goes_on_and_finds_what_vanished(scene: Scene) -> None:
    scene.sync(**SMALL)
    scene.clock.advance(8 * 86_400)
    ids = list(scene.portal.stores["contacts"].ids)
    # Gone without a trace: from the portions before the kill, and from those after.
    for place in (3, 150, RECORDS - 3):
        scene.portal.purge("contacts", ids[place])
    scene.portal.merge("contacts", ids[20], ids[RECORDS - 20])
    _kill_after(scene, 6)
    assert _listing(scene)
    _count_pages(scene)
    scene.clock.advance(60)
    scene.portal.purge("contacts", ids[RECORDS - 40])
    report = scene.sync(**SMALL)
    assert report.warnings == ()
    assert _pages(scene) <= 6
    assert scene.differences() == []
    gone = [
        key
        for key, row in scene.rows("contacts").items()
        if row["_delete_kind"] == "absent"
    ]
    places = (3, 150, RECORDS - 3, RECORDS - 40)
    assert sorted(gone) == sorted(str(ids[n]) for n in places)
    # The refresh is done: the next one waits for its time.
    _count_pages(scene)
    scene.sync(**SMALL)
    assert _pages(scene) == 0


def test_changes_are_read_before_a_refresh_goes_on(scene: Scene) -> None:
    scene.sync(**SMALL)
    scene.clock.advance(8 * 86_400)
    scene.fault(FaultKind.LIMIT, policy="DAILY", path=LIST, after=4, count=99)
    stopped = scene.sync(**SMALL)
    assert any("used up" in warning for warning in stopped.warnings)
    first = scene.portal.stores["contacts"].ids[0]
    scene.clock.advance(60)
    scene.portal.update("contacts", first, {"jobtitle": "changed after its page"})
    again = scene.sync(**SMALL)  # the limit still holds for lists
    assert again.counts["contacts"].changed == 1
    assert _listing(scene)
    scene.plan.clear()
    scene.sync(**SMALL)
    assert scene.differences() == []
    assert not _listing(scene)


@pytest.mark.slow
def test_a_place_that_the_portal_no_longer_knows_begins_the_list_again(
    scene: Scene,
) -> None:
    scene.sync(**SMALL)
    scene.clock.advance(8 * 86_400)
    scene.fault(FaultKind.LIMIT, policy="DAILY", path=LIST, after=4, count=1)
    scene.sync(**SMALL)
    gone = scene.portal.stores["contacts"].ids[10]
    scene.portal.purge("contacts", gone)
    scene.fault(FaultKind.SERVER_ERROR, status=400, path=LIST, count=1)
    assert scene.sync(**SMALL).warnings == ()
    assert scene.differences() == []
    assert not _listing(scene)


def test_a_list_in_one_piece_is_a_full_load(scene: Scene) -> None:
    scene.sync()
    manifest = scene.landing.manifests("hubspot", "contacts", "portal")[-1]
    assert manifest.mode is LoadMode.FULL


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_however_often_it_is_interrupted_nothing_is_lost(
    tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    with open_scene(tmp_path, records=330, objects=("contacts",)) as scene:
        life = PortalLife(scene.portal, rng)
        for round_number in range(2):
            scene.clock.advance(8 * 86_400)
            for _ in range(6):
                life.live(4)
                ids = scene.portal.stores["contacts"].ids
                scene.portal.purge("contacts", rng.choice(ids))
                pages = rng.randrange(1, 5)
                scene.plan.clear()
                scene.fault(
                    FaultKind.LIMIT, policy="DAILY", path=LIST, after=pages, count=99
                )
                scene.clock.advance(rng.choice((0.5, 30.0)))
                scene.sync(portion_records=rng.choice((50, 100, 50_000)))
                if not _listing(scene):
                    break
            scene.plan.clear()
            scene.clock.advance(60)
            scene.sync(portion_records=100)
            assert not _listing(scene)
            # One that nothing interrupts finds what was purged behind the list's back.
            scene.sync(full_refresh_every_days=0)
            assert scene.differences() == [], f"seed {seed}, round {round_number}"


def test_too_many_unseen_records_begin_the_list_again() -> None:
    listing = Listing(after="7", seen_to=7)
    assert listing.advance([str(n) for n in range(20_001)]) is None
    assert Listing.resume(None) == Listing()
    kept = Listing(after="7", seen_to=7, high=5)
    assert Listing.resume(kept.advance(["3"])).unseen == ["3"]


def test_the_token_stays_out_of_the_cursor(scene: Scene) -> None:
    scene.fault(FaultKind.LIMIT, policy="DAILY", path=LIST, after=3, count=99)
    scene.sync(**SMALL)
    cursors = list(scene.landing.root.glob("_cursors/**/*.json"))
    assert cursors
    assert not any(TOKEN in path.read_text() for path in cursors)
