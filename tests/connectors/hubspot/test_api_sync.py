"""What a sync of a live portal lands: first load, changes, deletions, merges."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.sandbox.hubspot_schema import PropertyDefinition
from tests.connectors.hubspot.portal import Scene, bulk_update, open_scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Contacts alone: enough for most of what a sync must do, and quick."""
    with open_scene(tmp_path, objects=("contacts",)) as opened:
        yield opened


@pytest.fixture
def deals(tmp_path: Path) -> Iterator[Scene]:
    with open_scene(tmp_path, objects=("deals",)) as opened:
        yield opened


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Scene]:
    """All four main objects with their associations."""
    with open_scene(tmp_path) as opened:
        yield opened


def _contact(scene: Scene, place: int = 0) -> int:
    return scene.portal.stores["contacts"].ids[place]


def test_the_first_load_brings_every_record_with_every_property(whole: Scene) -> None:
    report = whole.sync()
    assert report.warnings == ()
    assert report.skipped == ()
    assert whole.differences() == []
    assert report.counts["contacts"].new == 12
    assert report.usage is not None
    assert report.usage.rows > 48


def test_a_sync_without_changes_lands_nothing(scene: Scene) -> None:
    scene.sync()
    scene.clock.advance(3600)
    again = scene.sync()
    assert [load.object for load in again.loads if load.is_written] == []


def test_an_incremental_sync_costs_calls_in_proportion_to_the_changes(
    tmp_path: Path,
) -> None:
    with open_scene(tmp_path, records=700, objects=["contacts"]) as scene:
        first = scene.sync()
        assert first.usage is not None
        scene.clock.advance(7200)
        scene.sync()
        scene.clock.advance(3600)
        for place in range(5):
            scene.portal.update("contacts", _contact(scene, place), {"jobtitle": "x"})
        scene.clock.advance(10)
        second = scene.sync()
        assert second.usage is not None
        assert second.counts["contacts"].changed == 5
        # Account, owners twice, properties, recycle bin, one search, one batch.
        assert second.usage.calls == 7
        assert first.usage.calls > 14


def test_a_change_is_read_although_it_happened_while_reading_went_on(
    scene: Scene,
) -> None:
    scene.sync()
    scene.clock.advance(60)
    scene.portal.update("contacts", _contact(scene), {"jobtitle": "Lead"})
    scene.portal.create("contacts", {"email": "new@example.com"})
    scene.clock.advance(1)
    scene.sync()
    assert scene.differences() == []


def test_more_records_than_the_cap_changed_in_one_instant(tmp_path: Path) -> None:
    with open_scene(tmp_path, records=450, objects=["contacts"]) as scene:
        scene.sync()
        scene.portal.settings.search_cap = 200
        scene.clock.advance(3600)
        ids = list(scene.portal.stores["contacts"].ids)
        bulk_update(scene.portal, "contacts", ids[:430])
        scene.clock.advance(1)
        bulk_update_later = ids[430:440]
        for number in bulk_update_later:
            scene.portal.update("contacts", number, {"jobtitle": "later"})
        scene.clock.advance(3600)
        report = scene.sync()
        assert report.counts["contacts"].changed == 440
        assert scene.record_differences("contacts") == []


def test_changes_that_search_shows_late_are_not_lost(scene: Scene) -> None:
    scene.sync()
    scene.portal.settings.search_lag_ms = 120_000
    scene.clock.advance(3600)
    scene.portal.update("contacts", _contact(scene, 1), {"jobtitle": "early"})
    scene.clock.advance(119)
    scene.portal.update("contacts", _contact(scene, 2), {"jobtitle": "second"})
    scene.sync()  # sees neither
    scene.clock.advance(2)
    scene.sync()  # sees the first
    scene.clock.advance(300)
    scene.sync()
    assert scene.differences() == []


def test_a_late_change_before_the_newest_seen_one_is_found_by_the_overlap(
    scene: Scene,
) -> None:
    scene.sync()
    scene.clock.advance(3600)
    store = scene.portal.stores["contacts"]
    late, seen = store.records[_contact(scene, 2)], _contact(scene, 3)
    scene.portal.update("contacts", late.id, {"jobtitle": "late"})
    hidden = (late.updated, late.id)
    store.by_update.remove(hidden)  # the index has not taken it up yet
    scene.clock.advance(30)
    scene.portal.update("contacts", seen, {"jobtitle": "seen"})
    scene.sync()
    assert scene.rows("contacts")[str(late.id)]["jobtitle"] is None
    store.by_update.append(hidden)
    store.by_update.sort()
    scene.clock.advance(60)
    scene.sync()
    assert scene.differences() == []


