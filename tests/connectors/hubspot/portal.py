"""A small made-up portal, a server for it, and its state as the landing zone should be.

Belongs here: helpers of the API tests. No test.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from connectors.hubspot import HubspotApiConfig, extract_api
from connectors.landing import Landing, SourceReport
from connectors.sandbox.faults import Fault, FaultKind, FaultPlan
from connectors.sandbox.hubspot import TOKEN, Portal, PortalClock, create_app
from connectors.sandbox.hubspot_fill import add_pipelines
from connectors.sandbox.hubspot_limits import NO_LIMITS, RateLimits
from connectors.sandbox.hubspot_portal import Owner
from connectors.sandbox.hubspot_schema import PropertyDefinition
from connectors.sandbox.server import serve

START = 1_780_000_000_000  # 2026-05-28
OBJECTS = ("contacts", "companies", "deals", "tickets")
PAIRS = {
    "contacts": ("companies",),
    "deals": ("companies", "contacts"),
    "tickets": ("companies", "contacts"),
}
_FIELDS = {
    "contacts": ("email", "firstname", "jobtitle", "lifecyclestage"),
    "companies": ("name", "domain", "industry"),
    "deals": ("dealname", "dealstage", "pipeline", "amount"),
    "tickets": ("subject", "hs_pipeline", "hs_pipeline_stage"),
}


def make_portal(clock: PortalClock, *, records: int = 12) -> Portal:
    """Make a portal with a few records of each of the four main types."""
    portal = Portal(clock)
    add_pipelines(portal)
    for number, archived in ((1, False), (2, True)):
        portal.owners[number] = Owner(
            id=number,
            email=f"owner{number}@example.com",
            first_name="Ada",
            last_name=f"Owner{number}",
            created=START,
            is_archived=archived,
        )
    for name, fields in _FIELDS.items():
        for each in fields:
            portal.define(name, PropertyDefinition(name=each, label=each))
        for number in range(records):
            values = {fields[0]: f"{name} {number}", "hubspot_owner_id": "1"}
            if name == "deals":
                values |= {"dealstage": "appointmentscheduled", "pipeline": "default"}
            portal.create(name, values)
            clock.advance(0.25)
    companies = portal.stores["companies"].ids
    for place, contact in enumerate(portal.stores["contacts"].ids):
        primary = portal.associations.primary("contacts", "companies")
        company = companies[place % len(companies)]
        portal.associations.add("contacts", contact, "companies", company, primary)
    clock.advance(3600)
    return portal


@dataclass
class Scene:
    """A portal that is served, and a landing zone that syncs with it."""

    clock: PortalClock
    portal: Portal
    plan: FaultPlan
    url: str
    landing: Landing
    settings: dict[str, Any]
    waits: list[float] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock() / 1000, UTC)

    def config(self, **changes: Any) -> HubspotApiConfig:
        """Give the source's configuration, quick and small."""
        return HubspotApiConfig(**(self.settings | {"base_url": self.url} | changes))

    def sync(self, *, at: datetime | None = None, **changes: Any) -> SourceReport:
        """Sync once; waits are noted, not done."""
        return extract_api(
            self.config(**changes),
            self.landing,
            extracted_at=at or self.now,
            sleep=self.waits.append,
            clock=lambda: sum(self.waits),
        )

    def fault(self, kind: FaultKind, **settings: Any) -> None:
        self.plan.add(Fault(kind=kind, **settings))

    def rows(self, name: str) -> dict[str, dict[str, Any]]:
        """Give the current landed rows of an object by id."""
        frame = self.landing.current("hubspot", name).collect()
        return {row["_source_record_id"]: row for row in frame.to_dicts()}

    def differences(self) -> list[str]:
        """Say in what the landing zone differs from the portal."""
        found = []
        for name in self.settings["objects"]:
            found += self.record_differences(name)
        for left, rights in self.settings["associations"].items():
            for right in rights:
                found += self._link_differences(left, right)
        if self.settings["marketing"]:
            found += self._marketing_differences()
        return found

    def members(self) -> set[tuple[str, str]]:
        """Who is on which list, by what is landed."""
        return {
            (row["list_id"], row["contact_id"])
            for row in self.rows("contact_list_members").values()
            if not row["_is_deleted"]
        }

    def expected_members(self) -> set[tuple[str, str]]:
        """Who is on which list in the portal."""
        return {
            (str(each.id), str(contact))
            for each in self.portal.marketing.lists.values()
            if each.deleted is None
            for contact in each.members
        }

    def _marketing_differences(self) -> list[str]:
        happened = {
            f"{event['id']}:{event['created']}"
            for event in self.portal.marketing.events
        }
        pairs = (
            ("members", self.expected_members(), self.members()),
            ("events", happened, set(self.rows("email_events"))),
        )
        return [
            f"{name}: {len(expected - landed)} missing, {len(landed - expected)} more"
            for name, expected, landed in pairs
            if expected != landed
        ]

    def record_differences(self, name: str) -> list[str]:
        store, rows, found = self.portal.stores[name], self.rows(name), []
        alive = {key for key, row in rows.items() if not row["_is_deleted"]}
        living = {str(i) for i in store.ids if store.living(i)}
        found += [f"{name} {key} is alive" for key in sorted(alive - living)]
        found += [f"{name} {key} is missing" for key in sorted(living - alive)]
        for key in sorted(alive & living):
            record, row = store.records[int(key)], rows[key]
            for each in store.properties:
                expected = store.value(record, each)
                if row.get(each) != expected:
                    found.append(f"{name} {key} {each}: {row.get(each)} != {expected}")
        for key in sorted(set(rows) - living):
            row = rows[key]
            record = store.records.get(int(key))
            if record is not None and row["_delete_kind"] != "soft":
                found.append(f"{name} {key} is archived, not {row['_delete_kind']}")
            if int(key) in store.aliases:
                number = int(key)
                while number in store.aliases:
                    number = store.aliases[number]
                if (row["_delete_kind"], row["_merged_into"]) != (
                    "merged",
                    str(number),
                ):
                    found.append(f"{name} {key} ended in {number}: {row}")
        return found

    def _link_differences(self, left: str, right: str) -> list[str]:
        links = self.portal.associations
        labels = links.labels(left, right)
        expected = {
            (str(a), str(b), category, str(number), labels[category, number])
            for a in self.portal.stores[left].ids
            for b, kinds in links.of(left, a, right)
            for category, number in kinds
        }
        landed = self.links(left, right)
        return [
            f"{left} {right} {mark} {item}"
            for mark, items in (
                ("lacks", expected - landed),
                ("has", landed - expected),
            )
            for item in sorted(items, key=str)
        ]

    def links(self, left: str, right: str) -> set[tuple[Any, ...]]:
        """Give the living landed links of a pair."""
        frame = self.landing.current("hubspot", f"associations_{left}_{right}")
        if "from_object_id" not in frame.collect_schema():
            return set()
        columns = (
            "from_object_id",
            "to_object_id",
            "association_category",
            "association_type_id",
            "association_label",
        )
        living = frame.filter(~pl.col("_is_deleted")).select(columns).collect()
        return set(living.iter_rows())


