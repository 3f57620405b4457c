"""Who is told when: grouped into one message, each condition once, warnings not at night.

Remembers per channel what was told, in one small file of the home. It is safe to lose:
what lasts is then told once more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestration.alerts.channels import Send, send
from orchestration.alerts.model import Alert, Message
from orchestration.config import Severity
from orchestration.config.alerting import AlertsConfig, ChannelConfig
from orchestration.errors import AlertError
from orchestration.home import Home, replace_text

Told = dict[str, dict[str, str]]
"""Per key: `at` (when it was last told) and `title`."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one dispatch did.

    Attributes:
        sent: Messages that were taken.
        held: Warnings that wait for the end of the quiet hours.
        problems: Why channels did not take a message; it is tried again next time.
    """

    sent: int
    held: int
    problems: tuple[str, ...]


def dispatch(
    home: Home,
    config: AlertsConfig,
    alerts: Sequence[Alert],
    *,
    now: datetime,
    run_id: str | None = None,
    deliver: Send = send,
) -> Delivery:
    """Tell every channel what is due, and remember it.

    Args:
        home: Keeps the memory and names the installation.
        config: Channels, quiet hours, repetition.
        alerts: All present conditions; what was told and is missing here is over.
        now: UTC.
        run_id: The run that found them.
        deliver: Sends one message.
    """
    memory = _read(home)
    quiet = config.quiet_hours is not None and config.quiet_hours.holds(now)
    sent = held = 0
    problems: list[str] = []
    for channel in config.channels:
        name = _identity(channel)
        told: Told = memory.get(name, {})
        wanted = [each for each in alerts if each.severity.rank >= channel.minimum.rank]
        due = [each for each in wanted if _is_due(told.get(each.key), config, now)]
        over = {key: told[key] for key in sorted(set(told) - {a.key for a in alerts})}
        if quiet:
            held += sum(each.severity is not Severity.ERROR for each in due)
            due = [each for each in due if each.severity is Severity.ERROR]
            over = {}
        if not due and not over:
            continue
        message = Message(
            installation=home.label,
            alerts=tuple(due),
            resolved=tuple(entry["title"] for entry in over.values()),
            run_id=run_id,
        )
        try:
            deliver(channel, message)
        except AlertError as error:
            problems.append(str(error))
            continue
        sent += 1
        for alert in due:
            told[alert.key] = {"at": now.isoformat(), "title": alert.title}
        memory[name] = {key: told[key] for key in told if key not in over}
        # After each channel: a kill in between must not tell the first one twice.
        replace_text(home.alerts, json.dumps(memory, indent=1))
    return Delivery(sent, held, tuple(problems))


def _is_due(entry: dict[str, str] | None, config: AlertsConfig, now: datetime) -> bool:
    if entry is None:
        return True
    return now - datetime.fromisoformat(entry["at"]) >= config.repeat_after


def _identity(channel: ChannelConfig) -> str:
    """Name of a channel that tells nothing of its address."""
    values: dict[str, Any] = channel.model_dump(mode="python")
    secret = json.dumps(
        {
            key: value.get_secret_value()
            if hasattr(value, "get_secret_value")
            else value
            for key, value in values.items()
        },
        sort_keys=True,
        default=str,
    )
    return f"{channel.type}-{hashlib.sha256(secret.encode()).hexdigest()[:12]}"


def _read(home: Home) -> dict[str, Told]:
    try:
        found = json.loads(home.alerts.read_text())
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}