@pytest.mark.parametrize("off", [timedelta(hours=-9), timedelta(days=3)])
def test_a_clock_that_is_off_loses_nothing(scene: Scene, off: timedelta) -> None:
    scene.sync(at=scene.now + off)
    for place in range(4):
        scene.clock.advance(1800)
        scene.portal.update(
            "contacts", _contact(scene, place), {"jobtitle": f"{place}"}
        )
        scene.sync(at=scene.now + off)
        assert scene.differences() == []


def test_archived_records_are_deleted_softly_and_restored(scene: Scene) -> None:
    scene.sync()
    number = _contact(scene)
    scene.clock.advance(60)
    scene.portal.archive("contacts", number)
    scene.sync()
    row = scene.rows("contacts")[str(number)]
    assert (row["_is_deleted"], row["_delete_kind"]) == (True, "soft")
    assert row["email"] == "contacts 0"
    scene.clock.advance(60)
    scene.portal.restore("contacts", number)
    scene.sync()
    assert scene.differences() == []
    assert not scene.rows("contacts")[str(number)]["_is_deleted"]


def test_a_merge_leaves_a_trail_from_both_old_ids_to_the_new_one(scene: Scene) -> None:
    scene.sync()
    scene.clock.advance(60)
    a, b = _contact(scene, 0), _contact(scene, 1)
    winner = scene.portal.merge("contacts", a, b)
    scene.sync()
    rows = scene.rows("contacts")
    assert winner.id not in (a, b)
    for loser in (a, b):
        assert rows[str(loser)]["_delete_kind"] == "merged"
        assert rows[str(loser)]["_merged_into"] == str(winner.id)
    assert scene.differences() == []


@pytest.mark.parametrize("lists_ancestors", [True, False])
def test_a_chain_of_merges_ends_in_its_last_record(
    scene: Scene, lists_ancestors: bool
) -> None:
    scene.portal.settings.merges_list_ancestors = lists_ancestors
    scene.sync()
    scene.clock.advance(60)
    a, b, c = (_contact(scene, place) for place in range(3))
    first = scene.portal.merge("contacts", a, b)
    scene.sync()
    scene.clock.advance(60)
    last = scene.portal.merge("contacts", first.id, c)
    scene.sync()
    rows = scene.rows("contacts")
    assert {rows[str(i)]["_merged_into"] for i in (a, b, c, first.id)} == {str(last.id)}
    assert scene.differences() == []


def test_a_chain_between_two_syncs_is_followed_by_the_id_it_resolves_to(
    scene: Scene,
) -> None:
    """The winner names only its own pair; the older ids are asked for one by one."""
    scene.portal.settings.merges_list_ancestors = False
    scene.sync()
    scene.clock.advance(60)
    a, b, c = (_contact(scene, place) for place in range(3))
    first = scene.portal.merge("contacts", a, b)
    last = scene.portal.merge("contacts", first.id, c)
    scene.sync(full_refresh_every_days=0)
    rows = scene.rows("contacts")
    assert {rows[str(i)]["_merged_into"] for i in (a, b, c)} == {str(last.id)}
    assert scene.differences() == []


def test_merged_deals_keep_the_primary_id(deals: Scene) -> None:
    deals.sync()
    deals.clock.advance(60)
    a, b = deals.portal.stores["deals"].ids[:2]
    deals.portal.merge("deals", a, b)
    deals.sync()
    rows = deals.rows("deals")
    assert rows[str(b)]["_merged_into"] == str(a)
    assert not rows[str(a)]["_is_deleted"]


def test_records_that_vanish_without_a_trace_are_found_by_the_full_refresh(
    scene: Scene,
) -> None:
    scene.sync()
    number = _contact(scene)
    scene.clock.advance(60)
    scene.portal.purge("contacts", number)
    scene.sync()
    assert not scene.rows("contacts")[str(number)]["_is_deleted"]
    scene.clock.advance(8 * 86_400)
    scene.sync()
    row = scene.rows("contacts")[str(number)]
    assert (row["_is_deleted"], row["_delete_kind"]) == (True, "absent")
    assert scene.differences() == []


def test_a_property_that_is_added_or_removed_is_drift_and_costs_no_row(
    scene: Scene,
) -> None:
    scene.sync()
    scene.clock.advance(60)
    scene.portal.define("contacts", PropertyDefinition(name="tier", label="Tier"))
    scene.portal.update("contacts", _contact(scene), {"tier": "gold"})
    added = scene.sync()
    assert scene.differences() == []
    drift = [(e.kind.value, e.column) for load in added.loads for e in load.drift]
    assert drift == [("column_added", "tier")]
    scene.clock.advance(60)
    scene.portal.undefine("contacts", "jobtitle")
    removed = scene.sync()
    drift = [(e.kind.value, e.column) for load in removed.loads for e in load.drift]
    assert drift == [("column_removed", "jobtitle")]
    gone = scene.rows("properties")["contacts:jobtitle"]
    assert gone["_is_deleted"]


