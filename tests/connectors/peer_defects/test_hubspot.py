"""What others lose or repeat when they read HubSpot, and we do not.

Each docstring names the defect and where it was reported. Where it is cheap, the test
first does what the other tool does, and shows that it fails on the same portal.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.hubspot import HubspotApiConfig
from connectors.hubspot.api.config import STANDARD_OBJECTS
from connectors.sandbox.faults import FaultKind
from connectors.sandbox.hubspot import TOKEN
from connectors.sandbox.hubspot_schema import ObjectType, PropertyDefinition
from tests.connectors.hubspot.portal import Scene, bulk_update, open_scene

CONTACTS = "/crm/objects/2026-03/contacts"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with open_scene(tmp_path, objects=("contacts",)) as opened:
        yield opened


def _ask(scene: Scene, path: str, **options: Any) -> httpx.Response:
    """Ask as other tools do."""
    method = "POST" if "json" in options else "GET"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return httpx.request(method, f"{scene.url}{path}", headers=headers, **options)


def _plans(scene: Scene) -> ObjectType:
    """Add a custom object with three records, linked to contacts."""
    plans = ObjectType(
        name="plans", type_id="2-4711", singular="plan", scope="crm.objects.custom.read"
    )
    scene.portal.add_type(plans, first_id=900_000_000_000)
    scene.portal.define("plans", PropertyDefinition(name="tier", label="Tier"))
    contacts = scene.portal.stores["contacts"].ids
    links = scene.portal.associations
    for number, tier in enumerate(("gold", "silver", "bronze")):
        plan = scene.portal.create("plans", {"tier": tier})
        plain = links.plain("plans", "contacts")
        links.add("plans", plan.id, "contacts", contacts[number], plain)
    return plans


def _landed_links(scene: Scene) -> set[tuple[Any, ...]]:
    return {row[:2] for row in scene.links("plans", "contacts")}


def test_associations_of_deals_are_read_without_asking() -> None:
    """dlt's HubSpot source has no deal associations in its list of endpoints.

    https://github.com/dlt-hub/verified-sources (sources/hubspot/settings.py)
    """
    config = HubspotApiConfig(name="portal", access_token="pat-x")
    assert set(config.associations["deals"]) == {"companies", "contacts", "line_items"}
    assert {"leads", "line_items", "meetings", "tickets"} <= set(STANDARD_OBJECTS)


def test_all_properties_land_and_not_those_that_fit_into_2000_characters(
    scene: Scene,
) -> None:
    """Few properties by default, and a limit of 2,000 characters of names.

    https://github.com/dlt-hub/verified-sources/issues/600
    """
    names = [f"a_property_with_a_name_of_its_own_{n:03d}" for n in range(120)]
    for name in names:
        scene.portal.define("contacts", PropertyDefinition(name=name, label=name))
    first = scene.portal.stores["contacts"].ids[0]
    scene.portal.update("contacts", first, dict.fromkeys(names, "x"))
    assert len(",".join(names)) > 2_000
    default = _ask(scene, CONTACTS).json()["results"][0]["properties"]
    assert not set(names) & set(default)
    scene.sync()
    row = scene.rows("contacts")[str(first)]
    assert {row[name] for name in names} == {"x"}
    assert scene.differences() == []


def test_records_beyond_the_cap_of_a_search_are_not_missed(tmp_path: Path) -> None:
    """Contacts of large portals are missing: a search ends after 10,000 of them.

    https://github.com/airbytehq/airbyte/issues/40591 and
    https://github.com/singer-io/tap-hubspot/issues/34; where many records share one
    time, the same tool has looped for ever
    (https://github.com/airbytehq/airbyte/issues/43317).
    """
    with open_scene(tmp_path, records=240, objects=("contacts",)) as scene:
        scene.sync()
        scene.portal.settings.search_cap = 200
        scene.clock.advance(3_600)
        ids = list(scene.portal.stores["contacts"].ids)
        bulk_update(scene.portal, "contacts", ids)
        body = {"filterGroups": [], "sorts": [], "properties": [], "limit": 100}
        page = _ask(scene, f"{CONTACTS}/search", json=body | {"after": "200"})
        assert page.status_code == 400
        scene.clock.advance(3_600)
        report = scene.sync()
        assert report.counts["contacts"].changed == 240
        assert scene.differences() == []


@pytest.mark.parametrize("named", ["2-4711", "found"])
def test_custom_objects_and_their_associations_are_read(
    scene: Scene, named: str
) -> None:
    """Custom objects, and associations to them, are missing.

    https://github.com/singer-io/tap-hubspot/issues/134,
    https://github.com/airbytehq/airbyte/issues/31509 and .../28772
    """
    _plans(scene)
    settings: dict[str, object] = {"custom_objects": True}
    if named != "found":
        settings = {
            "custom_objects": False,
            "objects": ("contacts", named),
            "associations": {named: ("contacts",)},
        }
    report = scene.sync(**settings)
    assert report.warnings == ()
    landed = "plans" if named == "found" else "c_2_4711"
    tiers = {row["tier"] for row in scene.rows(landed).values()}
    assert tiers == {"gold", "silver", "bronze"}
    links = scene.rows(f"associations_{landed}_contacts")
    assert len(links) == 3
    scene.clock.advance(60)
    plan = scene.portal.stores["plans"].ids[0]
    scene.portal.update("plans", plan, {"tier": "platinum"})
    scene.sync(**settings)
    assert scene.rows(landed)[str(plan)]["tier"] == "platinum"


def test_a_link_to_a_custom_object_that_goes_is_gone(scene: Scene) -> None:
    """Changes of associations touch no record, so that incremental syncs miss them.

    https://github.com/airbytehq/airbyte/issues/44554, .../14390 and .../14639
    """
    _plans(scene)
    settings = {"custom_objects": True}
    scene.sync(**settings)
    links, plans = scene.portal.associations, scene.portal.stores["plans"].ids
    contacts = scene.portal.stores["contacts"].ids
    before = scene.portal.stores["plans"].records[plans[0]].updated
    links.remove("plans", plans[0], "contacts", contacts[0])
    plain = links.plain("plans", "contacts")
    links.add("plans", plans[1], "contacts", contacts[5], plain)
    scene.clock.advance(60)
    assert scene.portal.stores["plans"].records[plans[0]].updated == before
    scene.sync(**settings)
    expected = {(plans[1], 1), (plans[1], 5), (plans[2], 2)}
    assert _landed_links(scene) == {(str(a), str(contacts[b])) for a, b in expected}


def test_a_token_without_the_scope_of_custom_objects_costs_nothing_else(
    scene: Scene,
) -> None:
    """The ask for custom objects must not make a missing scope fatal."""
    _plans(scene)
    scene.portal.settings.denied = {"schemas"}
    report = scene.sync(custom_objects=True)
    assert any("crm.schemas.custom.read" in note for note in report.notes)
    assert scene.differences() == []


def test_calculated_properties_do_not_look_changed_at_every_sync(
    scene: Scene,
) -> None:
    """Calculated properties always look changed in the history of properties.

    https://docs.airbyte.com/integrations/sources/hubspot
    """
    score = PropertyDefinition(name="score", label="Score", calculated=True)
    scene.portal.define("contacts", score)
    first = scene.portal.stores["contacts"].ids[0]
    wanted = {"history_properties": {"contacts": ("score", "lifecyclestage")}}
    for value in ("1", "2"):
        scene.clock.advance(60)
        scene.portal.update(
            "contacts", first, {"score": value, "lifecyclestage": value}
        )
        scene.sync(**wanted)
    assert scene.rows("contacts")[str(first)]["score"] == "2"
    history = scene.rows("property_history").values()
    assert {row["property_name"] for row in history} == {"lifecyclestage"}


def test_property_history_has_no_row_without_a_value_or_a_time(scene: Scene) -> None:
    """The history of properties is full of columns that hold nothing.

    https://github.com/dlt-hub/verified-sources/pull/662
    """
    first = scene.portal.stores["contacts"].ids[0]
    scene.portal.update("contacts", first, {"lifecyclestage": "lead"})
    scene.sync()
    history = list(scene.rows("property_history").values())
    assert history
    told = ("object_type", "object_id", "property_name", "value", "changed_at")
    assert all(row[name] for row in history for name in told)
    # Incremental: what did not change is not read again.
    scene.clock.advance(3_600)
    again = scene.sync()
    assert not any(load.is_written for load in again.loads)


def test_links_of_pages_are_not_followed_to_another_host(tmp_path: Path) -> None:
    """`paging.next.link` names the vendor's host; who follows it leaves a test server.

    https://github.com/dlt-hub/verified-sources (sources/hubspot/helpers.py)
    """
    with open_scene(tmp_path, records=130, objects=("contacts",)) as scene:
        page = _ask(scene, CONTACTS, params={"limit": 100}).json()
        assert page["paging"]["next"]["link"].startswith("https://api.hubapi.com")
        scene.sync()
        assert len(scene.rows("contacts")) == 130


def test_an_archived_record_stays_deleted_after_its_90_days(scene: Scene) -> None:
    """Deletions do not arrive; and the recycle bin forgets after 90 days.

    https://github.com/airbytehq/airbyte/issues/10140
    """
    number = scene.portal.stores["contacts"].ids[0]
    scene.sync()
    scene.clock.advance(60)
    scene.portal.archive("contacts", number)
    scene.sync()
    scene.portal.purge("contacts", number)
    scene.clock.advance(91 * 86_400)
    scene.sync()
    row = scene.rows("contacts")[str(number)]
    assert (row["_is_deleted"], row["_delete_kind"]) == (True, "soft")
    assert row["email"] == "contacts 0"


def test_a_page_that_repeats_for_ever_ends_the_object_and_not_in_a_loop(
    scene: Scene,
) -> None:
    """A cursor that does not move on must not make a tool read for ever.

    https://github.com/airbytehq/airbyte/issues/43317
    """
    scene.sync()
    scene.clock.advance(60)
    with open_scene(scene.landing.root / "x", records=160, objects=["contacts"]) as big:
        big.fault(FaultKind.DUPLICATE_PAGE, path="*/contacts", after=2, count=10_000)
        report = big.sync()
        assert len(report.warnings) <= 1
        big.plan.clear()
        big.sync(full_refresh_every_days=0)
        assert big.differences() == []
