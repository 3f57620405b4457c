"""The world of the year simulation: two services that live, their clocks, their settings.

Belongs here: what exists beside tidycrm in that year. The syncs, faults and kills are in
`year`.
"""

from __future__ import annotations

import random
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from connectors.sandbox import hubspot, hubspot_fill, salesforce, salesforce_fill
from connectors.sandbox.clock import SandboxClock
from connectors.sandbox.faults import FaultPlan
from connectors.sandbox.hubspot_clock import PortalClock
from connectors.sandbox.hubspot_life import PortalLife
from connectors.sandbox.salesforce_life import live
from connectors.sandbox.server import serve
from connectors.synthetic import generate
from orchestration.sandbox import configuration

START = datetime(2026, 1, 15, 6, tzinfo=UTC)
BLOCK = 12
"""Hourly syncs in a row; between two blocks the clocks jump, so that a year passes."""


@dataclass
class World:
    """Both services, their clocks and the configuration that reads them."""

    org: salesforce.Org
    portal: hubspot.Portal
    clock: SandboxClock
    portal_clock: PortalClock
    life: PortalLife
    plans: tuple[FaultPlan, FaultPlan]
    config: Path

    def advance(self, seconds: float) -> None:
        """Move both clocks and the as-of date of the configuration."""
        self.clock.advance(seconds)
        self.portal_clock.advance(seconds)
        document = yaml.safe_load(self.config.read_text())
        today = self.clock.now().date()
        if document["metrics"]["as_of"] != today:
            document["metrics"]["as_of"] = today
            self.config.write_text(yaml.safe_dump(document, sort_keys=False))

    def living(self) -> dict[str, set[str]]:
        """Ids that the services hold now."""
        stores = self.portal.stores
        return {
            "salesforce:contact": {*self.org.ids("Contact"), *self.org.ids("Lead")},
            "salesforce:account": set(self.org.ids("Account")),
            "hubspot:contact": _living_of(stores["contacts"]),
            "hubspot:account": _living_of(stores["companies"]),
        }


def _living_of(store: Any) -> set[str]:
    return {str(item[-1]) for item in store.by_update}


@contextmanager
def world(folder: Path, *, people: int) -> Iterator[World]:
    """Serve both services for as long as the context lasts."""
    clock = SandboxClock(START)
    portal_clock = PortalClock(round(START.timestamp() * 1000))
    org, portal = salesforce.Org(clock), hubspot.Portal(portal_clock)
    plans = (FaultPlan(), FaultPlan())
    with tempfile.TemporaryDirectory(prefix="tidycrm-year-") as scratch:
        exports = Path(scratch) / "exports"
        generate(exports, people=people, seed=7, as_of=START.date())
        salesforce_fill.fill_from_export(org, exports / "salesforce")
        hubspot_fill.fill_from_exports(portal, exports / "hubspot", seed=7)
        folder.mkdir(parents=True, exist_ok=True)
        _rates(exports / "fx_rates.csv", folder / "fx_rates.csv")
        service = salesforce.SalesforceSandbox(org, Path(scratch))
        service.faults = plans[0]
        app = hubspot.create_app(portal, clock=portal_clock, plan=plans[1])
        with serve(salesforce.create_app(service)) as org_url, serve(app) as url:
            config = folder / "tidycrm.yml"
            document = yaml.safe_load(configuration(org_url, url, START))
            for source in document["sources"]:
                source |= {"retries": 2, "retry_delay": "0s"}
            document["publish"] = {"keep_versions": 3}
            document["retention"] = {
                "runs": "20m",
                "leftovers": "20m",
                "landing_files": 12,
            }
            config.write_text(yaml.safe_dump(document, sort_keys=False))
            life = PortalLife(portal, random.Random(11))  # noqa: S311 - made-up life
            yield World(org, portal, clock, portal_clock, life, plans, config)


def _rates(source: Path, target: Path) -> None:
    """Carry the last rate of every currency on through the year."""
    header, *rows = source.read_text().splitlines()
    names = header.split(",")
    last: dict[str, list[str]] = {}
    for row in rows:
        values = row.split(",")
        last[values[names.index("currency")]] = values
    place = names.index("rate_date")
    for month in range(1, 14):
        day = (START + timedelta(days=30 * month)).date().isoformat()
        for values in last.values():
            rows.append(",".join([*values[:place], day, *values[place + 1 :]]))
    target.write_text("\n".join([header, *rows]) + "\n")


def fingerprint(here: World) -> dict[str, int]:
    """A number per kind of record that tells one life from another in every process."""
    return {
        name: zlib.crc32("\n".join(sorted(ids)).encode())
        for name, ids in here.living().items()
    }


def live_an_hour(
    here: World, number: int, dice: random.Random, idle: float, *, jump: float
) -> bool:
    """One hour of both services; says whether somebody touched them."""
    is_jump = number % BLOCK == 0
    here.advance(3600 + (jump if is_jump else 0))
    if not is_jump and dice.random() < idle:
        return False
    live(here.org, dice.randint(1, 12), dice.randrange(2**31))
    here.life.live(dice.randint(1, 10))
    # A sync reads up to the second in which it starts: what happens in that second is
    # for the next one, and would look missing here.
    here.advance(1)
    return True


def jump_between(syncs: int) -> float:
    """Seconds between two blocks of hourly syncs, so that a year passes in all."""
    blocks = max(1, -(-syncs // BLOCK))
    return 365 * 86400 / blocks - BLOCK * 3600
