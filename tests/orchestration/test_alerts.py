"""Alerts: what is told, to whom, how often, when not, and that no secret slips out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_string, policy
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from connectors.errors import CredentialsError, ServiceUnavailableError
from orchestration.alerts import (
    Alert,
    Message,
    Severity,
    dispatch,
    find_conditions,
    send,
)
from orchestration.config import AlertsConfig, ChannelConfig
from orchestration.errors import AlertError
from orchestration.home import Home, replace_text
from orchestration.publishing import Shelf
from orchestration.source_states import SourceStates
from orchestration.workspace import Workspace
from tests.orchestration.alert_servers import Mailbox, Posted, mail_server, web_server
from tests.orchestration.conftest import TWO_SOURCES

Make = Callable[..., Workspace]
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
NIGHT = datetime(2026, 1, 15, 23, tzinfo=UTC)
STALE = Alert(
    "source:hubspot:stale",
    Severity.WARNING,
    "Source hubspot is stale",
    "no answer <after> 5 attempts & more",
    "the service is down",
    "wait",
    source="hubspot",
    owner="revenue-operations",
)
BLOCKED = Alert(
    "publish:blocked", Severity.ERROR, "The publication was blocked", "x", "y", "z"
)


@pytest.fixture
def web() -> Iterator[Posted]:
    with web_server() as posted:
        yield posted


@pytest.fixture
def mail() -> Iterator[Mailbox]:
    with mail_server() as box:
        yield box


def channel(**values: Any) -> ChannelConfig:
    adapter: TypeAdapter[ChannelConfig] = TypeAdapter(ChannelConfig)
    return adapter.validate_python(values)


def mail_channel(port: int, **values: Any) -> ChannelConfig:
    return channel(
        type="email",
        host="127.0.0.1",
        port=port,
        security="none",
        sender="tidycrm@example.test",
        to=["ops@example.test", "crm@example.test"],
        **values,
    )


MESSAGE = Message("data", (STALE, BLOCKED), ("Source shop is stale",), "0123456789")


def test_slack_gets_blocks_with_everything_escaped(web: Posted) -> None:
    send(channel(type="slack", webhook_url=web.url), MESSAGE)
    (body,) = web.bodies
    assert body["text"] == "tidycrm (data): The publication was blocked and 1 more"
    texts = [block["text"]["text"] for block in body["blocks"]]
    assert "*Owner:* revenue-operations" in texts[1]
    assert "no answer &lt;after&gt; 5 attempts &amp; more" in texts[1]
    assert texts[-1].endswith("Resolved: Source shop is stale")


def test_teams_gets_an_adaptive_card_and_its_hidden_refusal_is_seen(
    web: Posted,
) -> None:
    teams = channel(type="teams", webhook_url=web.url)
    web.answers = [(202, ""), (200, "Webhook message delivery failed with error: 429")]
    send(teams, MESSAGE)
    (body,) = web.bodies
    card = body["attachments"][0]
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
    facts = card["content"]["body"][2]["facts"]
    assert {"title": "Next step", "value": "wait"} in facts
    with pytest.raises(AlertError, match="could not deliver"):
        send(teams, MESSAGE)


def test_a_webhook_gets_json_and_its_token(web: Posted) -> None:
    send(channel(type="webhook", url=web.url, token="hook-token"), MESSAGE)
    (body,) = web.bodies
    assert [each["key"] for each in body["alerts"]] == [STALE.key, BLOCKED.key]
    assert body["alerts"][0]["owner"] == "revenue-operations"
    assert body["resolved"] == ["Source shop is stale"]
    assert web.headers[0]["Authorization"] == "Bearer hook-token"


def test_mail_reaches_every_recipient_as_plain_text(mail: Mailbox) -> None:
    send(mail_channel(mail.port), MESSAGE)
    parsed = message_from_string(mail.mails[0], policy=policy.default)
    assert "The publication was blocked and 1 more" in str(parsed["subject"])
    text = parsed.get_body().get_content()  # type: ignore[union-attr]
    assert "Next step: wait" in text
    assert "[resolved] Source shop is stale" in text
    assert len(mail.recipients) == 2


def test_a_service_that_is_ill_is_tried_again(web: Posted) -> None:
    web.answers = [(503, ""), (200, "ok")]
    send(channel(type="slack", webhook_url=web.url), MESSAGE)
    assert len(web.bodies) == 2


@pytest.mark.parametrize("kind", ["slack", "teams", "webhook"])
def test_a_refusal_names_the_channel_and_no_address(web: Posted, kind: str) -> None:
    web.answers = [(404, "no_service secret-path")]
    key = "url" if kind == "webhook" else "webhook_url"
    with pytest.raises(AlertError) as caught:
        send(channel(type=kind, **{key: web.url}), MESSAGE)
    assert kind in str(caught.value)
    assert "secret-path" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_mail_server_that_refuses_or_is_absent_is_told(mail: Mailbox) -> None:
    mail.refuses = True
    with pytest.raises(AlertError, match="SMTPRecipientsRefused"):
        send(mail_channel(mail.port), MESSAGE)
    with pytest.raises(AlertError, match="Check host, port"):
        send(mail_channel(1), MESSAGE)


@pytest.mark.parametrize(
    "values",
    [
        {"type": "pager", "url": "http://x"},
        {"type": "slack"},
        {"type": "email", "host": "h", "sender": "nobody", "to": ["a@b"]},
        {"type": "email", "host": "h", "sender": "a@b", "to": ["a@b"], "username": "x"},
    ],
)
def test_a_channel_that_cannot_work_is_a_mistake(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        channel(**values)


class Recorder:
    """Stands for the delivery; refuses on demand."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.refuses = False

    def __call__(self, _: ChannelConfig, message: Message) -> None:
        if self.refuses:
            raise AlertError("not taken")
        self.messages.append(message)

    def told(self) -> list[tuple[list[str], list[str]]]:
        found = [
            ([alert.key for alert in each.alerts], list(each.resolved))
            for each in self.messages
        ]
        self.messages.clear()
        return found


