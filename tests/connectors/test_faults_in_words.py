"""Every fault of a live source: an error that says what to do, and a next run that heals.

An error names what was being done and where, what was found, what was expected and the
next step. Other objects go on, and nothing that was landed is lost. The recoveries of
each connector are tested beside it; here are the words, and the disk.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.disk import is_disk_full
from connectors.errors import ConnectorError, SpoolError
from connectors.hubspot.api.spool import Spool as HubspotSpool
from connectors.landing import atomic
from connectors.landing.capture import ChangeCapture
from connectors.sandbox.faults import Fault, FaultKind
from connectors.sandbox.salesforce_schema import Field
from tests.connectors.hubspot.portal import Scene, open_scene
from tests.connectors.salesforce.live import RESULTS, LiveOrg, live_org

FULL = Path("/dev/full")
needs_full_device = pytest.mark.skipif(
    not FULL.exists(), reason="this system has no device that is always full"
)
CONTACTS = {"objects": ("Contact",)}


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveOrg]:
    with live_org(tmp_path) as org:
        org.contact("Known")
        org.org.create("Account", {"Name": "Acme"})
        yield org


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with open_scene(tmp_path, objects=("contacts", "companies")) as opened:
        yield opened


def told(run: Callable[[], Any]) -> str:
    """Give the words of a fault, whether it ended the run or one object."""
    try:
        report = run()
    except ConnectorError as error:
        return f"{type(error).__name__}: {error}"
    assert report.skipped
    return "\n".join(report.warnings)


def says(text: str, *, doing: str, found: str, expected: str, then: str) -> None:
    """Check the parts of a message."""
    parts = {"doing": doing, "found": found, "expected": expected, "then": then}
    lacking = [part for part, words in parts.items() if words not in text]
    assert not lacking, f"{lacking} not in: {text}"


def secret(live: LiveOrg, text: str) -> dict[str, object]:
    auth = {"kind": "client_credentials", "client_id": "sandbox-client"}
    return {"auth": auth | {"client_secret": text}}


# Salesforce


def test_salesforce_says_what_is_wrong_with_the_login(live) -> None:
    says(
        told(lambda: live.sync(**secret(live, "wrong"))),
        doing="source 'crm': POST /services/oauth2/token at 127.0.0.1",
        found="invalid_client",
        expected="was expected",
        then="Check the credentials",
    )
    token = {"kind": "token", "access_token": "expired"}
    says(
        told(lambda: live.sync(login_url=None, instance_url=live.url, auth=token)),
        doing="source 'crm': logging in",
        found="not accepted",
        expected="one that works was expected",
        then="Get a new one",
    )


def test_salesforce_says_which_object_may_not_be_read_and_reads_the_others(
    live,
) -> None:
    live.org.objects["Account"].is_queryable = False
    says(
        told(lambda: live.sync(objects=("Account", "Contact"))),
        doing="reading the description of object Account",
        found="may query it",
        expected="read access was expected",
        then="permission set",
    )
    live.check()


def test_salesforce_says_that_an_object_vanished_and_keeps_what_it_had(live) -> None:
    live.sync(objects=("Account", "Contact"))
    del live.org.objects["Account"]
    text = told(lambda: live.sync(objects=("Account", "Contact")))
    says(
        text,
        doing="source 'crm': listing the objects",
        found="is not in the org any more",
        expected="was read before",
        then="take it out of objects",
    )
    assert len(live.landed("account")) == 1
    live.check()


@pytest.mark.parametrize(
    "path", ["*/oauth2/token", "*/sobjects/", "*/describe", "*/queryAll", RESULTS]
)
def test_salesforce_names_the_proxy_that_answers_with_a_web_page(live, path) -> None:
    live.plan(Fault(kind="html", path=path))
    says(
        told(lambda: live.sync(**CONTACTS, bulk_threshold=0 if path == RESULTS else 9)),
        doing="source 'crm': ",
        found="an HTML page came (HTTP 200)",
        expected="was expected",
        then="check the base URL and the proxy settings",
    )
    live.sync(**CONTACTS)
    live.check()


def test_a_custom_object_of_255_fields_with_odd_values_lands(live) -> None:
    """With a picklist value of 32 KB in the records and in the list of values."""
    live.org.add_object("Plan__c", "a01", ["Name"])
    long = "v" * 32_768
    for number in range(255 - len(live.org.objects["Plan__c"].fields)):
        live.org.add_field("Plan__c", Field(name=f"C{number}__c"))
    live.org.set_picklist("Plan__c", "C0__c", ["short", long])
    values = {"C0__c": long, "C1__c": "a\0b", "C2__c": "🧑‍🚀 \U0001f469\u200d💻"}
    made = live.org.create("Plan__c", {"Name": "Gold", **values})
    for threshold in (2_000, 0):
        live.sync(objects=("Plan__c",), bulk_threshold=threshold)
        row = live.landed("plan__c")[made]
        data = [name for name in row if not name.startswith("_")]
        assert len(data) == 255
        assert (row["c0__c"], row["c1__c"]) == (long, "ab")
        assert row["c2__c"] == values["C2__c"]
    live.org.set_picklist("Plan__c", "C0__c", ["short"])
    live.sync(objects=("Plan__c",))
    (event,) = live.landing.drift()
    assert event.before is not None
    assert len(event.before) < 200


# HubSpot


def test_hubspot_says_what_is_wrong_with_the_token(scene: Scene) -> None:
    says(
        told(lambda: scene.sync(access_token="pat-wrong")),
        doing="source 'portal': logging in",
        found="refused the token (HTTP 401)",
        expected="one that is valid was expected",
        then="Service keys",
    )


def test_hubspot_names_the_scope_that_lacks_and_reads_the_others(scene: Scene) -> None:
    scene.portal.settings.denied = {"companies"}
    says(
        told(scene.sync),
        doing="source 'portal': GET /crm/objects/2026-03/companies",
        found="MISSING_SCOPES",
        expected="was expected",
        then="Add it to the service key",
    )
    assert scene.record_differences("contacts") == []


def test_hubspot_says_that_an_object_vanished_and_reads_the_others(
    scene: Scene,
) -> None:
    scene.sync()
    del scene.portal.stores["companies"]
    says(
        told(lambda: scene.sync(full_refresh_every_days=0)),
        doing="source 'portal': ",
        found="the account has no such object",
        expected="was expected",
        then="Check the name",
    )
    assert len(scene.rows("companies")) == 12
    assert not any(row["_is_deleted"] for row in scene.rows("companies").values())
    assert scene.record_differences("contacts") == []


@pytest.mark.parametrize("path", ["*/details", "*/properties/*", "*/batch/read"])
def test_hubspot_names_the_proxy_that_answers_with_a_web_page(
    scene: Scene, path: str
) -> None:
    scene.fault(FaultKind.HTML, path=path)
    says(
        told(scene.sync),
        doing="source 'portal': ",
        found="an HTML page came (HTTP 200)",
        expected="was expected",
        then="check the base URL and the proxy settings",
    )
    scene.clock.advance(60)
    scene.sync()
    assert scene.differences() == []


@pytest.mark.parametrize("vendor", ["salesforce", "hubspot"])
def test_a_service_that_nobody_reaches_is_named(live, scene, vendor) -> None:
    nowhere = "http://127.0.0.1:9"
    runs = {
        "salesforce": lambda: live.sync(login_url=nowhere),
        "hubspot": lambda: scene.sync(base_url=nowhere),
    }
    says(
        told(runs[vendor]),
        doing="at 127.0.0.1",
        found="(ConnectError)",
        expected="one was expected",
        then="the address and network are right",
    )


# The disk


def _writes_to_the_full_device(function: Any, place: int) -> Any:
    """Let a function write its file to a disk that is full, once."""
    calls = []

    @functools.wraps(function)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        if not calls:
            calls.append(1)
            path: Path = arguments[place]
            path.unlink(missing_ok=True)
            path.symlink_to(FULL)
        return function(*arguments, **named)

    return wrapped


def _disk_is_full(text: str) -> None:
    says(
        text,
        doing="SpoolError: ",
        found="is full",
        expected="room for what is being read, twice over, was expected",
        then="Free space",
    )
    assert "nothing that was landed is lost" in text


@needs_full_device
@pytest.mark.parametrize("stage", ["incoming", "part", "outcomes"])
def test_a_disk_that_fills_up_while_landing(live, stage, monkeypatch) -> None:
    live.sync(**CONTACTS)
    new = live.contact("New")
    if stage == "incoming":
        from connectors.landing import store

        wrapped = _writes_to_the_full_device(store.write_incoming, 1)
        monkeypatch.setattr(store, "write_incoming", wrapped)
    elif stage == "part":
        wrapped = _writes_to_the_full_device(ChangeCapture.write_part, 1)
        monkeypatch.setattr(ChangeCapture, "write_part", wrapped)
        # Where only the end of a file does not fit, the library does not name the disk.
        monkeypatch.setattr("connectors.disk._ALMOST_NOTHING", 1 << 60)
    else:
        original = ChangeCapture.write_part

        def write(self: ChangeCapture, *arguments: Any, **named: Any) -> None:
            (self._workdir / "outcomes.parquet").symlink_to(FULL)
            original(self, *arguments, **named)

        monkeypatch.setattr(ChangeCapture, "write_part", write)
    _disk_is_full(told(lambda: live.sync(**CONTACTS)))
    assert len(live.landed()) == 1
    assert list((live.landing.root / "_tmp").iterdir()) == []
    monkeypatch.undo()
    live.sync(**CONTACTS)
    assert new in live.landed()
    live.check()


@needs_full_device
def test_a_disk_that_fills_up_between_the_data_and_the_cursor(
    live, monkeypatch
) -> None:
    live.sync(**CONTACTS)
    live.contact("New")
    original = atomic.write_json

    def write(path: Path, document: dict[str, Any]) -> None:
        if "_cursors" in str(path):
            FULL.write_text("x")
        original(path, document)

    monkeypatch.setattr("connectors.landing.cursors.write_json", write)
    _disk_is_full(told(lambda: live.sync(**CONTACTS)))
    monkeypatch.undo()
    live.sync(**CONTACTS)
    live.check()


@needs_full_device
def test_a_disk_that_fills_up_while_hubspot_is_read_ends_the_sync(
    scene: Scene, monkeypatch
) -> None:
    scene.sync()
    scene.clock.advance(60)
    number = scene.portal.stores["contacts"].ids[0]
    scene.portal.update("contacts", number, {"jobtitle": "x"})
    original = HubspotSpool._write

    def write(self: HubspotSpool, frame: Any, parts: Any, kind: str) -> None:
        (self._folder / f"{kind}-{len(parts):06d}.parquet").symlink_to(FULL)
        original(self, frame, parts, kind)

    monkeypatch.setattr(HubspotSpool, "_write", write)
    _disk_is_full(told(scene.sync))
    monkeypatch.undo()
    scene.sync()
    assert scene.differences() == []


def test_other_errors_of_the_disk_pass_unchanged() -> None:
    assert not is_disk_full(PermissionError(13, "denied"))
    assert not is_disk_full(ValueError("no space left on device"))
    assert issubclass(SpoolError, ConnectorError)
