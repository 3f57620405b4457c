"""The HubSpot look-alike seen by the vendor's own client, and its less pleasant habits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest
from hubspot import HubSpot
from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest
from hubspot.crm.contacts import (
    ApiException,
    BatchReadInputSimplePublicObjectId,
    PublicObjectSearchRequest,
)

from connectors.sandbox.hubspot import (
    TOKEN,
    Portal,
    PortalClock,
    RateLimits,
    create_app,
)
from connectors.sandbox.hubspot_fill import fill_synthetic
from connectors.sandbox.hubspot_limits import NO_LIMITS
from connectors.sandbox.server import serve
from tests.connectors.hubspot.portal import Scene, open_scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with open_scene(tmp_path, records=120) as opened:
        yield opened


@pytest.fixture
def official(scene: Scene) -> HubSpot:
    """The vendor's client, which speaks the older paths."""
    client = HubSpot(access_token=TOKEN)
    client.config["host"] = scene.url
    return client


@pytest.fixture
def http(scene: Scene) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=scene.url, headers=headers) as client:
        yield client


def _search(low: int = 0, **more: object) -> dict[str, object]:
    filters = [
        {"propertyName": "lastmodifieddate", "operator": "GTE", "value": str(low)}
    ]
    return {
        "filterGroups": [{"filters": filters}],
        "sorts": ["lastmodifieddate"],
        "properties": ["email"],
        "limit": 100,
        "after": "0",
    } | more


class TestOfficialClient:
    """hubspot-api-client works against it unchanged."""

    def test_it_lists_every_record(self, scene: Scene, official: HubSpot) -> None:
        records = official.crm.contacts.get_all(properties=["email"])
        living = {str(number) for number in scene.portal.stores["contacts"].ids}
        assert {record.id for record in records} == living
        assert all(record.properties["email"] for record in records)

    def test_it_searches_and_follows_the_id_of_a_merged_record(
        self, scene: Scene, official: HubSpot
    ) -> None:
        body = _search()
        request = PublicObjectSearchRequest(
            filter_groups=body["filterGroups"],
            sorts=body["sorts"],
            properties=body["properties"],
            limit=body["limit"],
            after=body["after"],
        )
        found = official.crm.contacts.search_api.do_search(request)
        assert found.total == 120
        a, b = found.results[0].id, found.results[1].id
        merged = scene.portal.merge("contacts", int(a), int(b))
        again = official.crm.contacts.basic_api.get_by_id(a)
        assert again.id == str(merged.id)
        assert again.id not in (a, b)

    def test_it_reads_batches_with_errors_in_them(
        self, scene: Scene, official: HubSpot
    ) -> None:
        first = str(scene.portal.stores["contacts"].ids[0])
        request = BatchReadInputSimplePublicObjectId(
            inputs=[{"id": first}, {"id": "9"}],
            properties=["email"],
            properties_with_history=[],
        )
        answer = official.crm.contacts.batch_api.read(request)
        assert [record.id for record in answer.results] == [first]
        assert answer.errors[0].context["ids"] == ["9"]

    def test_it_reads_owners_pipelines_properties_and_associations(
        self, scene: Scene, official: HubSpot
    ) -> None:
        assert [o.id for o in official.crm.owners.owners_api.get_page().results] == [
            "1"
        ]
        deals = official.crm.pipelines.pipelines_api.get_all("deals").results
        assert [stage.id for stage in deals[0].stages][-1] == "closedlost"
        names = official.crm.properties.core_api.get_all("contacts").results
        assert "lastmodifieddate" in {each.name for each in names}
        contact = scene.portal.stores["contacts"].ids[0]
        request = BatchInputPublicFetchAssociationsBatchRequest(
            inputs=[{"id": str(contact)}]
        )
        answer = official.crm.associations.v4.batch_api.get_page(
            "contacts", "companies", request
        )
        kinds = answer.results[0].to[0].association_types
        assert {kind.label for kind in kinds} == {"Primary", None}

    def test_its_errors_are_the_vendors(self, official: HubSpot) -> None:
        with pytest.raises(ApiException) as missing:
            official.crm.contacts.basic_api.get_by_id("42")
        assert missing.value.status == 404
        assert "html" in missing.value.headers["content-type"]


