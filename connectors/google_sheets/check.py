"""Checks a Google Sheets source before anyone syncs it: key, clock, sharing, columns.

Belongs here: the least calls that tell whether a sync would work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from connectors.errors import (
    ClockSkewError,
    ConnectorError,
    CredentialsError,
    RetryableError,
)
from connectors.findings import Finding, Level
from connectors.google_sheets.auth import MAX_SKEW_SECONDS
from connectors.google_sheets.client import GoogleClient
from connectors.google_sheets.config import GoogleSheetsConfig, GoogleTableConfig
from connectors.google_sheets.extraction import spreadsheet_ids
from connectors.google_sheets.ranges import resolve


def check(
    config: GoogleSheetsConfig,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], float] = time.time,
) -> list[Finding]:
    """Ask whether a sync would work; reads no cell.

    Args:
        config: The source.
        sleep: Waits; seconds.
        clock: Monotonic seconds.
        now: Seconds since 1970.

    Returns:
        One finding per question, most basic first.
    """
    where = f"source {config.name}"
    with GoogleClient(config, sleep=sleep, clock=clock, now=now) as client:
        try:
            client.account.refresh()
        except ConnectorError as error:
            return [_failure(where, error)]
        findings = [
            Finding(
                level=Level.OK, what=f"{where}: the key opens {config.client_email}"
            ),
            _clock(where, client.account.skew_seconds),
        ]
        for table in config.tables:
            findings += _table(config, client, table, f"{where}: {table.object.value}")
    return findings


def _table(
    config: GoogleSheetsConfig,
    client: GoogleClient,
    table: GoogleTableConfig,
    subject: str,
) -> Iterator[Finding]:
    try:
        for each in spreadsheet_ids(config, client, table):
            document = client.spreadsheet(each)
            title = str(document.get("properties", {}).get("title") or each)
            boxes, notes = resolve(document, table, title)
            ranges = ", ".join(box.a1 for box in boxes)
            yield Finding(
                level=Level.OK, what=f"{subject}: {title} can be read ({ranges})"
            )
            for note in notes:
                yield Finding(level=Level.OK, what=f"{subject}: {note}")
    except ConnectorError as error:
        yield _failure(subject, error)


def _failure(subject: str, error: ConnectorError) -> Finding:
    if isinstance(error, ClockSkewError):
        fix = "set the clock of this machine by a time server"
    elif isinstance(error, CredentialsError):
        fix = "create a new key of the service account and configure its content"
    elif isinstance(error, RetryableError):
        fix = "check the network and base_url, then try again"
    else:
        fix = "share the spreadsheet with the service account; check its id and range"
    return Finding(level=Level.FAIL, what=f"{subject}: {error}", fix=fix)


def _clock(where: str, skew: float | None) -> Finding:
    if skew is None:
        return Finding(
            level=Level.OK, what=f"{where}: the service does not tell its time"
        )
    what = (
        f"{where}: this machine's clock is {abs(skew):.0f} s apart from the service's"
    )
    if abs(skew) <= MAX_SKEW_SECONDS:
        return Finding(level=Level.OK, what=what)
    return Finding(
        level=Level.WARN,
        what=what,
        fix="set the clock of this machine by a time server",
    )