def config(**values: Any) -> AlertsConfig:
    slack = {"type": "slack", "webhook_url": "https://hooks.example.test/secret-path"}
    return AlertsConfig.model_validate({"channels": [slack], **values})


def test_conditions_are_grouped_told_once_repeated_and_resolved(tmp_path: Path) -> None:
    home, out, rules = Home(tmp_path), Recorder(), config()

    def at(hours: float, *alerts: Alert) -> list[tuple[list[str], list[str]]]:
        now = NOON + timedelta(hours=hours)
        dispatch(home, rules, alerts, now=now, deliver=out)
        return out.told()

    assert at(0, STALE, BLOCKED) == [([STALE.key, BLOCKED.key], [])]
    assert at(1, STALE, BLOCKED) == []
    assert at(2, STALE) == [([], ["The publication was blocked"])]
    assert at(3, STALE) == []
    assert at(25, STALE) == [([STALE.key], [])]
    assert at(26) == [([], ["Source hubspot is stale"])]
    assert at(27) == []
    assert "secret-path" not in home.alerts.read_text()


def test_what_was_not_taken_is_tried_again(tmp_path: Path) -> None:
    home, out = Home(tmp_path), Recorder()
    out.refuses = True
    done = dispatch(home, config(), [BLOCKED], now=NOON, deliver=out)
    assert (done.sent, done.problems) == (0, ("not taken",))
    out.refuses = False
    assert dispatch(home, config(), [BLOCKED], now=NOON, deliver=out).sent == 1


def test_warnings_wait_for_the_morning_and_errors_do_not(tmp_path: Path) -> None:
    home, out = Home(tmp_path), Recorder()
    rules = config(
        quiet_hours={"start": "22:00", "end": "06:00", "timezone": "Europe/Berlin"}
    )
    done = dispatch(home, rules, [STALE, BLOCKED], now=NIGHT, deliver=out)
    assert done.held == 1
    assert out.told() == [([BLOCKED.key], [])]
    # Five in the morning there: the night is not over; at six it is.
    dispatch(
        home, rules, [STALE], now=datetime(2026, 1, 16, 4, tzinfo=UTC), deliver=out
    )
    assert out.told() == []
    dispatch(
        home, rules, [STALE], now=datetime(2026, 1, 16, 5, tzinfo=UTC), deliver=out
    )
    assert out.told() == [([STALE.key], ["The publication was blocked"])]


