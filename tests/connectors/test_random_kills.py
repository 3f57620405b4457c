"""Live syncs that are killed at random instants end like syncs that were not.

Belongs here: kill -9 of a real process, at any instant of a sync, for each way in which
records are read. What is between two instants that a test can name is met here by chance;
the seed is printed when it fails. Bounded: so many kills, each within the time that an
undisturbed sync takes.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connectors.landing import Landing
from connectors.sandbox.hubspot_life import PortalLife
from tests.connectors.hubspot.portal import open_scene
from tests.connectors.killing import HUBSPOT, SALESFORCE, Sync, seed_told
from tests.connectors.salesforce.live import live_org, random_change

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX"),
]

KILLS = 8


@dataclass(frozen=True)
class Victim:
    """What is synced, killed and compared."""

    vendor: tuple[str, str]
    settings: dict[str, Any]
    folder: Path
    source_type: str
    objects: tuple[str, ...]
    now: Callable[[], datetime]
    change: Callable[[], None]
    syncs: int = 1

    def start(self, folder: Path) -> Sync:
        return Sync.start(self.vendor, self.settings, folder, self.now())

    def alive(self, folder: Path, name: str) -> pl.DataFrame:
        """Give the living records of an object; every load must be readable."""
        frame = Landing(folder).current(self.source_type, name)
        return frame.filter(~pl.col("_is_deleted")).collect()

    def differs(self, one: Path, quiet: Path) -> list[str]:
        """Name the objects whose living records differ.

        A field that was removed stays in what was landed before, so that the columns
        of the quiet one are compared.
        """
        found = []
        for name in self.objects:
            expected = self.alive(quiet, name)
            columns = ["_source_record_id"]
            columns += [each for each in expected.columns if each[0] != "_"]
            pair = (expected, self.alive(one, name))
            ours, theirs = (each.select(columns).sort(columns[0]) for each in pair)
            if not ours.equals(theirs):
                found.append(name)
        return found


def kill_at_random(victim: Victim, dice: random.Random) -> int:
    """Kill, let the service live, and so on; then sync once. Counts the kills that hit."""
    undisturbed = victim.start(victim.folder / "measured").finish()
    landed, hits = victim.folder / "landing", 0
    for _ in range(KILLS):
        sync = victim.start(landed)
        time.sleep(dice.uniform(0.0, undisturbed))
        hits += sync.kill()
        for name in victim.objects:
            Landing(landed).current(victim.source_type, name).collect()
        victim.change()
    for _ in range(victim.syncs):
        victim.start(landed).finish()
    quiet = victim.folder / "quiet"
    victim.start(quiet).finish()
    assert victim.differs(landed, quiet) == []
    left = landed / "_tmp"
    assert not left.exists() or list(left.iterdir()) == []
    return hits


@pytest.mark.parametrize(
    ("way", "seed"), [("bulk", 11), ("bulk", 12), ("rest", 13), ("rest", 14)]
)
def test_salesforce_killed_at_random_instants(
    tmp_path: Path, way: str, seed: int
) -> None:
    dice = random.Random(seed)
    with live_org(tmp_path / "org") as live, seed_told(seed):
        live.many_contacts(300)
        settings = {
            "name": "crm",
            "instance_url": live.url,
            "auth": {"kind": "token", "access_token": "sandbox-access-token"},
            "objects": ["Contact", "Account", "OpportunityFieldHistory"],
            "bulk_threshold": 0 if way == "bulk" else 10_000_000,
            "bulk_page_size": 60,
            "rest_page_size": 200,
            "reconcile_every_days": 0,
            "allow_empty": True,
        }

        def change() -> None:
            for _ in range(4):
                random_change(live, dice)
            live.clock.advance(3)

        victim = Victim(
            vendor=SALESFORCE,
            settings=settings,
            folder=tmp_path / "landed",
            source_type="salesforce",
            objects=("contact", "account"),
            now=live.clock.now,
            change=change,
        )
        change()
        assert kill_at_random(victim, dice) > 0
        live.landing = Landing(victim.folder / "landing")
        live.check("Contact")
        live.check("Account")


@pytest.mark.parametrize("seed", [21, 22])
def test_hubspot_killed_at_random_instants(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    with open_scene(tmp_path / "portal", records=120) as scene, seed_told(seed):
        life = PortalLife(scene.portal, dice)

        def change() -> None:
            life.live(6)
            scene.clock.advance(dice.choice((0.5, 30.0, 900.0)))

        victim = Victim(
            vendor=HUBSPOT,
            settings=scene.settings
            | {"base_url": scene.url, "portion_records": 50, "association_batch": 20},
            folder=tmp_path / "landed",
            source_type="hubspot",
            objects=(*scene.settings["objects"], "associations_contacts_companies"),
            now=lambda: scene.now,
            change=change,
            # A link that changed behind the back of an interrupted reading of all
            # touched no record: the reading after it finds it.
            syncs=2,
        )
        assert kill_at_random(victim, dice) > 0
        scene.landing = Landing(victim.folder / "landing")
        assert scene.differences() == []
