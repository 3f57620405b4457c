"""How a message reaches each kind of channel: the payloads, and one sender for each.

Addresses are secrets: no error names one, nor what a service answered.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

from connectors.errors import ConnectorError
from connectors.http import HttpClient, classify_status
from orchestration.alerts.model import Message
from orchestration.config import Severity
from orchestration.config.alerting import (
    ChannelConfig,
    EmailChannel,
    SlackChannel,
    TeamsChannel,
    WebhookChannel,
)
from orchestration.errors import AlertError

_SLACK_LONGEST = 2_900
_TIMEOUT_SECONDS = 20.0
Send = Callable[[ChannelConfig, Message], None]


def send(channel: ChannelConfig, message: Message) -> None:
    """Deliver a message.

    Raises:
        AlertError: It was not taken; names the kind of channel and the kind of error.
    """
    if isinstance(channel, EmailChannel):
        _send_mail(channel, message)
    elif isinstance(channel, SlackChannel):
        _post("slack", channel.webhook_url.get_secret_value(), slack_payload(message))
    elif isinstance(channel, TeamsChannel):
        _post("teams", channel.webhook_url.get_secret_value(), teams_payload(message))
    else:
        _send_json(channel, message)


def slack_payload(message: Message) -> dict[str, Any]:
    """Blocks of Slack, with the plain text for notifications."""
    blocks: list[dict[str, Any]] = [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": message.headline[:150]},
        }
    ]
    if message.digest:
        text = "\n".join(f"*{label}:* {_slack(text)}" for label, text in message.digest)
        section = {"type": "mrkdwn", "text": text[:_SLACK_LONGEST]}
        blocks.append({"type": "section", "text": section})
    for alert in message.alerts:
        mark = ":red_circle:" if alert.severity is Severity.ERROR else ":warning:"
        lines = [f"{mark} *{_slack(alert.title)}*"]
        lines += [f"*{label}:* {_slack(text)}" for label, text in alert.lines()]
        text = "\n".join(lines)[:_SLACK_LONGEST]
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": text}})
    for title in message.resolved:
        text = f":white_check_mark: Resolved: {_slack(title)}"
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": text}})
    # Slack takes 50 blocks; nobody reads more.
    return {"text": message.headline, "blocks": blocks[:50]}


def teams_payload(message: Message) -> dict[str, Any]:
    """An adaptive card, as workflows of Teams expect it."""
    body: list[dict[str, Any]] = [
        {
            "type": "TextBlock",
            "text": message.headline,
            "weight": "Bolder",
            "wrap": True,
        }
    ]
    if message.digest:
        figures = [{"title": label, "value": text} for label, text in message.digest]
        body.append({"type": "FactSet", "facts": figures})
    for alert in message.alerts:
        colour = "Attention" if alert.severity is Severity.ERROR else "Warning"
        body.append(
            {
                "type": "TextBlock",
                "text": alert.title,
                "weight": "Bolder",
                "color": colour,
                "wrap": True,
                "separator": True,
            }
        )
        facts = [{"title": label, "value": text} for label, text in alert.lines()]
        body.append({"type": "FactSet", "facts": facts})
    body += [
        {
            "type": "TextBlock",
            "text": f"Resolved: {title}",
            "color": "Good",
            "wrap": True,
        }
        for title in message.resolved
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    content_type = "application/vnd.microsoft.card.adaptive"
    return {
        "type": "message",
        "attachments": [{"contentType": content_type, "content": card}],
    }


def webhook_payload(message: Message) -> dict[str, Any]:
    """Plain JSON: one object per alert."""
    return {
        "installation": message.installation,
        "headline": message.headline,
        "run_id": message.run_id,
        "alerts": [
            {
                "key": alert.key,
                "severity": alert.severity.value,
                "title": alert.title,
                "source": alert.source,
                "owner": alert.owner,
                "found": alert.found,
                "cause": alert.cause,
                "step": alert.step,
            }
            for alert in message.alerts
        ],
        "resolved": list(message.resolved),
        "digest": {label.strip(): text for label, text in message.digest},
    }


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _send_json(channel: WebhookChannel, message: Message) -> None:
    headers = {}
    if channel.token is not None:
        headers["Authorization"] = f"Bearer {channel.token.get_secret_value()}"
    _post("webhook", channel.url.get_secret_value(), webhook_payload(message), headers)


def _post(
    kind: str, url: str, payload: dict[str, Any], headers: dict[str, str] | None = None
) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise AlertError(
            f"Sending alerts to {kind}: its address is no http(s) address. Check the "
            "environment variable that tidycrm.yml refers to."
        )
    try:
        with HttpClient(
            f"{parts.scheme}://{parts.netloc}",
            classify=classify_status,
            timeout=_TIMEOUT_SECONDS,
            max_attempts=3,
        ) as client:
            # Told twice is better than not told.
            answer = client.request(
                "POST",
                url,
                json=payload,
                headers=headers,
                is_repeatable=True,
                expects_json=False,
            )
    except ConnectorError as error:
        # Its text names the path, which is the secret of a webhook.
        raise AlertError(
            f"Sending alerts to {kind}: not taken ({type(error).__name__}). Check the "
            "address and that the webhook still exists; it is tried again with the next "
            "run."
        ) from None
    if kind == "teams" and "failed" in answer.text[:200].lower():
        raise AlertError(
            "Sending alerts to teams: the service answered that it could not deliver the "
            "card; it is tried again with the next run."
        )


def _send_mail(channel: EmailChannel, message: Message) -> None:
    mail = EmailMessage()
    mail["Subject"] = " ".join(message.headline.split())
    mail["From"] = channel.sender
    mail["To"] = ", ".join(channel.to)
    mail.set_content(message.as_text())
    context = ssl.create_default_context()
    try:
        if channel.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                channel.host, channel.port, timeout=_TIMEOUT_SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(channel.host, channel.port, timeout=_TIMEOUT_SECONDS)
        with server:
            if channel.security == "starttls":
                server.starttls(context=context)
            if channel.username is not None and channel.password is not None:
                server.login(channel.username, channel.password.get_secret_value())
            server.send_message(mail)
    except (OSError, smtplib.SMTPException) as error:
        raise AlertError(
            f"Sending alerts by email through {channel.host}:{channel.port}: not taken "
            f"({type(error).__name__}). Check host, port, security and login; it is tried "
            "again with the next run."
        ) from None
