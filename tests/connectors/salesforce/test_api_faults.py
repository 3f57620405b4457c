"""A service that misbehaves: nothing is lost, and errors say what to do."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import ValidationError

from connectors.errors import (
    ClockSkewError,
    CredentialsError,
    ProtocolError,
    ServiceUnavailableError,
    SourceConfigError,
    SpoolError,
)
from connectors.salesforce import SalesforceApiConfig, check_api, extract_api
from connectors.salesforce.__main__ import main
from connectors.sandbox.faults import Fault
from connectors.sandbox.salesforce_oauth import LoginError
from tests.connectors.salesforce.live import RESULTS, LiveOrg, live_org

BULK = {"bulk_threshold": 0, "bulk_page_size": 10, "objects": ("Contact",)}
REST = {"rest_page_size": 200, "objects": ("Contact",)}
CANARY = "canary-4711"


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveOrg]:
    with live_org(tmp_path) as org:
        yield org


@pytest.fixture
def filled(live: LiveOrg) -> LiveOrg:
    for number in range(45):
        live.contact(f"Doe {number}")
    return live


@pytest.fixture(scope="module")
def key() -> tuple[str, str]:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return (
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
        private.public_key()
        .public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
        .decode(),
    )


# Faults on the way


@pytest.mark.parametrize(
    "kind", ["server_error", "cut", "truncate", "duplicate_page", "unauthorised"]
)
def test_a_result_page_that_fails_is_fetched_again_at_its_locator(filled, kind) -> None:
    # A session that is refused twice in a row is refused for good.
    count = 1 if kind == "unauthorised" else 2
    filled.plan(Fault(kind=kind, path=RESULTS, after=2, count=count))
    report = filled.sync(**BULK)
    filled.check()
    assert report.warnings == ()
    # Login, list, describe, count, create, 2 polls, 5 pages, delete; and 2 repetitions.
    assert report.usage is not None
    assert report.usage.calls <= 17


def test_an_expired_session_in_the_middle_of_a_job_is_renewed(filled) -> None:
    filled.sandbox.logins.tokens.clear()
    filled.plan(Fault(kind="unauthorised", path=RESULTS, after=1))
    filled.sync(**BULK)
    assert filled.sandbox.logins.issued == 2
    filled.check()


def test_a_job_whose_answer_was_lost_is_adopted(filled) -> None:
    filled.plan(Fault(kind="lost_answer", method="POST", path="*/jobs/query"))
    filled.sync(**BULK)
    assert len(filled.sandbox.bulk.jobs) == 1
    filled.check()


def test_a_job_that_was_not_created_is_created_again(filled) -> None:
    filled.plan(Fault(kind="server_error", method="POST", path="*/jobs/query"))
    filled.sync(**BULK)
    filled.check()


def test_a_failed_job_is_tried_once_more_then_reported(filled) -> None:
    filled.sandbox.bulk.fail_next = "InternalServerError: oops"
    filled.sync(**BULK)
    filled.check()


def test_polling_backs_off(filled) -> None:
    filled.sandbox.bulk.polls_until_done = 6
    filled.sync(**BULK)
    assert filled.waits == sorted(filled.waits)
    assert len(filled.waits) == 6


@pytest.mark.parametrize("kind", ["server_error", "cut", "truncate", "duplicate_page"])
def test_a_rest_page_that_fails_does_not_cost_or_double_a_record(live, kind) -> None:
    live.many_contacts(450)
    live.plan(Fault(kind=kind, path="/services/data/*/query/*"))
    report = live.sync(**REST)
    live.check()
    assert report.warnings == ()


def test_a_web_page_in_between_fails_one_object_and_spares_the_others(filled) -> None:
    filled.plan(Fault(kind="html", path="*/sobjects/Contact/describe"))
    filled.org.create("Account", {"Name": "Acme"})
    report = filled.sync(objects=("Account", "Contact"))
    assert report.skipped == ("contact: ProtocolError",)
    assert [type(each) for each in report.errors] == [ProtocolError]
    assert any("proxy" in warning for warning in report.warnings)
    filled.check("Account")
    filled.sync()
    filled.check()


def test_a_web_page_in_place_of_a_csv_is_named(filled) -> None:
    filled.plan(Fault(kind="html", path=RESULTS))
    with pytest.raises(ProtocolError, match="proxy"):
        filled.sync(**BULK)
    filled.sync(**BULK)
    filled.check()


def test_a_service_that_stays_down_ends_the_run_and_keeps_what_landed(filled) -> None:
    filled.org.create("Account", {"Name": "Acme"})
    filled.plan(Fault(kind="server_error", path="*/Contact/*", count=100))
    with pytest.raises(ServiceUnavailableError, match="503"):
        filled.sync(objects=("Account", "Contact"))
    filled.check("Account")
    filled.plan()
    filled.sync(objects=("Account", "Contact"))
    filled.check()


def test_a_full_disk_is_said_to_be_full(filled, monkeypatch) -> None:
    original = Path.open

    def open_or_refuse(path, *given, **options):
        if path.name == "page.csv" and given[:1] == ("wb",):
            raise OSError(28, "No space left on device")
        return original(path, *given, **options)

    monkeypatch.setattr(Path, "open", open_or_refuse)
    with pytest.raises(SpoolError, match="No space left"):
        filled.sync(**BULK)
    monkeypatch.undo()
    filled.sync(**BULK)
    filled.check()


# Limits


def test_the_run_stops_at_the_configured_share_and_goes_on_next_time(filled) -> None:
    for name in ("Account", "User"):
        filled.org.create(name, {"Name": "x"})
    filled.sandbox.daily_limit = 20
    objects = ("Contact", "Account", "User")
    first = filled.sync(objects=objects, limit_share=0.3)
    assert any("limit_share" in warning for warning in first.warnings)
    assert first.loads
    assert any("put off" in item for item in first.skipped)
    filled.sandbox.used = 0
    done = {load.object for load in first.loads}
    second = filled.sync(objects=objects, limit_share=0.3)
    # Those that waited come first.
    assert second.loads[0].object not in done
    filled.sandbox.used = 0
    filled.sync(objects=objects)
    for name in objects:
        filled.check(name)


def test_a_refusal_at_the_daily_limit_stops_cleanly(filled) -> None:
    filled.plan(Fault(kind="limit", path="*/queryAll", count=100))
    report = filled.sync()
    assert report.loads == ()
    assert any("REQUEST_LIMIT_EXCEEDED" in warning for warning in report.warnings)


# Logging in


def test_a_signed_login_works_and_a_clock_that_is_off_is_named(live, key) -> None:
    private, public = key
    live.sandbox.logins.public_key = public
    auth = {
        "kind": "jwt_bearer",
        "client_id": "sandbox-client",
        "username": "sync@sandbox.example",
        "private_key": private,
    }
    live.contact()
    live.sync(auth=auth)
    live.check()
    late = live.clock.now().timestamp() - 3_600
    with pytest.raises(ClockSkewError, match="3600 s behind"):
        extract_api(
            live.config(auth=auth),
            live.landing,
            extracted_at=live.clock.now(),
            now=lambda: late,
        )
    with pytest.raises(CredentialsError):
        live.sync(auth=auth | {"username": "nobody@sandbox.example"})
    with pytest.raises(SourceConfigError, match="private key"):
        live.sync(auth=auth | {"private_key": "not a key"})


def test_a_signature_of_another_key_is_refused(live, key) -> None:
    _, public = key
    live.sandbox.logins.public_key = public
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assertion = jwt.encode({"iss": "x"}, other, algorithm="RS256")
    with pytest.raises(LoginError, match="InvalidSignature"):
        live.sandbox.logins.grant(
            {
                "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "assertion": assertion,
            },
            None,
            live.url,
        )


def test_a_rotated_refresh_token_is_on_disk_before_it_is_needed(live, tmp_path) -> None:
    state = tmp_path / "secrets" / "crm.json"
    auth = {
        "kind": "refresh_token",
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
        "refresh_token": "sandbox-refresh-0",
    }
    live.contact()

    def sync() -> None:
        live.clock.advance(2)
        extract_api(
            live.config(auth=auth),
            live.landing,
            extracted_at=live.clock.now(),
            token_state=state,
        )

    # The first call after the login fails for good: the new token is kept all the same.
    live.plan(Fault(kind="html", path="*/sobjects/"))
    with pytest.raises(ProtocolError):
        sync()
    assert json.loads(state.read_text())["refresh_token"] == "sandbox-refresh-1"
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    sync()
    assert live.sandbox.logins.refresh_token == "sandbox-refresh-2"
    live.check()
    # A token that the user configures anew wins over the kept one.
    auth["refresh_token"] = live.sandbox.logins.refresh_token
    sync()


def test_a_refresh_token_needs_a_place_for_its_successor(live) -> None:
    auth = {"kind": "refresh_token", "client_id": "x", "refresh_token": "y"}
    with pytest.raises(SourceConfigError, match="token_state"):
        live.sync(auth=auth)


def test_a_ready_token_works_until_it_expires(live) -> None:
    settings = {
        "login_url": None,
        "instance_url": live.url,
        "auth": {"kind": "token", "access_token": "sandbox-access-token"},
    }
    live.contact()
    live.sync(**settings)
    live.check()
    live.sandbox.logins.expire()
    with pytest.raises(CredentialsError, match="cannot be renewed"):
        live.sync(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"auth": {"kind": "token", "access_token": "x"}},
        {"auth": {"kind": "password"}, "login_url": "https://x.test"},
        {
            "auth": {
                "kind": "client_credentials",
                "client_id": "a",
                "client_secret": "b",
            },
            "login_url": "https://login.salesforce.com",
        },
        {"auth": {"kind": "jwt_bearer"}, "login_url": "https://x.test"},
    ],
)
def test_logins_that_cannot_work_are_refused_at_once(settings) -> None:
    with pytest.raises(ValidationError):
        SalesforceApiConfig.model_validate({"name": "crm", **settings})


def test_no_secret_or_value_reaches_logs_errors_or_manifests(live, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    live.sandbox.logins.client_secret = f"secret-{CANARY}"
    auth = {
        "kind": "client_credentials",
        "client_id": "sandbox-client",
        "client_secret": f"secret-{CANARY}",
    }
    record = live.contact(f"person-{CANARY}")
    live.plan(Fault(kind="cut", path=RESULTS), Fault(kind="server_error"))
    live.sync(auth=auth, bulk_threshold=0)
    live.org.edit("Contact", record, {"LastName": f"other-{CANARY}"})
    live.sync(auth=auth)
    texts = [caplog.text, repr(live.config(auth=auth))]
    with pytest.raises(CredentialsError) as caught:
        live.sync(auth=auth | {"client_secret": f"wrong-{CANARY}"})
    texts.append(str(caught.value))
    texts += [
        path.read_text() for path in live.landing.root.rglob("*.json") if path.is_file()
    ]
    assert not [text for text in texts if CANARY in text]
    assert "sandbox-token-" not in caplog.text


# Checking and the command line


def test_the_check_says_what_would_not_work_and_how_to_mend_it(live) -> None:
    good = check_api(live.config(), now=lambda: live.clock.now().timestamp())
    assert {finding.level for finding in good} == {"ok"}
    live.sandbox.used = int(live.sandbox.daily_limit * 0.9)
    live.org.objects["Account"].is_queryable = False
    bad = check_api(
        live.config(objects=("Account", "Nope__c")),
        now=lambda: live.clock.now().timestamp() + 1_000,
    )
    levels = {finding.what.split()[0]: finding.level for finding in bad}
    text = " ".join(finding.what for finding in bad)
    assert "clock is 1000 s ahead" in text
    assert levels["object"] in ("fail", "warn")
    assert all(finding.fix for finding in bad if finding.level != "ok")
    refused = check_api(
        live.config(
            auth={
                "kind": "client_credentials",
                "client_id": "sandbox-client",
                "client_secret": "wrong",
            }
        )
    )
    assert [finding.level for finding in refused] == ["fail"]


def test_the_connector_runs_alone(live, tmp_path, monkeypatch, capsys) -> None:
    live.contact()
    config = tmp_path / "salesforce.yml"
    config.write_text(
        json.dumps(
            {
                "name": "crm",
                "login_url": live.url,
                "objects": ["Contact"],
                "auth": {"kind": "client_credentials", "client_id": "sandbox-client"},
            }
        )
    )
    monkeypatch.setenv("SF_SECRET", "sandbox-secret")
    given = ["--config", str(config), "--secret", "auth.client_secret=SF_SECRET"]
    assert main([*given, "--check"]) == 0
    live.clock.advance(2)
    assert main([*given, "--out", str(live.landing.root)]) == 0
    assert "1 new" in capsys.readouterr().out
    live.check()
    with pytest.raises(SystemExit):
        main(["--config", str(config), "--secret", "auth.client_secret=NOT_SET"])
    assert "NOT_SET" in capsys.readouterr().err
