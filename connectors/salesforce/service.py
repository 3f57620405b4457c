"""One Salesforce org as a service: calls, its limits, its clock.

Belongs here: what an answer of Salesforce means, and the watch on the daily limit. What
to ask for is in `describe`, `rest` and `bulk`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from connectors.errors import (
    ConnectorError,
    LimitReachedError,
    MissingScopeError,
    ProtocolError,
    RateLimitedError,
    RemoteObjectMissingError,
    ServiceUnavailableError,
    TruncatedResponseError,
)
from connectors.http import Action, Download, HttpClient, Verdict, classify_status
from connectors.salesforce.api_config import SalesforceApiConfig
from connectors.salesforce.auth import SalesforceTokens, server_date

# Accepted: "api-usage=18/15000", "api-usage=25/5000; per-app-api-usage=17/250(appName=x)".
_USAGE = re.compile(r"(?:^|[;,\s])api-usage=(\d+)/(\d+)")


class BulkRefusedError(RemoteObjectMissingError):
    """The Bulk API does not read this object or query; REST may."""


class QueryFailedError(ServiceUnavailableError):
    """One query could not be carried out: too long, too slow, or its job failed."""


class QueryTooLargeError(QueryFailedError):
    """The server gave up on a query that asks for too much at once."""


class FieldMissingError(RemoteObjectMissingError):
    """A field or object vanished between its description and the query."""


_MEANINGS: dict[str, tuple[Action, type[ConnectorError]]] = {
    "INVALID_SESSION_ID": (Action.REAUTHENTICATE, MissingScopeError),
    "REQUEST_LIMIT_EXCEEDED": (Action.STOP, LimitReachedError),
    "API_DISABLED_FOR_ORG": (Action.STOP, MissingScopeError),
    "API_CURRENTLY_DISABLED": (Action.STOP, MissingScopeError),
    "INSUFFICIENT_ACCESS": (Action.SKIP, MissingScopeError),
    "INVALIDENTITY": (Action.SKIP, BulkRefusedError),
    "FUNCTIONALITY_NOT_ENABLED": (Action.SKIP, BulkRefusedError),
    "INVALID_FIELD": (Action.SKIP, FieldMissingError),
    "INVALID_TYPE": (Action.SKIP, FieldMissingError),
    "NOT_FOUND": (Action.SKIP, RemoteObjectMissingError),
    "QUERY_TIMEOUT": (Action.STOP, QueryFailedError),
    "QUERY_TOO_COMPLICATED": (Action.STOP, QueryFailedError),
    "INVALID_QUERY_LOCATOR": (Action.STOP, TruncatedResponseError),
    "SERVER_UNAVAILABLE": (Action.RETRY, ServiceUnavailableError),
    "CONCURRENT_REQUESTS_LIMIT_EXCEEDED": (Action.RETRY, RateLimitedError),
}


@dataclass(frozen=True, slots=True)
class DailyLimit:
    """Calls used and allowed in 24 hours, as the last answer said."""

    used: int
    allowed: int

    @property
    def share(self) -> float:
        """Share of the calls that is used."""
        return self.used / self.allowed if self.allowed else 0.0


def classify(response: httpx.Response) -> Verdict:
    """Read an answer: errors are an array with a code, even for one.

    Example:
        >>> body = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "..."}]
        >>> classify(httpx.Response(403, json=body)).error.__name__
        'LimitReachedError'
    """
    if response.is_success:
        return classify_status(response)
    code = _error_code(response)
    if code in _MEANINGS:
        action, error = _MEANINGS[code]
        return Verdict(action=action, reason=code, error=error)
    if response.status_code in (414, 431):
        return Verdict(
            action=Action.STOP, reason="query too long", error=QueryFailedError
        )
    return classify_status(response, code)


def _error_code(response: httpx.Response) -> str:
    try:
        document = response.json()
    except ValueError:
        return ""
    first = document[0] if isinstance(document, list) and document else document
    code = first.get("errorCode", "") if isinstance(first, dict) else ""
    # Only the code: messages quote the query, and sometimes values.
    return code if isinstance(code, str) and re.fullmatch(r"[A-Z0-9_]+", code) else ""


class SalesforceService:
    """An open connection to one org."""

    def __init__(
        self, config: SalesforceApiConfig, client: HttpClient, tokens: SalesforceTokens
    ) -> None:
        self._config, self.client, self._tokens = config, client, tokens
        self.root = f"/services/data/v{config.api_version}"
        self.limit: DailyLimit | None = None
        self.now: datetime | None = None

    def note(self, response: httpx.Response) -> None:
        """Take the limit and the clock from the headers of any answer."""
        self.now = server_date(response) or self.now
        match = _USAGE.search(response.headers.get("sforce-limit-info", ""))
        if match is not None:
            self.limit = DailyLimit(int(match[1]), int(match[2]))

    def check_limit(self) -> None:
        """Stop when the configured share of the daily calls is used.

        Raises:
            LimitReachedError: It is.
        """
        limit = self.limit
        if limit is not None and limit.share >= self._config.limit_share:
            raise LimitReachedError(
                f"source {self._config.name!r}: {limit.used:,} of {limit.allowed:,} "
                f"daily API calls of the org are used, and limit_share is "
                f"{self._config.limit_share:.0%}. What was landed stays; the next run "
                "goes on. Sync less often, raise limit_share or buy more calls"
            )

    def get(self, path: str, **options: Any) -> Any:
        """Get JSON from a path below the versioned root, or from a link."""
        place = path if path.startswith("/services/") else f"{self.root}{path}"
        return self.client.request("GET", place, **options).json()

    def post(self, path: str, document: Any) -> Any:
        """Create something; not repeated when the answer is lost."""
        return self.client.request("POST", f"{self.root}{path}", json=document).json()

    def delete(self, path: str) -> None:
        """Delete something."""
        self.client.request(
            "DELETE", f"{self.root}{path}", is_repeatable=True, expects_json=False
        )

    def download(self, path: str, target: Path, params: dict[str, Any]) -> Download:
        """Stream a CSV to disk."""
        headers = {"Accept": "text/csv", "Accept-Encoding": "gzip"}
        return self.client.download(
            "GET", f"{self.root}{path}", target, params=params, headers=headers
        )


@contextmanager
def connect(
    config: SalesforceApiConfig,
    *,
    token_state: Path | None = None,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.time,
    transport: httpx.BaseTransport | None = None,
) -> Iterator[SalesforceService]:
    """Log in and give the service.

    Args:
        config: The source.
        token_state: File for rotated refresh tokens.
        sleep: Waits, for back-off and polling.
        now: Seconds since 1970 by this machine's clock.
        transport: Replaces the network, for tests.

    Raises:
        CredentialsError: The login is refused.
    """
    open_client = partial(
        HttpClient,
        sleep=sleep,
        transport=transport,
        proxy=config.proxy,
        verify=config.ca_file or True,
        source=config.name,
    )
    tokens = SalesforceTokens(
        config, open_client=open_client, now=now, token_state=token_state
    )
    try:
        tokens.headers()
        client = open_client(tokens.instance_url, classify=classify, tokens=tokens)
        with client:
            service = SalesforceService(config, client, tokens)
            client.on_response = service.note
            yield service
    finally:
        tokens.close()


def require_text(value: Any, what: str) -> str:
    """Take a text out of an answer, or say that the service did not send one."""
    if not isinstance(value, str):
        raise ProtocolError(
            f"reading {what}: a text was expected in the answer and not found; check "
            "that the base URL is the org's and that no proxy changes answers"
        )
    return value
