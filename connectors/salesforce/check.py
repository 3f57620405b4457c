"""Would a sync of this org work? Login, clock, objects and limits, with what to fix.

Belongs here: questions to the org that change nothing and read no record.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from connectors.errors import (
    ClockSkewError,
    ConnectorError,
    CredentialsError,
    RetryableError,
)
from connectors.findings import Finding, Level
from connectors.salesforce.api_config import SalesforceApiConfig
from connectors.salesforce.auth import MAX_SKEW_SECONDS
from connectors.salesforce.describe import read_shape
from connectors.salesforce.service import SalesforceService, connect


def check_api(
    config: SalesforceApiConfig,
    *,
    token_state: Path | None = None,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.time,
    transport: httpx.BaseTransport | None = None,
) -> list[Finding]:
    """Check a source without reading a record; never raises a ConnectorError.

    A login with a refresh token may rotate it: hand in the same `token_state` as for
    the extraction.

    Args:
        config: The source.
        token_state: File that keeps a rotated refresh token.
        sleep: Waits, for back-off.
        now: Seconds since 1970 by this machine.
        transport: Replaces the network, for tests.

    Returns:
        Findings in the order of the checks; the first failure ends them.
    """
    findings: list[Finding] = []
    try:
        with connect(
            config, token_state=token_state, sleep=sleep, now=now, transport=transport
        ) as service:
            for finding in _check(config, service, now):
                findings.append(finding)  # noqa: PERF402 - kept when a check raises
    except ConnectorError as error:
        findings.append(Finding(level=Level.FAIL, what=str(error), fix=_fix(error)))
    return findings


def _check(
    config: SalesforceApiConfig, service: SalesforceService, now: Callable[[], float]
) -> Iterator[Finding]:
    listed = service.get("/sobjects/")
    yield Finding(level=Level.OK, what=f"login ({config.auth.kind}) is accepted")
    yield _clock(config, service, now)
    known = {item["name"].lower(): item["name"] for item in listed["sobjects"]}
    for name in config.objects:
        yield _object(service, name, known.get(name.lower()))
    yield from _limits(config, service)


def _clock(
    config: SalesforceApiConfig, service: SalesforceService, now: Callable[[], float]
) -> Finding:
    if service.now is None:
        return Finding(level=Level.WARN, what="the org's answers carry no date")
    skew = now() - service.now.timestamp()
    if abs(skew) <= MAX_SKEW_SECONDS:
        return Finding(level=Level.OK, what="the clocks agree")
    return Finding(
        level=Level.FAIL if config.auth.kind == "jwt_bearer" else Level.WARN,
        what=f"this machine's clock is {abs(skew):.0f} s "
        f"{'ahead of' if skew > 0 else 'behind'} the org's",
        fix="set the clock (NTP); signed logins fail, and load times are wrong",
    )


def _object(service: SalesforceService, name: str, api_name: str | None) -> Finding:
    if api_name is None:
        return Finding(
            level=Level.WARN,
            what=f"object {name} is not in the org, or hidden from this user",
            fix=f"grant Read and View All on {name}, or leave it out of objects",
        )
    try:
        shape = read_shape(service.get(f"/sobjects/{api_name}/describe"))
    except (CredentialsError, RetryableError):
        raise
    except ConnectorError as error:
        return Finding(
            level=Level.FAIL,
            what=str(error),
            fix=f"grant Read and View All on {name}, or leave it out of objects",
        )
    stamp = shape.stamp or "no time stamp: read in full each time"
    what = f"object {api_name}: {len(shape.fields)} readable fields, {stamp}"
    return Finding(level=Level.OK, what=what)


def _limits(
    config: SalesforceApiConfig, service: SalesforceService
) -> Iterator[Finding]:
    limits = service.get("/limits/")
    daily = limits.get("DailyApiRequests", {})
    allowed, left = daily.get("Max", 0), daily.get("Remaining", 0)
    share = 1.0 - left / allowed if allowed else 0.0
    what = f"{left:,} of {allowed:,} daily API calls are left"
    if share >= config.limit_share:
        fix = f"limit_share is {config.limit_share:.0%}: wait, raise it, or buy more calls"
        yield Finding(level=Level.WARN, what=what, fix=fix)
    else:
        yield Finding(level=Level.OK, what=what)
    jobs = limits.get("DailyBulkV2QueryJobs", {})
    if jobs and jobs.get("Remaining", 1) < len(config.objects):
        yield Finding(
            level=Level.WARN,
            what=f"{jobs['Remaining']:,} Bulk query jobs are left today",
            fix="let other tools create fewer jobs, or wait until tomorrow",
        )


def _fix(error: ConnectorError) -> str:
    if isinstance(error, ClockSkewError):
        return "set the clock (NTP)"
    if isinstance(error, CredentialsError):
        return "check login_url, the app's key and secret, and that its user is active"
    if isinstance(error, RetryableError):
        return "check address, network and proxy, and the service's status page"
    return "see the message"
