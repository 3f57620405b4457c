"""Calls of HubSpot's API: how its answers are read, limits kept, pages followed.

Belongs here: the vendor's error codes and rate limits by policy name. Messages name
categories, scopes and correlation ids, never what a record holds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import httpx

from connectors.errors import (
    CredentialsError,
    LimitReachedError,
    MissingScopeError,
    ProtocolError,
    RateLimitedError,
    RemoteObjectMissingError,
    ServiceUnavailableError,
)
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
from connectors.hubspot.api.config import HubspotApiConfig
from connectors.hubspot.api.paths import Paths

CALLS, SEARCHES = "TEN_SECONDLY_ROLLING", "SECONDLY"
DAILY = "DAILY"
# What the vendor's own client waits, because Retry-After is not to be counted on.
_WAIT = {CALLS: 10.0, SEARCHES: 1.0}
_LOCKED_WAIT = 2.0
_NO_SUCH_TYPE = "Unable to infer object type"
_ATTEMPTS = 8
_STUCK = 3


class _Token:
    """A key that cannot be renewed."""

    def __init__(self, config: HubspotApiConfig) -> None:
        self._token, self._source = config.access_token, config.name

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._token.get_secret_value()}"}

    def refresh(self) -> None:
        raise CredentialsError(
            f"source {self._source!r}: logging in: HubSpot refused the token (HTTP 401); "
            "one that is valid was expected. It is wrong, was rotated or deleted: copy a "
            "current one from HubSpot, Settings > Integrations > Service keys (or "
            "Private apps)"
        )


class HubspotClient:
    """One portal.

    Args:
        config: Address, token and limits.
        sleep: Waits; seconds.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        config: HubspotApiConfig,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.paths = Paths(config)
        self._daily_share = config.daily_limit_share
        self._daily: tuple[int, int] | None = None
        self.server_date: str | None = None
        limiter = Limiter(
            {
                CALLS: Rate(config.calls_per_10_seconds, 10.0),
                SEARCHES: Rate(config.searches_per_second, 1.0),
            },
            clock=clock,
            sleep=sleep,
        )
        self._http = HttpClient(
            config.base_url,
            source=config.name,
            classify=classify,
            tokens=_Token(config),
            limiter=limiter,
            timeout=config.timeout_seconds,
            max_attempts=_ATTEMPTS,
            sleep=sleep,
            clock=clock,
            on_response=self._observe,
        )

    @property
    def usage(self) -> Usage:
        """What was spent so far."""
        return self._http.usage

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> HubspotClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def count_rows(self, rows: int) -> None:
        """Add records to the usage report."""
        self._http.count_rows(rows)

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Read one document."""
        self._check_day()
        response = self._http.request("GET", path, params=params, policies=[CALLS])
        return _document(response, f"GET {path}")

    def post(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        params: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Ask with a body; only for reads (search, batch/read), which may be repeated."""
        self._check_day()
        policies = [CALLS, SEARCHES] if path.endswith("/search") else [CALLS]
        response = self._http.request(
            "POST",
            path,
            params=params,
            json=body,
            is_repeatable=True,
            policies=policies,
        )
        return _document(response, f"POST {path}")

    def pages(
        self, path: str, params: Mapping[str, Any], *, after: str | None = None
    ) -> Iterator[tuple[list[dict[str, Any]], str | None]]:
        """Follow a list to its end.

        Yields:
            The results of each page, and the token of the page after (None at the end).
            `paging.next.link` is never followed: it names the vendor's host.

        Raises:
            ProtocolError: The list does not move on.
        """
        stuck = 0
        while True:
            given = dict(params) | ({"after": after} if after is not None else {})
            document = self.get(path, given)
            following = next_page(document)
            yield results_of(document, f"GET {path}"), following
            if following is None:
                return
            stuck = stuck + 1 if following == after else 0
            if stuck >= _STUCK:
                raise ProtocolError(
                    f"listing {path}: {_STUCK} pages in a row named themselves as the "
                    "next one; expected the list to move on. Run again later; if it "
                    "stays so, report it to the vendor"
                )
            after = following

    def offset_pages(
        self,
        path: str,
        key: str,
        limit: int,
        params: Mapping[str, Any] | None = None,
    ) -> Iterator[list[dict[str, Any]]]:
        """Follow one of the older lists, which page by a token `offset`, to its end.

        Yields:
            What each page holds under `key`.

        Raises:
            ProtocolError: The list does not move on, or an answer is none.
        """
        given = {"limit": limit, **(params or {})}
        while True:
            document = self.get(path, given)
            items = document.get(key)
            if not isinstance(items, list):
                raise ProtocolError(
                    f"GET {path}: the answer has no list {key!r}, which HubSpot "
                    "promises. Check the base URL, and whether a proxy answers in its "
                    "place"
                )
            yield items
            if not document.get("hasMore"):
                return
            offset = document.get("offset")
            if offset is None or offset == given.get("offset"):
                raise ProtocolError(
                    f"listing {path}: a page that is not the last named no other as the "
                    "next one; expected the list to move on. Run again later; if it "
                    "stays so, report it to the vendor"
                )
            given["offset"] = offset

    def _observe(self, response: httpx.Response) -> None:
        headers = response.headers
        self.server_date = headers.get("date", self.server_date)
        daily = headers.get("x-hubspot-ratelimit-daily", "")
        left = headers.get("x-hubspot-ratelimit-daily-remaining", "")
        if daily.isdigit() and left.isdigit():
            self._daily = (int(daily), int(left))

    def _check_day(self) -> None:
        if self._daily is None:
            return
        daily, left = self._daily
        if daily > 0 and daily - left >= daily * self._daily_share:
            raise LimitReachedError(
                f"reading HubSpot: {daily - left} of {daily} calls of this day are used, "
                f"the configured share is {self._daily_share:.0%}. What was read is "
                "landed, the next sync goes on; raise daily_limit_share or sync less "
                "often if that happens every day"
            )


