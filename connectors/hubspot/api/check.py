"""Checks a HubSpot source before anyone syncs it: address, token, scopes, clock.

Belongs here: one call per question, and what to do about each answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from connectors.errors import (
    ConnectorError,
    CredentialsError,
    MissingScopeError,
    RetryableError,
)
from connectors.findings import Finding, Level
from connectors.hubspot.api.catalogue import OWNERS
from connectors.hubspot.api.client import HubspotClient
from connectors.hubspot.api.config import HubspotApiConfig

_MOST_SKEW_SECONDS = 300
_MARKETING: Mapping[str, Callable[[HubspotClient], str]] = {
    "contact_lists": lambda client: client.paths.lists(),
    "email_campaigns": lambda client: client.paths.email_campaigns(),
    "email_events": lambda client: client.paths.email_events(),
}


def check_api(
    config: HubspotApiConfig,
    *,
    now: datetime,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> list[Finding]:
    """Ask a portal the least that tells whether a sync would work.

    Args:
        config: The source.
        now: The time of this machine (UTC).
        sleep: Waits; seconds.
        clock: Monotonic seconds.

    Returns:
        One finding per question, most basic first.
    """
    where = f"source {config.name}"
    with HubspotClient(config, sleep=sleep, clock=clock) as client:
        try:
            account = client.get(client.paths.account())
        except MissingScopeError:
            account = {}
        except ConnectorError as error:
            return [_failure(where, error)]
        portal = account.get("portalId", "unnamed")
        findings = [
            Finding(
                level=Level.OK,
                what=f"{where}: the token opens HubSpot account {portal}",
            ),
            _clock_finding(where, client.server_date, now),
        ]
        for name in config.objects:
            path = client.paths.records(name)
            findings.append(_probe(client, f"{where}: {name}", path))
        findings.append(_probe(client, f"{where}: {OWNERS}", client.paths.owners()))
        for name in config.marketing:
            findings.append(
                _probe(client, f"{where}: {name}", _MARKETING[name](client))
            )
    return findings


def _probe(client: HubspotClient, subject: str, path: str) -> Finding:
    try:
        if path.endswith("/search"):
            client.post(path, {"count": 1})
        else:
            client.get(path, {"limit": 1})
    except MissingScopeError as error:
        return Finding(
            level=Level.WARN,
            what=f"{subject}: {error}",
            fix="add the scope to the service key, or leave the object out of `objects` "
            "(or `marketing`)",
        )
    except ConnectorError as error:
        return _failure(subject, error)
    return Finding(level=Level.OK, what=f"{subject}: can be read")


def _failure(subject: str, error: ConnectorError) -> Finding:
    if isinstance(error, CredentialsError):
        fix = "copy a current service key from HubSpot, Settings > Integrations"
    elif isinstance(error, RetryableError):
        fix = "check the network and base_url, then try again"
    else:
        fix = "check base_url, api_profile and the name of the object"
    return Finding(level=Level.FAIL, what=f"{subject}: {error}", fix=fix)


def _clock_finding(where: str, date: str | None, now: datetime) -> Finding:
    try:
        theirs = parsedate_to_datetime(date or "")
    except ValueError:
        return Finding(
            level=Level.OK, what=f"{where}: the service does not tell its time"
        )
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    off = abs((now - theirs).total_seconds())
    apart = f"{where}: this machine's clock is {off:.0f} s apart from the service's"
    if off <= _MOST_SKEW_SECONDS:
        return Finding(level=Level.OK, what=apart)
    return Finding(
        level=Level.WARN,
        what=f"{apart}; syncs still lose nothing, but loads carry wrong times",
        fix="set the clock of this machine by a time server",
    )
