"""A portal that lives and misbehaves: after every sync the landing zone is its image."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from connectors.errors import ConnectorError
from connectors.hubspot.api.config import MARKETING
from connectors.hubspot.api.extraction import _Sync
from connectors.landing import Landing
from connectors.sandbox.faults import Fault, FaultKind
from connectors.sandbox.hubspot_life import PortalLife
from tests.connectors.hubspot.portal import Scene, open_scene
from tests.connectors.killing import seed_told

_FAULTS = (
    FaultKind.SERVER_ERROR,
    FaultKind.CUT,
    FaultKind.TRUNCATE,
    FaultKind.LOST_ANSWER,
    FaultKind.DUPLICATE_PAGE,
    FaultKind.LIMIT,
    FaultKind.HTML,
)


class KilledError(BaseException):
    """Stands for a process that is gone."""


def _plan_faults(scene: Scene, rng: random.Random) -> None:
    for _ in range(rng.randrange(3)):
        kind = rng.choice(_FAULTS)
        policy = rng.choice(["TEN_SECONDLY_ROLLING", "SECONDLY"])
        fault = Fault(kind=kind, after=rng.randrange(40), policy=policy)
        scene.plan.add(fault)


def _kill_sometimes(
    scene: Scene, rng: random.Random, patch: pytest.MonkeyPatch
) -> None:
    """Let the process die between a commit and the cursor that covers it."""
    written = Landing.write_cursor
    left = rng.randrange(8)

    def die(self: Landing, *arguments: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise KilledError
        written(self, *arguments)  # type: ignore[arg-type]

    patch.setattr(Landing, "write_cursor", die)
    try:
        scene.sync()
    except (KilledError, ConnectorError):
        pass
    finally:
        patch.setattr(Landing, "write_cursor", written)


def _live(
    scene: Scene, seed: int, rounds: int, patch: pytest.MonkeyPatch
) -> Counter[str]:
    """Check the landing zone after every sync; count what happened."""
    rng = random.Random(seed)
    life = PortalLife(scene.portal, rng)
    done: Counter[str] = Counter()
    for number in range(rounds):
        for _ in range(rng.randrange(1, 25)):
            done += life.live(1)
            if rng.random() < 0.7:
                scene.clock.advance(rng.choice([0.001, 0.5, 30.0, 900.0]))
        if rng.random() < 0.4:
            _plan_faults(scene, rng)
            _kill_sometimes(scene, rng, patch)
            scene.clock.advance(rng.choice([0.0, 1.0, 60.0]))
        if rng.random() < 0.2:
            scene.portal.purge(
                "contacts", rng.choice(scene.portal.stores["contacts"].ids)
            )
            refresh = 0.0  # only a full list can tell
        else:
            refresh = 7.0 if rng.random() < 0.7 else 0.0
        _plan_faults(scene, rng)
        try:
            report = scene.sync(full_refresh_every_days=refresh)
        except ConnectorError:
            report = None
        scene.plan.clear()
        if report is None or report.warnings:
            # What a fault kept away, the next sync brings.
            report = scene.sync(full_refresh_every_days=refresh)
        assert report.warnings == (), f"seed {seed}, round {number}: {report.warnings}"
        differences = scene.differences()
        assert differences == [], f"seed {seed}, round {number}: {differences[:5]}"
    return done


def test_the_landing_zone_is_the_portals_image_after_every_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_scene(tmp_path, records=30) as scene, seed_told(2):
        scene.settings["marketing"] = MARKETING
        assert _live(scene, 2, 4, monkeypatch).total() > 10


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 103))
def test_long_lives_end_the_same(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_scene(tmp_path, records=60) as scene, seed_told(seed):
        scene.settings["marketing"] = MARKETING
        done = _live(scene, seed, 14, monkeypatch)
    # A life in which something never happens would prove less than it says.
    assert done.keys() >= {
        "create", "edit", "merge", "archive", "restore", "link", "unlink", "label",
        "add_property", "change_property", "enlist", "mail",
    }  # fmt: skip


def test_a_sync_killed_at_any_commit_ends_like_one_that_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kills between each commit and its cursor in turn, then one quiet sync."""
    with open_scene(tmp_path, objects=("contacts", "companies")) as scene:
        commit = _Sync._commit
        for survive in range(4):
            scene.clock.advance(60)
            PortalLife(scene.portal, random.Random(survive)).live(10)
            left = survive

            def die(self: _Sync, batches: object, entries: object) -> None:
                nonlocal left
                if left == 0:
                    self.landing.commit_all(batches)  # type: ignore[arg-type]
                    raise KilledError
                left -= 1
                commit(self, batches, entries)  # type: ignore[arg-type]

            monkeypatch.setattr(_Sync, "_commit", die)
            try:
                scene.sync()
            except KilledError:
                pass
            finally:
                monkeypatch.setattr(_Sync, "_commit", commit)
            scene.sync()
            assert scene.differences() == [], survive