def classify(response: httpx.Response) -> Verdict:
    """Read an answer of HubSpot.

    Example:
        >>> body = {"policyName": "DAILY", "errorType": "RATE_LIMIT"}
        >>> classify(httpx.Response(429, json=body)).action.value
        'stop'
    """
    status = response.status_code
    if 200 <= status < 300:
        return Verdict(action=Action.OK)
    body = _error_body(response)
    reason = _reason(status, body)
    if status == 429:
        return _rate_limited(body, reason)
    if status == 423:
        return Verdict(
            action=Action.RETRY,
            retry_after=_LOCKED_WAIT,
            reason=reason,
            error=ServiceUnavailableError,
            is_refusal=True,
        )
    if status == 477:
        after = parse_retry_after(response.headers.get("retry-after"))
        return Verdict(
            action=Action.RETRY,
            retry_after=after,
            reason=f"{reason}: the account is being moved to another data centre",
            error=ServiceUnavailableError,
            is_refusal=True,
        )
    if status == 400 and str(body.get("message", "")).startswith(_NO_SUCH_TYPE):
        return Verdict(
            action=Action.SKIP,
            reason=f"{reason}: the account has no such object",
            error=RemoteObjectMissingError,
        )
    if status == 403:
        return Verdict(
            action=Action.STOP, reason=_scopes(body, reason), error=MissingScopeError
        )
    return classify_status(response, reason)


def results_of(document: Mapping[str, Any], what: str) -> list[dict[str, Any]]:
    """Give the results of an answer, or raise when it has none."""
    results = document.get("results")
    if not isinstance(results, list):
        raise ProtocolError(
            f"{what}: the answer has no list of results, which HubSpot promises. Check "
            "the base URL, and whether a proxy answers in its place"
        )
    return results


def next_page(document: Mapping[str, Any]) -> str | None:
    """Give the token of the page after; the last page has no `paging`."""
    paging = document.get("paging") or {}
    following = (paging.get("next") or {}).get("after")
    return None if following in (None, "") else str(following)


def _document(response: httpx.Response, what: str) -> dict[str, Any]:
    document = response.json() if response.content else None
    if not isinstance(document, dict):
        raise ProtocolError(
            f"{what}: the answer is no JSON object, which HubSpot promises. Check the "
            "base URL, and whether a proxy answers in its place"
        )
    return document


def _rate_limited(body: Mapping[str, Any], reason: str) -> Verdict:
    # The policy's name is not in every answer; the sentence names it too.
    told = f"{body.get('policyName', '')} {body.get('message', '')}".upper()
    if DAILY in told:
        return Verdict(
            action=Action.STOP,
            reason=f"{reason}: the account's calls of this day are used up. What was "
            "read is landed, the next sync goes on after midnight of the account",
            error=LimitReachedError,
        )
    policy = CALLS if "TEN_SECONDLY" in told or SEARCHES not in told else SEARCHES
    return Verdict(
        action=Action.RETRY,
        retry_after=_WAIT[policy],
        reason=reason,
        error=RateLimitedError,
        policy=policy,
        is_refusal=True,
    )


def _error_body(response: httpx.Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except ValueError:  # HTML, for records that are gone
        return {}
    return body if isinstance(body, dict) else {}


def _reason(status: int, body: Mapping[str, Any]) -> str:
    """Name the error without its sentence, which can quote values of records."""
    parts = [f"HTTP {status}"]
    for key in ("category", "policyName"):
        value = body.get(key)
        if isinstance(value, str) and value.replace("_", "").isalnum():
            parts.append(value)
    correlation = body.get("correlationId")
    if isinstance(correlation, str) and len(correlation) <= 64:
        parts.append(f"correlation id {correlation}")
    return ", ".join(parts)


def _scopes(body: Mapping[str, Any], reason: str) -> str:
    names: list[str] = []
    errors: Sequence[Any] = body.get("errors") or []
    for error in errors:
        context = error.get("context") if isinstance(error, dict) else None
        for listed in (context or {}).values():
            names += [str(item) for item in listed] if isinstance(listed, list) else []
    wanted = ", ".join(sorted(set(names))) or "a scope that this call needs"
    return (
        f"{reason}: the token lacks {wanted}. Add it to the service key in HubSpot, "
        "Settings > Integrations, or leave the object out of `objects` (or `marketing`)"
    )
