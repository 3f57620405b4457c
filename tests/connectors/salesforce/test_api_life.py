"""An org that lives, a service that fails and runs that are killed: nothing is lost."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path
from unittest.mock import patch

import pytest

from connectors.errors import ConnectorError
from connectors.landing import Landing
from connectors.sandbox.faults import Fault
from tests.connectors.killing import SALESFORCE, Sync, seed_told
from tests.connectors.salesforce.live import (
    RESULTS,
    LiveOrg,
    live_org,
    random_change,
    random_faults,
)

FOLLOWED = ("Contact", "Account", "OpportunityFieldHistory")


def live_through(live: LiveOrg, seed: int, steps: int) -> Counter[str]:
    """Random changes, faults and syncs; the landed state is checked after each sync.

    Returns:
        How often each thing happened, and `sync`.
    """
    dice = random.Random(seed)
    merges: dict[str, str] = {}
    done: Counter[str] = Counter()
    for _ in range(6):
        live.contact("Start")
    has_purged = False
    for step in range(steps):
        change = random_change(live, dice)
        done[change] += 1
        has_purged |= change == "purge"
        if step != steps - 1 and dice.random() > 0.15:
            continue
        settings = {
            "objects": FOLLOWED,
            "bulk_threshold": dice.choice((0, 5, 2_000)),
            "bulk_page_size": dice.choice((2, 7, 1_000)),
            "rest_page_size": 200,
            # Purges leave no trace in a window. Everything else must be found by the
            # windows alone, without the healing that comes with comparing ids.
            "reconcile_every_days": 0 if has_purged else 10_000,
        }
        has_purged = False
        live.plan(*random_faults(dice), seed=seed)
        done["sync"] += 1
        try:
            is_whole = not live.sync(**settings).warnings
        except ConnectorError:
            is_whole = False
        live.plan()
        if not is_whole:
            live.sync(**settings)
        for name in FOLLOWED:
            live.check(name)
        for name in ("Contact", "Account"):
            trail = {
                row["Id"]: row["MasterRecordId"]
                for row in live.org.rows(name)
                if row["MasterRecordId"]
            }
            merges |= trail
            landed = live.landed(name.lower())
            assert {key: landed[key]["_merged_into"] for key in trail} == trail
    # A merge that was landed once stays in some version, whatever happened since.
    versions = [
        live.landing.versions("salesforce", name, "crm")
        .select("_source_record_id", "_merged_into")
        .drop_nulls()
        .collect()
        .rows()
        for name in ("contact", "account")
    ]
    assert merges.keys() <= {row[0] for rows in versions for row in rows}
    return done


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 3))]
)
def test_the_landed_state_equals_the_org_whatever_happens(tmp_path: Path, seed) -> None:
    with live_org(tmp_path) as live, seed_told(seed):
        assert live_through(live, seed, steps=70)["sync"] > 3


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 103))
def test_the_landed_state_equals_the_org_for_many_seeds(tmp_path: Path, seed) -> None:
    with live_org(tmp_path) as live, seed_told(seed):
        done = live_through(live, seed, steps=150)
    # A life in which something never happens would prove less than it says.
    assert done.keys() >= {
        "create", "edit", "late", "associate", "merge", "delete", "undelete",
        "purge", "add_field", "change_field", "history", "sync",
    }  # fmt: skip


def test_a_crash_between_commit_and_cursor_costs_nothing(tmp_path: Path) -> None:
    with live_org(tmp_path) as live:
        record = live.contact("Old")
        live.sync()
        live.org.edit("Contact", record, {"LastName": "New"})
        gone = live.contact("Gone")
        with (
            patch.object(Landing, "write_cursor", side_effect=KeyboardInterrupt),
            pytest.raises(KeyboardInterrupt),
        ):
            live.sync()
        live.org.delete("Contact", gone)
        live.sync()
        live.check()
        rows = live.landing.versions("salesforce", "contact", "crm").collect()
        # Old and new once each; the other record alive once and deleted once.
        assert rows.height == 4


@pytest.mark.parametrize("calls", [5, 9, 14])
def test_a_killed_run_leaves_nothing_behind_and_the_next_ends_equal(
    tmp_path: Path, calls: int
) -> None:
    with live_org(tmp_path / "org") as live:
        live.many_contacts(60)
        live.plan(Fault(kind="slow", path=RESULTS, seconds=0.3, count=1_000))
        settings = {
            "name": "crm",
            "instance_url": live.url,
            "auth": {"kind": "token", "access_token": "sandbox-access-token"},
            "objects": ["Contact"],
            "bulk_threshold": 0,
            "bulk_page_size": 6,
        }
        root = live.landing.root
        sync = Sync.start(SALESFORCE, settings, root, live.clock.now())
        deadline = time.monotonic() + 60
        while live.sandbox.used < calls and time.monotonic() < deadline:
            time.sleep(0.02)
        assert sync.kill()
        live.plan()
        live.sync(bulk_threshold=0)
        live.check()
        assert list((root / "_tmp").iterdir()) == []
        assert live.current_rows() == live.current_rows(tmp_path / "other")