def test_a_retyped_property_and_a_changed_picklist_are_drift(deals: Scene) -> None:
    def define(kind: str, *options: str) -> None:
        deals.portal.define(
            "deals",
            PropertyDefinition(
                name="amount",
                label="Amount",
                type=kind,
                options=tuple((each, each) for each in options),
            ),
        )

    define("enumeration", "a", "b")
    deals.sync()
    define("enumeration", "a", "b", "c")
    changed = deals.sync()
    events = [event for load in changed.loads for event in load.drift]
    assert [(e.kind.value, e.before, e.after) for e in events] == [
        ("picklist_changed", "2 options", "3 options")
    ]
    define("number")
    retyped = deals.sync()
    kinds = {event.kind.value for load in retyped.loads for event in load.drift}
    assert kinds == {"column_retyped", "picklist_changed"}


def test_few_changed_rows_show_no_false_drift(scene: Scene) -> None:
    """Three rows whose words happen to be numbers are not a change of type."""
    scene.sync()
    scene.clock.advance(60)
    for place in range(3):
        scene.portal.update("contacts", _contact(scene, place), {"jobtitle": "12"})
    report = scene.sync()
    assert [event for load in report.loads for event in load.drift] == []


def test_property_history_has_a_row_per_value(deals: Scene) -> None:
    deals.sync()
    deal = deals.portal.stores["deals"].ids[0]
    for stage in ("qualifiedtobuy", "closedwon"):
        deals.clock.advance(60)
        deals.portal.update("deals", deal, {"dealstage": stage})
    deals.sync()
    stages = sorted(
        (row["changed_at"], row["value"])
        for row in deals.rows("property_history").values()
        if row["object_id"] == str(deal) and row["property_name"] == "dealstage"
    )
    assert [value for _, value in stages] == [
        "appointmentscheduled",
        "qualifiedtobuy",
        "closedwon",
    ]
    assert all(row["value"] for row in deals.rows("property_history").values())


def test_properties_that_do_not_fit_into_an_address_are_asked_for_in_a_body(
    scene: Scene,
) -> None:
    for number in range(400):
        name = f"a_rather_long_property_name_{number:04d}"
        scene.portal.define("contacts", PropertyDefinition(name=name, label=name))
    first = _contact(scene)
    scene.portal.update("contacts", first, {"a_rather_long_property_name_0399": "x"})
    report = scene.sync()
    assert report.warnings == ()
    assert scene.differences() == []
    scene.clock.advance(60)
    scene.portal.update("contacts", first, {"a_rather_long_property_name_0399": "y"})
    scene.sync()
    assert scene.differences() == []


def test_odd_texts_land_as_they_are(scene: Scene) -> None:
    texts = {"email": "a\x00b", "firstname": "😀 Zoë", "jobtitle": "x" * 32_768}
    made = scene.portal.create("contacts", texts)
    scene.sync()
    row = scene.rows("contacts")[str(made.id)]
    # Databases and spreadsheets break off at NUL: it is removed, and the load says so.
    assert row["email"] == "ab"
    assert (row["firstname"], row["jobtitle"]) == ("😀 Zoë", "x" * 32_768)
    manifest = scene.landing.manifests("hubspot", "contacts", "portal")[-1]
    assert any("NUL" in note for note in manifest.notes)


def test_owners_who_left_keep_their_names(scene: Scene) -> None:
    scene.sync()
    owners = scene.rows("owners")
    assert (owners["2"]["lastname"], owners["2"]["_is_deleted"]) == ("Owner2", True)
    assert not owners["1"]["_is_deleted"]


def test_stages_land_flat_with_their_pipeline(whole: Scene) -> None:
    whole.sync()
    stage = whole.rows("pipeline_stages")["deals:default:closedwon"]
    assert (stage["label"], stage["probability"]) == ("Closed Won", "1.0")
    assert whole.rows("pipeline_stages")["tickets:0:4"]["is_closed"] == "true"


def test_the_dated_and_the_older_paths_land_the_same(whole: Scene) -> None:
    whole.sync()
    whole.clock.advance(60)
    again = whole.sync(api_profile="v3", full_refresh_every_days=0)
    assert again.warnings == ()
    assert [load.object for load in again.loads if load.is_written] == []