@contextmanager
def open_scene(
    folder: Path,
    *,
    records: int = 12,
    objects: Sequence[str] = OBJECTS,
    limits: RateLimits = NO_LIMITS,
) -> Iterator[Scene]:
    """Serve a fresh portal."""
    pairs = {
        left: tuple(right for right in rights if right in objects)
        for left, rights in PAIRS.items()
        if left in objects
    }
    clock, plan = PortalClock(START), FaultPlan()
    portal = make_portal(clock, records=records)
    app = create_app(portal, clock=clock, limits=limits, plan=plan)
    with serve(app) as url:
        yield Scene(
            clock=clock,
            portal=portal,
            plan=plan,
            url=url,
            landing=Landing(folder / "landing"),
            settings={
                "name": "portal",
                "access_token": TOKEN,
                "objects": tuple(objects),
                "associations": pairs,
                "custom_objects": False,
                "marketing": (),
                "calls_per_10_seconds": 1_000_000,
                "searches_per_second": 1_000_000,
                "associations_refresh_every_hours": 0,
            },
        )


def bulk_update(portal: Portal, name: str, ids: list[int]) -> None:
    """Change many records in one instant, as a month-end job of the vendor does."""
    for number in ids:
        portal.update(name, number, {"jobtitle": "changed at once"})
