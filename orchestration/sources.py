"""The kinds of source that a configuration can name, and how each is read and checked.

A new kind is one entry here and one model in `config`: the graph, the doctor, retries
and the summary follow from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import connectors.dlt_adapter
import connectors.google_sheets
import connectors.hubspot
import connectors.rest
import connectors.salesforce
import connectors.spreadsheet
from connectors.findings import Finding
from connectors.landing import Landing, Progress, SourceReport
from orchestration.home import Home

Extract = Callable[[Any, Landing, datetime, Progress | None, Home], SourceReport]
Check = Callable[[Any, datetime, Home], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class SourceKind:
    """How one `type` of source is handled.

    Attributes:
        extract: Lands what is new at the source.
        check: Asks a live service the least that tells whether a sync would work; None
            for files, which the doctor simply reads.
    """

    extract: Extract
    check: Check | None = None


def _from_files(extract: Callable[..., SourceReport]) -> SourceKind:
    def run(
        source: Any,
        landing: Landing,
        extracted_at: datetime,
        progress: Progress | None,
        _home: Home,
    ) -> SourceReport:
        return extract(source, landing, extracted_at=extracted_at, progress=progress)

    return SourceKind(run)


def _extract_salesforce(
    source: Any,
    landing: Landing,
    extracted_at: datetime,
    progress: Progress | None,
    home: Home,
) -> SourceReport:
    return connectors.salesforce.extract_api(
        source,
        landing,
        extracted_at=extracted_at,
        progress=progress,
        token_state=home.token_state(source.name),
    )


def _check_salesforce(source: Any, _now: datetime, home: Home) -> Iterable[Finding]:
    return connectors.salesforce.check_api(
        source, token_state=home.token_state(source.name)
    )


def _check_hubspot(source: Any, now: datetime, _home: Home) -> Iterable[Finding]:
    return connectors.hubspot.check_api(source, now=now)


def _check_google_sheets(source: Any, _now: datetime, _home: Home) -> Iterable[Finding]:
    return connectors.google_sheets.check(source)


def _check_rest(source: Any, _now: datetime, _home: Home) -> Iterable[Finding]:
    return connectors.rest.check(source)


SOURCE_KINDS: dict[str, SourceKind] = {
    "salesforce_files": _from_files(connectors.salesforce.extract),
    "salesforce_api": SourceKind(_extract_salesforce, _check_salesforce),
    "hubspot_files": _from_files(connectors.hubspot.extract),
    "hubspot_api": SourceKind(
        _from_files(connectors.hubspot.extract_api).extract, _check_hubspot
    ),
    "spreadsheet": _from_files(connectors.spreadsheet.extract),
    "google_sheets": SourceKind(
        _from_files(connectors.google_sheets.extract).extract, _check_google_sheets
    ),
    "rest": SourceKind(_from_files(connectors.rest.extract).extract, _check_rest),
    "dlt": _from_files(connectors.dlt_adapter.extract),
}
