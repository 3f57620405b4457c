"""Associations of a live portal: all of them, with labels, and gone when they are gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.sandbox.faults import FaultKind
from tests.connectors.hubspot.portal import Scene, open_scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with open_scene(tmp_path, objects=("contacts", "companies")) as opened:
        yield opened


def _ids(scene: Scene, name: str) -> list[int]:
    return scene.portal.stores[name].ids


def test_more_associations_than_a_page_holds_are_all_read(tmp_path: Path) -> None:
    with open_scene(tmp_path, records=260, objects=("contacts", "companies")) as scene:
        links = scene.portal.associations
        scene.settings["associations"] = {"companies": ("contacts",)}
        plain = links.plain("companies", "contacts")
        for contact in _ids(scene, "contacts"):
            for company in _ids(scene, "companies")[:2]:
                links.add("companies", company, "contacts", contact, plain)
        scene.sync(association_batch=7)
        assert scene.differences() == []
        first = str(_ids(scene, "companies")[0])
        assert (
            len(
                {
                    row[1]
                    for row in scene.links("companies", "contacts")
                    if row[0] == first
                }
            )
            == 260
        )


def test_links_that_change_although_no_record_does_are_found(scene: Scene) -> None:
    scene.sync()
    links = scene.portal.associations
    contact, company = _ids(scene, "contacts")[0], _ids(scene, "companies")[5]
    label = links.define_label("contacts", "companies", "Billing contact")
    links.add("contacts", contact, "companies", company, label)
    scene.clock.advance(60)
    scene.sync()
    assert scene.differences() == []
    landed = scene.links("contacts", "companies")
    assert any(row[4] == "Billing contact" for row in landed)
    links.remove_kind("contacts", contact, "companies", company, label)
    links.remove("contacts", contact, "companies", _ids(scene, "companies")[0])
    scene.clock.advance(60)
    scene.sync()
    assert scene.differences() == []


def test_between_schedules_only_changed_records_are_asked_for(scene: Scene) -> None:
    daily = {"associations_refresh_every_hours": 24}
    scene.sync(**daily)
    links = scene.portal.associations
    quiet, busy = _ids(scene, "contacts")[:2]
    company = _ids(scene, "companies")[7]
    plain = links.plain("contacts", "companies")
    for contact in (quiet, busy):
        links.add("contacts", contact, "companies", company, plain)
    scene.clock.advance(60)
    scene.portal.update("contacts", busy, {"jobtitle": "x"})
    scene.sync(**daily)
    landed = {
        row[0] for row in scene.links("contacts", "companies") if row[1] == str(company)
    }
    assert str(busy) in landed
    assert str(quiet) not in landed
    scene.clock.advance(86_400)
    scene.sync(**daily)
    assert scene.differences() == []


def test_the_winner_of_a_merge_takes_the_links_of_records_that_did_not_change(
    scene: Scene,
) -> None:
    daily = {"associations_refresh_every_hours": 24}
    scene.sync(**daily)
    scene.clock.advance(60)
    a, b = _ids(scene, "companies")[:2]
    winner = scene.portal.merge("companies", a, b)
    scene.sync(**daily)
    assert scene.differences() == []
    landed = scene.links("contacts", "companies")
    assert any(row[1] == str(winner.id) for row in landed)


def test_links_of_records_that_are_gone_are_gone(scene: Scene) -> None:
    daily = {"associations_refresh_every_hours": 24}
    scene.sync(**daily)
    scene.clock.advance(60)
    scene.portal.archive("companies", _ids(scene, "companies")[0])
    scene.portal.archive("contacts", _ids(scene, "contacts")[1])
    scene.sync(**daily)
    assert scene.differences() == []
    scene.clock.advance(60)
    scene.portal.restore("companies", _ids(scene, "companies")[0])
    scene.sync(**daily)
    assert scene.differences() == []


def test_an_outage_before_the_associations_loses_none(scene: Scene) -> None:
    """What changed is found in the landed loads, not remembered by the process."""
    daily = {"associations_refresh_every_hours": 24}
    scene.sync(**daily)
    scene.clock.advance(60)
    links = scene.portal.associations
    contact, company = _ids(scene, "contacts")[3], _ids(scene, "companies")[9]
    plain = links.plain("contacts", "companies")
    links.add("contacts", contact, "companies", company, plain)
    scene.portal.update("contacts", contact, {"jobtitle": "x"})
    scene.fault(FaultKind.SERVER_ERROR, path="*/associations/*", count=99)
    assert scene.sync(**daily).skipped != ()
    scene.plan.clear()
    scene.clock.advance(86_000)
    scene.sync(**daily)
    assert scene.differences() == []
