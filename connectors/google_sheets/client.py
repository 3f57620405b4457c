"""Calls of the Sheets and Drive APIs, and how their answers are read.

Belongs here: paths, Google's error codes, the read quota. Messages name ids, titles and
codes, never cells.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from connectors.errors import (
    CredentialsError,
    MissingScopeError,
    ProtocolError,
    RateLimitedError,
    RemoteObjectMissingError,
    SourceConfigError,
)
from connectors.google_sheets.auth import ServiceAccount
from connectors.google_sheets.config import GoogleSheetsConfig
from connectors.http import (
    Action,
    HttpClient,
    Limiter,
    Rate,
    Usage,
    Verdict,
    classify_status,
    parse_retry_after,
)

READS = "reads"
_QUOTA_WAIT = 15.0  # the quota is per minute and 429 names no wait
_ATTEMPTS = 8
_FIELDS = (
    "spreadsheetId,properties(title,locale,timeZone),namedRanges(name,range),"
    "sheets(properties(sheetId,title,sheetType,hidden,gridProperties),merges)"
)
SHEET_KIND = "application/vnd.google-apps.spreadsheet"
_LIMIT_REASONS = {"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"}


@dataclass(frozen=True, slots=True)
class DriveFile:
    """One spreadsheet of a folder."""

    id: str
    name: str


class GoogleClient:
    """One service account.

    Args:
        config: Addresses, key and limits.
        sleep: Waits; seconds.
        clock: Monotonic seconds.
        now: Seconds since 1970.
    """

    def __init__(
        self,
        config: GoogleSheetsConfig,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        limiter = Limiter(
            {READS: Rate(config.calls_per_minute, 60.0)}, clock=clock, sleep=sleep
        )

        def open_client(base_url: str, **options: Any) -> HttpClient:
            return HttpClient(
                base_url,
                timeout=config.timeout_seconds,
                max_attempts=_ATTEMPTS,
                sleep=sleep,
                clock=clock,
                **options,
            )

        self.account = ServiceAccount(
            config, open_client=open_client, now=now, clock=clock
        )
        shared: dict[str, Any] = {"tokens": self.account, "classify": classify}
        self._sheets = open_client(config.base_url, limiter=limiter, **shared)
        self._drive = open_client(config.drive_url, **shared)

    @property
    def usage(self) -> Usage:
        """What was spent so far, logging in included."""
        return self._sheets.usage + self._drive.usage + self.account.client.usage

    def close(self) -> None:
        """Close the connections."""
        for client in (self._sheets, self._drive, self.account.client):
            client.close()

    def __enter__(self) -> GoogleClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def count_rows(self, rows: int) -> None:
        """Add rows to the usage report."""
        self._sheets.count_rows(rows)

    def spreadsheet(self, spreadsheet_id: str) -> dict[str, Any]:
        """Read what a spreadsheet consists of: sheets, their sizes, named ranges."""
        return self._get(
            self._sheets,
            f"/v4/spreadsheets/{spreadsheet_id}",
            [("fields", _FIELDS)],
            f"spreadsheet {spreadsheet_id}",
        )

    def values(
        self, spreadsheet_id: str, ranges: Sequence[str], *, dates: str
    ) -> list[list[list[Any]]]:
        """Read cells of several ranges; an empty range has no rows.

        Args:
            spreadsheet_id: The spreadsheet.
            ranges: In A1 notation.
            dates: SERIAL_NUMBER or FORMATTED_STRING.
        """
        what = f"spreadsheet {spreadsheet_id}"
        document = self._get(
            self._sheets,
            f"/v4/spreadsheets/{spreadsheet_id}/values:batchGet",
            [
                *(("ranges", each) for each in ranges),
                ("majorDimension", "ROWS"),
                ("valueRenderOption", "UNFORMATTED_VALUE"),
                ("dateTimeRenderOption", dates),
            ],
            what,
        )
        found = document.get("valueRanges")
        if not isinstance(found, list) or len(found) != len(ranges):
            raise ProtocolError(
                f"reading {what}: {len(ranges)} ranges were asked for, the answer has "
                f"{len(found) if isinstance(found, list) else 'none'}. Check base_url"
            )
        return [each.get("values", []) for each in found]

    def folder(self, folder_id: str) -> Iterator[DriveFile]:
        """List the spreadsheets directly in a folder."""
        token: str | None = None
        while True:
            params = [
                (
                    "q",
                    f"'{folder_id}' in parents and mimeType='{SHEET_KIND}' "
                    "and trashed=false",
                ),
                ("fields", "nextPageToken,files(id,name)"),
                ("pageSize", "1000"),
                ("supportsAllDrives", "true"),
                ("includeItemsFromAllDrives", "true"),
            ]
            if token:
                params.append(("pageToken", token))
            document = self._get(
                self._drive, "/drive/v3/files", params, f"folder {folder_id}"
            )
            for each in document.get("files", []):
                yield DriveFile(str(each["id"]), str(each.get("name", each["id"])))
            following = document.get("nextPageToken")
            if following and following == token:
                raise ProtocolError(
                    f"listing folder {folder_id}: a page named itself as the next one; "
                    "expected the list to move on. Run again later"
                )
            if not following:
                return
            token = following

    def version(self, spreadsheet_id: str) -> str | None:
        """Read a number that changes with every edit; None when Drive does not tell."""
        try:
            document = self._get(
                self._drive,
                f"/drive/v3/files/{spreadsheet_id}",
                [("fields", "version"), ("supportsAllDrives", "true")],
                f"spreadsheet {spreadsheet_id}",
            )
        except (MissingScopeError, RemoteObjectMissingError):
            return None
        found = document.get("version")
        return None if found is None else str(found)

    def _get(
        self,
        client: HttpClient,
        path: str,
        params: Sequence[tuple[str, str]],
        what: str,
    ) -> dict[str, Any]:
        where = f"source {self._config.name!r}: reading {what}"
        policies = [READS] if client is self._sheets else []
        try:
            document = client.request(
                "GET", path, params=params, policies=policies
            ).json()
        except MissingScopeError as error:
            raise MissingScopeError(_advice(where, error, self._config)) from error
        except RemoteObjectMissingError as error:
            raise RemoteObjectMissingError(
                f"{where}: there is no such thing, or the service account may not see it. "
                f"Check the id, and share it with {self._config.client_email} as viewer"
            ) from error
        if not isinstance(document, dict):
            raise ProtocolError(
                f"{where}: expected a JSON object, found {type(document).__name__}. Check "
                "base_url and drive_url"
            )
        return document


def _advice(where: str, error: MissingScopeError, config: GoogleSheetsConfig) -> str:
    if "SERVICE_DISABLED" in str(error) or "accessNotConfigured" in str(error):
        return (
            f"{where}: the API is switched off in the project of the key. Enable the "
            "Google Sheets API (and for folders the Google Drive API) there, wait some "
            "minutes and run again"
        )
    return (
        f"{where}: the service account may not read it. Share it with "
        f"{config.client_email} as viewer"
    )


def classify(response: httpx.Response) -> Verdict:
    """Read an answer of a Google API.

    Example:
        >>> classify(httpx.Response(429, json={"error": {"status": "RESOURCE_EXHAUSTED"}})
        ...     ).action.value
        'retry'
    """
    if response.is_success:
        return classify_status(response)
    codes = _codes(response)
    reason = " ".join([f"HTTP {response.status_code}", *codes])
    is_limit = response.status_code == 429 or bool(_LIMIT_REASONS & set(codes))
    if is_limit:
        asked = parse_retry_after(response.headers.get("retry-after"))
        return Verdict(
            action=Action.RETRY,
            retry_after=_QUOTA_WAIT if asked is None else asked,
            reason=reason,
            error=RateLimitedError,
            policy=READS,
            is_refusal=True,
        )
    if response.status_code == 403:
        return Verdict(action=Action.STOP, reason=reason, error=MissingScopeError)
    if response.status_code == 400:
        # A range that the sheet has not, or an Office file in the place of a sheet.
        return Verdict(action=Action.STOP, reason=reason, error=SourceConfigError)
    if response.status_code == 401:
        return Verdict(
            action=Action.REAUTHENTICATE, reason=reason, error=CredentialsError
        )
    return classify_status(response, reason)


def _codes(response: httpx.Response) -> list[str]:
    """Collect the machine-readable codes of an error, without its sentence."""
    try:
        error = response.json()["error"]
        found = [error.get("status")]
        found += [each.get("reason") for each in error.get("details", [])]
        found += [each.get("reason") for each in error.get("errors", [])]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []
    return [code for code in dict.fromkeys(found) if isinstance(code, str) and code]