class TestHabits:
    """What makes the real service awkward is there too."""

    def test_the_last_page_has_no_paging(self, http: httpx.Client) -> None:
        path = "/crm/objects/2026-03/contacts"
        first = http.get(path, params={"limit": 100}).json()
        assert first["paging"]["next"]["link"].startswith("https://api.hubapi.com")
        after = first["paging"]["next"]["after"]
        last = http.get(path, params={"limit": 100, "after": after}).json()
        assert len(last["results"]) == 20
        assert "paging" not in last

    def test_search_ends_at_its_cap(self, scene: Scene, http: httpx.Client) -> None:
        scene.portal.settings.search_cap = 100
        path = "/crm/objects/2026-03/contacts/search"
        page = http.post(path, json=_search())
        assert page.json()["total"] == 120
        assert http.post(path, json=_search(after="100")).status_code == 400

    def test_search_lags_behind_a_change(
        self, scene: Scene, http: httpx.Client
    ) -> None:
        scene.portal.settings.search_lag_ms = 60_000
        low = scene.clock()
        scene.portal.create("contacts", {"email": "new@example.com"})
        path = "/crm/objects/2026-03/contacts/search"
        assert http.post(path, json=_search(low)).json()["total"] == 0
        scene.clock.advance(61)
        assert http.post(path, json=_search(low)).json()["total"] == 1

    @pytest.mark.parametrize(
        "body",
        [
            _search(limit=201),
            _search(sorts=["email", "lastmodifieddate"]),
            _search(filterGroups=[{"filters": []}] * 6),
            _search(properties=["x" * 3_000]),
        ],
    )
    def test_search_has_limits(
        self, http: httpx.Client, body: dict[str, object]
    ) -> None:
        answer = http.post("/crm/objects/2026-03/contacts/search", json=body)
        assert answer.status_code == 400
        assert answer.json()["category"] == "VALIDATION_ERROR"

    def test_long_addresses_and_large_pages_are_refused(
        self, http: httpx.Client
    ) -> None:
        path = "/crm/objects/2026-03/contacts"
        assert http.get(path, params={"properties": "x" * 20_000}).status_code == 414
        assert http.get(path, params={"limit": 101}).status_code == 400
        wide = {"limit": 51, "propertiesWithHistory": "email"}
        assert http.get(path, params=wide).status_code == 400

    def test_associations_come_in_pages_per_record(
        self, scene: Scene, http: httpx.Client
    ) -> None:
        company = scene.portal.stores["companies"].ids[0]
        links = scene.portal.associations
        for contact in scene.portal.stores["contacts"].ids:
            plain = links.plain("contacts", "companies")
            links.add("contacts", contact, "companies", company, plain)
        path = "/crm/associations/2026-03/companies/contacts/batch/read"
        first = http.post(path, json={"inputs": [{"id": str(company)}]}).json()
        entry = first["results"][0]
        assert len(entry["to"]) == 100
        after = entry["paging"]["next"]["after"]
        asked = {"inputs": [{"id": str(company), "after": after}]}
        rest = http.post(path, json=asked).json()["results"][0]
        assert len(rest["to"]) == 20
        assert "paging" not in rest

    def test_meetings_refuse_to_list_the_recycle_bin(self, http: httpx.Client) -> None:
        params = {"archived": "true"}
        path = "/crm/objects/2026-03/meetings"
        assert http.get(path, params=params).status_code == 400

    def test_an_unknown_token_is_refused(self, scene: Scene) -> None:
        answer = httpx.get(f"{scene.url}/crm/objects/2026-03/contacts")
        assert answer.status_code == 401
        assert answer.json()["category"] == "INVALID_AUTHENTICATION"


def test_limits_are_told_by_policy_and_search_has_no_headers(tmp_path: Path) -> None:
    limits = RateLimits(ten_secondly=6, search_secondly=2, daily=None)
    with open_scene(tmp_path, records=1, limits=limits) as scene:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(base_url=scene.url, headers=headers) as http:
            path = "/crm/objects/2026-03/contacts"
            assert http.get(path).headers["x-hubspot-ratelimit-remaining"] == "5"
            found = [http.post(f"{path}/search", json=_search()) for _ in range(3)]
            assert [answer.status_code for answer in found] == [200, 200, 429]
            assert found[2].json()["policyName"] == "SECONDLY"
            assert "x-hubspot-ratelimit-max" not in found[0].headers
            many = [http.get(path) for _ in range(4)]
            assert many[-1].json()["policyName"] == "TEN_SECONDLY_ROLLING"


def test_the_synthetic_crm_fills_it_and_it_lives_on_command() -> None:
    clock = PortalClock(1_783_000_000_000)
    portal = Portal(clock)
    fill_synthetic(portal, people=1_000, seed=3, as_of=date(2026, 6, 30))
    with serve(create_app(portal, clock=clock, limits=NO_LIMITS)) as url:
        before = httpx.get(f"{url}/sandbox/status").json()["objects"]
        assert before["contacts"]["living"] > 400
        assert all(each["living"] for each in before.values())
        deal = next(iter(portal.stores["deals"].records.values()))
        stages = {stage.id for stage in portal.pipelines["deals"][0].stages}
        assert deal.properties["dealstage"] in stages
        assert int(deal.properties["hubspot_owner_id"]) in portal.owners
        done = httpx.post(f"{url}/sandbox/live", json={"steps": 60}).json()["done"]
        assert sum(done.values()) > 40
        moved = httpx.post(f"{url}/sandbox/clock", json={"advance_seconds": 5}).json()
        assert moved["now"] == clock()
        httpx.post(f"{url}/sandbox/settings", json={"denied": ["deals"]})
        answer = httpx.get(
            f"{url}/crm/objects/2026-03/deals",
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        assert answer.json()["category"] == "MISSING_SCOPES"
