"""What a sync of a live portal does when the service, the token or the network fails."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from connectors.errors import (
    CredentialsError,
    MissingScopeError,
    ServiceUnavailableError,
    SourceConfigError,
)
from connectors.findings import Level
from connectors.hubspot import HubspotApiConfig, check_api
from connectors.sandbox.faults import FaultKind
from connectors.sandbox.hubspot import TOKEN, RateLimits
from tests.connectors.hubspot.portal import Scene, open_scene

CANARY = "pat-canary-4f1c9e"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with open_scene(tmp_path, objects=("contacts",)) as opened:
        yield opened


def _contact(scene: Scene, place: int = 0) -> int:
    return scene.portal.stores["contacts"].ids[place]


@pytest.mark.parametrize(
    ("policy", "path", "seconds"),
    [("TEN_SECONDLY_ROLLING", "*/contacts", 10.0), ("SECONDLY", "*/search", 1.0)],
)
def test_a_limit_is_waited_for_by_its_policy(
    scene: Scene, policy: str, path: str, seconds: float
) -> None:
    scene.fault(FaultKind.LIMIT, policy=policy, path=path, count=2)
    report = scene.sync()
    assert report.warnings == ()
    assert scene.differences() == []
    assert report.usage is not None
    assert report.usage.retries == 2
    assert sum(scene.waits) >= 2 * seconds


def test_a_used_up_day_stops_cleanly_and_the_next_day_goes_on(tmp_path: Path) -> None:
    with open_scene(tmp_path, records=260, objects=("contacts", "companies")) as scene:
        scene.fault(FaultKind.LIMIT, policy="DAILY", after=9, count=1_000)
        first = scene.sync()
        assert any("used up" in warning for warning in first.warnings)
        assert any(item.startswith("companies:") for item in first.skipped)
        landed = len(scene.rows("contacts"))
        assert 0 < landed < 260
        scene.plan.clear()
        calls_before = first.usage.calls if first.usage else 0
        second = scene.sync()
        assert second.warnings == ()
        assert scene.differences() == []
        assert second.counts["contacts"].new == 260 - landed
        assert calls_before > 0


def test_a_day_used_up_among_changes_keeps_what_was_read(tmp_path: Path) -> None:
    with open_scene(tmp_path, records=300, objects=("contacts",)) as scene:
        scene.sync()
        for number in scene.portal.stores["contacts"].ids:
            scene.clock.advance(1)
            scene.portal.update("contacts", number, {"jobtitle": "x"})
        path = "*/contacts/batch/read"
        scene.fault(FaultKind.LIMIT, policy="DAILY", path=path, after=5, count=99)
        stopped = scene.sync()
        assert 0 < stopped.counts["contacts"].changed < 300
        scene.plan.clear()
        scene.sync()
        assert scene.differences() == []


def test_a_share_of_the_day_is_left_to_others(scene: Scene) -> None:
    with open_scene(
        scene.landing.root / "other",
        objects=("contacts",),
        limits=RateLimits(ten_secondly=None, search_secondly=None, daily=10),
    ) as small:
        report = small.sync(daily_limit_share=0.5)
        assert any("daily_limit_share" in warning for warning in report.warnings)


@pytest.mark.parametrize(
    "kind", [FaultKind.SERVER_ERROR, FaultKind.CUT, FaultKind.LOST_ANSWER]
)
def test_outages_and_cut_answers_are_tried_again(scene: Scene, kind: FaultKind) -> None:
    scene.fault(kind, after=3, count=3)
    report = scene.sync()
    assert report.warnings == ()
    assert scene.differences() == []


def test_a_long_outage_skips_the_object_and_the_next_sync_heals(tmp_path: Path) -> None:
    with open_scene(tmp_path, objects=("contacts", "companies")) as scene:
        scene.fault(FaultKind.SERVER_ERROR, path="*/properties/*/contacts", count=50)
        report = scene.sync()
        assert [item.split(":")[0] for item in report.skipped] == ["contacts"]
        assert [type(each) for each in report.errors] == [ServiceUnavailableError]
        assert len(scene.rows("companies")) == 12
        scene.plan.clear()
        assert scene.sync().warnings == ()
        assert scene.differences() == []


@pytest.mark.parametrize("path", ["*/properties/*", "*/contacts", "*/search"])
def test_a_page_of_html_instead_of_json_is_told_and_loses_nothing(
    scene: Scene, path: str
) -> None:
    scene.sync()
    scene.clock.advance(60)
    scene.portal.update("contacts", _contact(scene), {"jobtitle": "x"})
    scene.fault(FaultKind.HTML, path=path)
    report = scene.sync()
    assert len(report.warnings) == 1
    assert "HTML page" in report.warnings[0]
    assert scene.sync().warnings == ()
    assert scene.differences() == []


def test_a_page_that_is_served_twice_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with open_scene(tmp_path, records=330, objects=("contacts",)) as scene:
        for after in (1, 2, 3):
            scene.fault(FaultKind.DUPLICATE_PAGE, path="*/contacts", after=after)
        scene.sync()
        assert scene.differences() == []
        scene.fault(FaultKind.DUPLICATE_PAGE, path="*/contacts", after=2)
        scene.sync(full_refresh_every_days=0)
        assert scene.differences() == []


def test_a_refused_token_is_an_error_and_what_was_landed_stays(scene: Scene) -> None:
    scene.sync()
    with pytest.raises(CredentialsError, match="Service keys"):
        scene.sync(access_token="pat-wrong")
    assert scene.differences() == []


def test_a_token_that_dies_halfway_ends_the_sync_and_the_next_one_heals(
    tmp_path: Path,
) -> None:
    with open_scene(tmp_path, objects=("contacts", "companies")) as scene:
        scene.fault(FaultKind.UNAUTHORISED, path="*/properties/*/companies")
        with pytest.raises(CredentialsError):
            scene.sync()
        assert len(scene.rows("contacts")) == 12
        scene.sync()
        assert scene.differences() == []


def test_an_object_that_was_read_and_is_denied_now_leaves_the_source_incomplete(
    tmp_path: Path,
) -> None:
    with open_scene(tmp_path) as scene:
        assert scene.sync().errors == ()
        scene.portal.settings.denied = {"contacts"}
        assert {type(each) for each in scene.sync().errors} == {MissingScopeError}


def test_a_missing_scope_skips_the_object_and_names_the_scope(tmp_path: Path) -> None:
    with open_scene(tmp_path) as scene:
        scene.portal.settings.denied = {"tickets", "owners"}
        report = scene.sync()
        assert {item.split(":")[0] for item in report.skipped} == {"tickets", "owners"}
        assert report.errors == ()
        told = " ".join(report.warnings)
        assert "crm.objects.owners.read" in told
        assert "the token lacks tickets" in told
        assert len(scene.rows("deals")) == 12
        scene.portal.settings.denied = set()
        assert scene.sync().warnings == ()
        assert scene.differences() == []


def test_a_scope_for_properties_that_goes_away_loses_no_column(scene: Scene) -> None:
    scene.sync()
    scene.clock.advance(60)
    scene.portal.update("contacts", _contact(scene), {"jobtitle": "x"})
    scene.fault(
        FaultKind.SERVER_ERROR, path="*/properties/*/contacts", status=404, count=2
    )
    report = scene.sync()
    assert "cannot be listed" in report.warnings[0]
    assert [e.kind for load in report.loads for e in load.drift] == []
    assert scene.differences() == []


def test_an_object_that_does_not_exist_is_skipped(scene: Scene) -> None:
    report = scene.sync(objects=("contacts", "2-999"))
    assert [item.split(":")[0] for item in report.skipped] == ["c_2_999"]
    assert scene.record_differences("contacts") == []


def test_a_token_of_another_portal_is_refused(scene: Scene) -> None:
    scene.sync()
    scene.portal.portal_id += 1
    with pytest.raises(SourceConfigError, match="account"):
        scene.sync()


def test_an_object_that_is_suddenly_empty_deletes_nothing(scene: Scene) -> None:
    scene.sync()
    for number in list(scene.portal.stores["contacts"].ids):
        scene.portal.purge("contacts", number)
    report = scene.sync(full_refresh_every_days=0)
    assert report.skipped == ("contacts: EmptySnapshotError",)
    assert not any(row["_is_deleted"] for row in scene.rows("contacts").values())
    scene.sync(full_refresh_every_days=0, allow_empty=True)
    assert scene.differences() == []


def test_a_lost_cursor_and_a_restored_landing_zone_are_read_again(scene: Scene) -> None:
    scene.sync()
    scene.clock.advance(60)
    scene.portal.purge("contacts", _contact(scene))
    scene.landing.write_cursor("hubspot", "portal", {})
    scene.sync()
    assert scene.differences() == []


def test_no_secret_and_no_value_appears_anywhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    person = "canary.person@example.com"
    with open_scene(tmp_path, objects=("contacts",)) as scene:
        scene.portal.create("contacts", {"email": person})
        scene.sync()
        scene.fault(FaultKind.SERVER_ERROR, count=8)
        with pytest.raises(Exception, match="HTTP 503") as outage:
            scene.sync()
        with pytest.raises(CredentialsError) as refused:
            scene.sync(access_token=CANARY)
        told = [caplog.text, repr(scene.config(access_token=CANARY))]
        told += [
            "".join(traceback.format_exception(item.value))
            for item in (outage, refused)
        ]
        written = [
            path.read_text(encoding="utf-8", errors="ignore")
            for path in scene.landing.root.rglob("*.json")
        ]
    for text in (*told, *written):
        for secret in (CANARY, TOKEN, person):
            assert secret not in text


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "http://api.hubapi.com"},
        {"access_token": ""},
        {"access_token": "pat with blank"},
        {"objects": ("../secrets",)},
        {"api_version": "v3"},
        {"associations": {"contacts": ("a b",)}},
        {"token": "x"},
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, object]) -> None:
    settings: dict[str, object] = {"name": "portal", "access_token": "pat-x"}
    with pytest.raises(ValidationError):
        HubspotApiConfig(**(settings | changes))  # type: ignore[arg-type]


class TestCheck:
    """The questions that are asked before anyone syncs."""

    def _levels(self, scene: Scene, **changes: object) -> dict[str, Level]:
        config = scene.config(**changes)
        found = check_api(config, now=scene.now, sleep=scene.waits.append)
        return {finding.what: finding.level for finding in found}

    def test_a_sound_source_has_only_good_findings(self, scene: Scene) -> None:
        assert set(self._levels(scene).values()) == {Level.OK}

    def test_a_refused_token_is_the_only_finding(self, scene: Scene) -> None:
        found = self._levels(scene, access_token=CANARY)
        assert list(found.values()) == [Level.FAIL]
        assert CANARY not in str(found)

    def test_a_missing_scope_is_a_warning_that_names_it(self, scene: Scene) -> None:
        scene.portal.settings.denied = {"contacts"}
        bad = [w for w, level in self._levels(scene).items() if level is Level.WARN]
        assert len(bad) == 1
        assert "crm.objects.contacts.read" in bad[0]

    def test_a_clock_that_is_off_is_told(self, scene: Scene) -> None:
        later = scene.now.replace(year=scene.now.year + 1)
        found = check_api(scene.config(), now=later)
        assert [f.fix for f in found if f.level is Level.WARN] == [
            "set the clock of this machine by a time server"
        ]
