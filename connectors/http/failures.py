"""What a failed request says to people.

Belongs here: the faults of one attempt and the errors that end a request, in words.
Paths are shown without their query string; headers and bodies are never shown.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx

from connectors.errors import (
    ConnectorError,
    CredentialsError,
    LimitReachedError,
    MissingScopeError,
    ProtocolError,
    RateLimitedError,
    RemoteObjectMissingError,
    ServiceUnavailableError,
    TruncatedResponseError,
)
from connectors.http.verdict import Action, Verdict

# What to do next, by kind of error; the first that fits.
_ADVICE: tuple[tuple[type[ConnectorError], str], ...] = (
    (CredentialsError, " Check the credentials of this source"),
    (MissingScopeError, " Give the account of this source the missing permission"),
    (RemoteObjectMissingError, " Check the name, and that the account may see it"),
    (LimitReachedError, " Wait until the budget of calls renews; nothing is lost"),
    (RateLimitedError, " Sync less often, or let fewer tools call at once"),
    (ServiceUnavailableError, " Look at the service's status page, and run again"),
    (ProtocolError, " Check the base URL and the API version of this source"),
)
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class AttemptFaultError(Exception):
    """A fault of the connection, before it is known whether another attempt follows."""

    def __init__(self, error: httpx.RequestError | None) -> None:
        # A body can also end early without a word from the connection.
        cut = error is None or isinstance(error, httpx.RemoteProtocolError)
        self.is_cut = cut
        self.reason = "incomplete answer" if error is None else type(error).__name__
        self.was_never_sent = isinstance(error, NEVER_SENT)
        super().__init__(self.reason)

    def to_error(self, where: str, attempts: int) -> ConnectorError:
        """Describe the last fault for people."""
        tries = f"in {attempts} attempt{'s' if attempts > 1 else ''}"
        if self.is_cut:
            return TruncatedResponseError(
                f"{where}: the answer ended before its end {tries} ({self.reason}); a "
                "complete one was expected. Check the network and proxies between here "
                "and the service, then run again"
            )
        return ServiceUnavailableError(
            f"{where}: no answer {tries} ({self.reason}); one was expected. Check that "
            "the service is up and that the address and network are right, then run "
            "again; nothing that was landed is lost"
        )


def refused_error(where: str, verdict: Verdict, has_renewed: bool) -> ConnectorError:
    """Describe a 401 that new credentials did not cure."""
    state = "new credentials" if has_renewed else "the credentials"
    return CredentialsError(
        f"{where}: the service refused {state} (HTTP 401{_because(verdict)}); a login "
        "that is accepted was expected. Check the token or key of this source and that "
        "its account is active"
    )


def verdict_error(where: str, verdict: Verdict, attempts: int = 1) -> ConnectorError:
    """Describe the verdict that ended a request."""
    defaults: dict[Action, type[ConnectorError]] = {
        Action.SKIP: RemoteObjectMissingError,
        Action.STOP: ProtocolError,
        Action.RETRY: ServiceUnavailableError,
    }
    error = verdict.error or defaults[verdict.action]
    tries = f" in {attempts} attempts" if attempts > 1 else ""
    advice = next((text for kind, text in _ADVICE if issubclass(error, kind)), "")
    return error(
        f"{where}: the service declined{tries}{_because(verdict)}; an answer with data "
        f"was expected.{advice}"
    )


def html_error(where: str, response: httpx.Response) -> ProtocolError:
    """Describe an HTML page in the place of data."""
    return ProtocolError(
        f"{where}: an HTML page came (HTTP {response.status_code}) where JSON was "
        "expected. A proxy or login page most likely answered in the service's place: "
        "check the base URL and the proxy settings"
    )


def _because(verdict: Verdict) -> str:
    return f": {verdict.reason}" if verdict.reason else ""


def shown(path: str) -> str:
    """Give a path for messages: without query string, which may hold values."""
    parts = urlsplit(path)
    return parts.path or "/"


def is_html(response: httpx.Response) -> bool:
    """Whether an answer is a web page, by its header or its first bytes."""
    if "html" in response.headers.get("content-type", "").lower():
        return True
    try:
        start = response.content[:64]
    except httpx.ResponseNotRead:
        return False
    return start.lstrip().lower().startswith((b"<!doctype", b"<html"))