def test_a_channel_can_take_errors_only(tmp_path: Path) -> None:
    out = Recorder()
    rules = AlertsConfig.model_validate(
        {"channels": [{"type": "webhook", "url": "http://x", "minimum": "error"}]}
    )
    dispatch(Home(tmp_path), rules, [STALE, BLOCKED], now=NOON, deliver=out)
    assert out.told() == [([BLOCKED.key], [])]


def failing(workspace: Workspace, hours: float, error: Exception) -> None:
    states = SourceStates(workspace.home)
    states.succeed("hubspot", NOON - timedelta(hours=hours))
    states.fail("hubspot", NOON, error)


def test_a_stale_source_names_owner_age_cause_and_step(make_workspace: Make) -> None:
    workspace = make_workspace()
    failing(workspace, 5, ServiceUnavailableError("GET /crm: no answer"))
    (alert,) = find_conditions(workspace, now=NOON)
    assert alert.severity is Severity.WARNING
    assert (alert.source, alert.owner) == ("hubspot", "revenue-operations")
    assert "5 h old (1 d are tolerated)" in alert.found
    assert "GET /crm: no answer" in alert.found
    assert "network is down" in alert.cause


def test_a_source_that_stops_the_publication_is_one_error_not_two(
    make_workspace: Make,
) -> None:
    workspace = make_workspace()
    failing(workspace, 50, CredentialsError("the token was revoked"))
    (alert,) = find_conditions(workspace, now=NOON, failure="sources__hubspot: …")
    assert alert.severity is Severity.ERROR
    assert alert.title == "Source hubspot stops the publication"
    assert "tidycrm doctor" in alert.step


@pytest.mark.parametrize(
    ("failure", "key"),
    [
        ("2 checks that guard the published file failed:\n  - a", "publish:blocked"),
        ("One check that guards the published file failed:\n  - a", "publish:blocked"),
        ("published__crm: Publishing: 1 changes would break", "publish:blocked"),
        ("hygiene__x: MemoryError. The full text is", "sync:failed"),
    ],
)
def test_a_failure_is_told_by_what_failed(
    make_workspace: Make, failure: str, key: str
) -> None:
    (alert,) = find_conditions(make_workspace(), now=NOON, failure=failure)
    assert (alert.key, alert.found) == (key, failure)


def test_a_late_file_and_a_forgotten_pin_are_told(make_workspace: Make) -> None:
    workspace = make_workspace(TWO_SOURCES.replace("2026-01-15", "today"))
    replace_text(
        workspace.home.last_publication,
        f'{{"published_at": "{(NOON - timedelta(hours=40)).isoformat()}"}}',
    )
    replace_text(
        Shelf(workspace.home.published).out / "pin.json",
        f'{{"version": "r1", "pinned_at": "{(NOON - timedelta(days=3)).isoformat()}"}}',
    )
    found = {each.key: each.found for each in find_conditions(workspace, now=NOON)}
    assert "1 d 16 h old" in found["publish:late"]
    assert "since 3 d" in found["publish:pinned"]
    assert find_conditions(make_workspace(), now=NOON - timedelta(days=3)) == []


def test_what_belongs_to_no_source_is_told_to_the_owner_of_the_publication(
    make_workspace: Make,
) -> None:
    workspace = make_workspace(TWO_SOURCES + "publish: {owner: analytics}\n")
    (alert,) = find_conditions(workspace, now=NOON, failure="hygiene: it broke")
    assert alert.owner == "analytics"


def test_a_message_names_the_installation_as_people_call_it(tmp_path: Path) -> None:
    assert Home(tmp_path / "acme" / "data").label == "acme"
    assert Home(tmp_path / "acme-crm").label == "acme-crm"
