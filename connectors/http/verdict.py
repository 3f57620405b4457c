"""What an answer of a service asks us to do.

Belongs here: the vocabulary between a vendor's rules and the HTTP client, and the rules
that hold for every vendor. What an error code of one vendor means is that connector's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

import httpx

from connectors.errors import (
    ConnectorError,
    CredentialsError,
    MissingScopeError,
    ProtocolError,
    RateLimitedError,
    RemoteObjectMissingError,
    ServiceUnavailableError,
)


class Action(StrEnum):
    """What to do with an answer."""

    OK = "ok"
    RETRY = "retry"
    REAUTHENTICATE = "reauthenticate"
    SKIP = "skip"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One reading of one answer.

    Attributes:
        action: What to do.
        retry_after: Seconds that the service asks us to wait, if it says so.
        reason: Error code and short text for messages; never values of records.
        error: What to raise for SKIP, STOP, or when the attempts are used up.
        policy: Name of the limit that was hit, so that the limiter pauses it.
        is_refusal: The service did nothing, so that even a POST may be sent again.
    """

    action: Action
    retry_after: float | None = None
    reason: str = ""
    error: type[ConnectorError] | None = None
    policy: str | None = None
    is_refusal: bool = False


Classify: TypeAlias = Callable[[httpx.Response], Verdict]


class TokenSource(Protocol):
    """Credentials that can be renewed."""

    def headers(self) -> Mapping[str, str]:
        """Give the headers that authenticate a request."""
        ...

    def refresh(self) -> None:
        """Get new credentials after a 401; raises CredentialsError when refused."""
        ...


OK = Verdict(action=Action.OK)


def classify_status(response: httpx.Response, reason: str = "") -> Verdict:
    """Read an answer by its status alone; vendors refine this.

    Example:
        >>> classify_status(httpx.Response(503)).action.value
        'retry'
        >>> classify_status(httpx.Response(404)).action.value
        'skip'
    """
    status = response.status_code
    if 200 <= status < 300:
        return OK
    after = parse_retry_after(response.headers.get("retry-after"))
    table: dict[int, tuple[Action, type[ConnectorError]]] = {
        401: (Action.REAUTHENTICATE, CredentialsError),
        403: (Action.STOP, MissingScopeError),
        404: (Action.SKIP, RemoteObjectMissingError),
        408: (Action.RETRY, ServiceUnavailableError),
        410: (Action.SKIP, RemoteObjectMissingError),
        425: (Action.RETRY, ServiceUnavailableError),
        429: (Action.RETRY, RateLimitedError),
    }
    if status in table:
        action, error = table[status]
    elif status >= 500:
        action, error = Action.RETRY, ServiceUnavailableError
    else:
        action, error = Action.STOP, ProtocolError
    return Verdict(
        action=action,
        retry_after=after,
        reason=reason or f"HTTP {status}",
        error=error,
        is_refusal=status == 429,
    )


def parse_retry_after(text: str | None, *, now: datetime | None = None) -> float | None:
    """Read a Retry-After header: seconds, or an HTTP date relative to `now`.

    Example:
        >>> parse_retry_after("7"), parse_retry_after("soon")
        (7.0, None)
    """
    if text is None:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if now is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
