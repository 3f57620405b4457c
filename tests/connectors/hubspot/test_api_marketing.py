"""Lists of contacts and marketing e-mail: what lands, what a change costs, faults."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connectors.findings import Level
from connectors.hubspot.api import client
from connectors.hubspot.api.check import check_api
from connectors.hubspot.api.client import HubspotClient
from connectors.hubspot.api.config import MARKETING
from connectors.landing import SourceReport
from connectors.sandbox.faults import FaultKind
from connectors.sandbox.hubspot_marketing import Mailing
from tests.connectors.hubspot.portal import Scene, open_scene

LISTS, EVENTS = "/crm/lists/2026-03", "/email/public/v1/events"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with open_scene(tmp_path, records=30, objects=("contacts",)) as opened:
        opened.settings["marketing"] = MARKETING
        yield opened


def _contacts(scene: Scene) -> list[int]:
    return list(scene.portal.stores["contacts"].ids)


def _send(scene: Scene, count: int) -> Mailing:
    """Send so many mails, a second apart, each of which is opened."""
    marketing = scene.portal.marketing
    mailing = marketing.add_mailing("News", "What is new")
    for number in range(count):
        scene.clock.advance(1)
        address = f"reader{number}@example.com"
        sent = marketing.happen(mailing, "SENT", address, subject="What is new")
        marketing.happen(mailing, "OPEN", address, sent=sent, duration=1_500)
    scene.clock.advance(1)
    return mailing


def _written(report: SourceReport) -> list[str]:
    return [load.object for load in report.loads if load.is_written]


def test_lists_land_with_their_members(scene: Scene) -> None:
    marketing = scene.portal.marketing
    readers, nobody = marketing.add_list("Readers"), marketing.add_list("Nobody")
    marketing.join(readers.id, _contacts(scene)[:20])
    report = scene.sync()
    assert report.warnings == ()
    lists = scene.rows("contact_lists")
    assert lists[str(readers.id)]["name"] == "Readers"
    assert lists[str(readers.id)]["size"] == "20"
    assert lists[str(nobody.id)]["size"] == "0"
    assert scene.members() == scene.expected_members()
    assert len(scene.members()) == 20


def test_long_lists_of_members_are_followed_to_their_end(tmp_path: Path) -> None:
    with open_scene(tmp_path, records=620, objects=("contacts",)) as scene:
        marketing = scene.portal.marketing
        marketing.join(marketing.add_list("All").id, _contacts(scene))
        scene.sync(marketing=("contact_lists",))
        assert scene.members() == scene.expected_members()


def test_only_lists_in_which_something_moved_are_read_again(scene: Scene) -> None:
    marketing, people = scene.portal.marketing, _contacts(scene)
    lists = [marketing.add_list(f"List {number}") for number in range(6)]
    for each in lists:
        marketing.join(each.id, people[:5])
    for _ in range(3):
        quiet = scene.sync()
        scene.clock.advance(3600)
    assert _written(quiet) == []
    # One leaves and another comes: the size stays the same.
    marketing.leave(lists[2].id, people[:1])
    marketing.join(lists[2].id, people[6:7])
    scene.clock.advance(3600)
    report = scene.sync()
    assert scene.members() == scene.expected_members()
    assert quiet.usage is not None
    assert report.usage is not None
    assert report.usage.calls == quiet.usage.calls + 1


@pytest.mark.parametrize("way", ["deleted", "vanished"])
def test_a_list_that_is_gone_takes_its_members_with_it(scene: Scene, way: str) -> None:
    marketing = scene.portal.marketing
    for name in ("Kept", "Gone"):
        marketing.join(marketing.add_list(name).id, _contacts(scene)[:4])
    scene.sync()
    if way == "deleted":
        marketing.remove_list(2)
    else:
        del marketing.lists[2]
    scene.clock.advance(60)
    scene.sync()
    assert scene.members() == scene.expected_members()
    gone = scene.rows("contact_lists")["2"]
    assert gone["_is_deleted"]
    assert gone["_delete_kind"] == ("soft" if way == "deleted" else "absent")
    assert gone["name"] == "Gone"


def test_a_list_that_goes_while_lists_are_read_stops_no_other(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    marketing = scene.portal.marketing
    for name in ("Going", "Kept"):
        marketing.join(marketing.add_list(name).id, _contacts(scene)[:4])
    real = HubspotClient.post

    def post(self: HubspotClient, path: str, body: Any, **settings: Any) -> Any:
        answer = real(self, path, body, **settings)
        if path.endswith("/lists/2026-03/search"):
            marketing.remove_list(1)
        return answer

    monkeypatch.setattr(HubspotClient, "post", post)
    report = scene.sync()
    assert report.warnings == ()
    assert scene.members() == scene.expected_members()


def test_a_merged_contact_hands_its_place_on(scene: Scene) -> None:
    marketing, people = scene.portal.marketing, _contacts(scene)
    marketing.join(marketing.add_list("Readers").id, people[:3])
    scene.sync()
    winner = scene.portal.merge("contacts", people[0], people[1])
    scene.clock.advance(60)
    scene.sync()
    assert ("1", str(winner.id)) in scene.members()
    assert scene.members() == scene.expected_members()


def test_a_portal_without_marketing_lands_nothing_and_warns_of_nothing(
    scene: Scene,
) -> None:
    report = scene.sync()
    assert report.warnings == ()
    assert {"contact_lists", "email_events"}.isdisjoint(report.counts)


def test_events_land_once_with_what_the_warehouse_needs(scene: Scene) -> None:
    mailing = _send(scene, 3)
    scene.sync()
    rows = list(scene.rows("email_events").values())
    assert len(rows) == 6
    opened = next(row for row in rows if row["event_type"] == "OPEN")
    assert opened["recipient_email"].endswith("@example.com")
    assert opened["email_campaign_id"] == str(mailing.id)
    assert opened["duration_ms"] == "1500"
    sent = {row["event_id"] for row in rows if row["event_type"] == "SENT"}
    assert opened["sent_by_id"] in sent
    # Where somebody read a mail is not needed, and not kept.
    assert not any("192.0.2.1" in str(value) for row in rows for value in row.values())
    scene.clock.advance(3600)
    assert _written(scene.sync()) == []


def test_only_events_since_the_last_sync_are_read(scene: Scene) -> None:
    _send(scene, 900)
    first = scene.sync()
    scene.clock.advance(7200)
    marketing = scene.portal.marketing
    marketing.happen(marketing.mailings[5_000_001], "CLICK", "reader1@example.com")
    scene.clock.advance(5)
    second = scene.sync(overlap_seconds=0)
    assert first.counts["email_events"].new == 1_800
    assert second.counts["email_events"].new == 1
    assert second.counts["email_events"].unchanged <= 2


def test_an_event_that_shows_late_is_found_by_the_overlap(scene: Scene) -> None:
    _send(scene, 3)
    scene.sync()
    late = dict(scene.portal.marketing.events[-1])
    late |= {"id": "late", "created": late["created"] - 300_000}
    scene.portal.marketing.events.insert(0, late)
    scene.clock.advance(60)
    assert scene.sync().counts["email_events"].new == 1


def test_events_are_read_from_the_day_that_is_given(scene: Scene) -> None:
    marketing = scene.portal.marketing
    mailing = _send(scene, 2)
    scene.clock.advance(5 * 86_400)
    marketing.happen(mailing, "OPEN", "reader0@example.com")
    scene.clock.advance(1)
    report = scene.sync(email_events_since=date(2026, 5, 31))
    assert report.counts["email_events"].new == 1


@pytest.mark.parametrize("calls", [3, 4, 5, 7])
def test_a_reading_that_was_cut_off_is_completed_by_the_next(
    scene: Scene, calls: int
) -> None:
    _send(scene, 3_500)
    expected = len(scene.portal.marketing.events)
    scene.fault(FaultKind.LIMIT, policy="DAILY", path=EVENTS, after=calls - 2)
    stopped = scene.sync(marketing=("email_events",), portion_records=2_000)
    assert any("stopped early" in warning for warning in stopped.warnings)
    landed = len(scene.rows("email_events"))
    assert landed < expected
    marketing = scene.portal.marketing
    scene.clock.advance(60)
    marketing.happen(marketing.mailings[5_000_001], "CLICK", "new@example.com")
    scene.clock.advance(60)
    scene.sync(marketing=("email_events",), portion_records=2_000)
    assert len(scene.rows("email_events")) == expected + 1


def test_events_in_no_order_are_not_taken_for_all_that_is_left(scene: Scene) -> None:
    _send(scene, 3_500)
    scene.portal.marketing.events.reverse()  # shown the oldest first
    expected = len(scene.portal.marketing.events)
    scene.fault(FaultKind.LIMIT, policy="DAILY", path=EVENTS, after=3)
    scene.sync(marketing=("email_events",), portion_records=1_000)
    assert len(scene.rows("email_events")) < expected
    scene.sync(marketing=("email_events",), portion_records=1_000)
    assert len(scene.rows("email_events")) == expected


def test_campaigns_are_described_once_and_again_when_they_were_active(
    scene: Scene,
) -> None:
    _send(scene, 2)
    mailing = _send(scene, 1)
    scene.sync()
    rows = scene.rows("email_campaigns")
    assert len(rows) == 2
    assert rows[str(mailing.id)]["subject"] == "What is new"
    assert rows[str(mailing.id)]["num_included"] == "1"
    scene.clock.advance(60)
    marketing = scene.portal.marketing
    marketing.happen(mailing, "SENT", "later@example.com")
    report = scene.sync()
    assert report.counts["email_campaigns"].changed == 1
    assert scene.rows("email_campaigns")[str(mailing.id)]["num_included"] == "2"


def test_a_campaign_whose_details_are_gone_keeps_its_number(scene: Scene) -> None:
    mailing = _send(scene, 1)
    mailing.is_forgotten = True
    report = scene.sync()
    assert report.warnings == ()
    row = scene.rows("email_campaigns")[str(mailing.id)]
    assert row["app_name"] == "Batch"
    assert row["name"] is None


@pytest.mark.parametrize("name", MARKETING)
def test_what_the_token_may_not_read_is_named_and_the_rest_goes_on(
    scene: Scene, name: str
) -> None:
    _send(scene, 1)
    marketing = scene.portal.marketing
    marketing.join(marketing.add_list("Readers").id, _contacts(scene)[:2])
    scene.portal.settings.denied = {name}
    report = scene.sync()
    scope = "crm.lists.read" if name == "contact_lists" else "content"
    (warning,) = report.warnings
    assert name in warning
    assert scope in warning
    assert report.errors == ()
    assert {*MARKETING} - {name} <= set(report.counts)


def test_the_check_names_what_may_not_be_read(scene: Scene) -> None:
    scene.portal.settings.denied = {"contact_lists"}
    findings = {
        finding.what.split(": ")[1]: finding
        for finding in check_api(scene.config(), now=scene.now)
    }
    assert findings["contact_lists"].level is Level.WARN
    assert "crm.lists.read" in findings["contact_lists"].what
    assert findings["email_campaigns"].level is Level.OK
    assert findings["email_events"].level is Level.OK


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (EVENTS, {"events": [], "hasMore": True}),
        (EVENTS, {"results": []}),
        (EVENTS, {"events": [{"id": "x"}], "hasMore": False}),
        (f"{LISTS}/search", {"lists": [{"name": "x"}], "hasMore": False}),
        (f"{LISTS}/search", {"results": []}),
    ],
)
def test_an_answer_that_cannot_be_is_an_error_of_that_object_alone(
    scene: Scene, path: str, answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = client._document

    def document(response: Any, what: str) -> dict[str, Any]:
        return answer if what.endswith(path) else real(response, what)

    monkeypatch.setattr(client, "_document", document)
    report = scene.sync()
    assert len(report.errors) == 1
    assert "expected" in str(report.errors[0]) or "promises" in str(report.errors[0])
    assert report.counts["contacts"].new == 30
