"""The HTTP client of every live connector: attempts, waiting, limits, redaction.

Belongs here: what holds for any service. A vendor's codes are read by the `Classify`
that is handed in. Messages name the method and the path; query strings, headers and
bodies never appear in them, because they can hold secrets or personal data.

A request is repeated only when that is safe: GET and HEAD always, anything else when the
caller says so, or when the service refused it before doing anything (429, 401) or was
never reached.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from connectors.errors import ProtocolError
from connectors.http.download import Download, ShortBodyError, is_short, stream_to_file
from connectors.http.failures import (
    AttemptFaultError,
    html_error,
    is_html,
    refused_error,
    shown,
    verdict_error,
)
from connectors.http.limiter import Limiter
from connectors.http.meter import Meter
from connectors.http.verdict import Action, Classify, TokenSource, Verdict
from connectors.usage import Usage

_T = TypeVar("_T")
_LOGGER = logging.getLogger(__name__)
# Both log addresses with their query strings, which can hold secrets.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

TIMEOUT = httpx.Timeout(60.0, connect=15.0)
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 60.0


class HttpClient:
    """One service at one address.

    Args:
        base_url: Scheme, host and optional path prefix.
        classify: How this vendor's answers are read.
        tokens: Credentials; None sends requests without.
        limiter: Token buckets for the policies that requests name.
        timeout: Per connect, read and write; seconds or an httpx.Timeout.
        max_attempts: Attempts per request, the first included.
        sleep: Waits; seconds.
        clock: Monotonic seconds, for the usage report.
        jitter: Gives a number in [0, 1) that scales each back-off (full jitter).
        transport: Replaces the network, for tests.
        on_response: Called with every answer, to read limits from headers.
        proxy: Address of a proxy; the environment is not consulted.
        verify: False or a CA bundle path for private certificates.
        source: Name of the source, for messages.
    """

    def __init__(
        self,
        base_url: str,
        *,
        classify: Classify,
        tokens: TokenSource | None = None,
        limiter: Limiter | None = None,
        timeout: float | httpx.Timeout = TIMEOUT,
        max_attempts: int = 5,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        transport: httpx.BaseTransport | None = None,
        on_response: Callable[[httpx.Response], None] | None = None,
        proxy: str | None = None,
        verify: bool | str = True,
        source: str = "",
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._place = f" at {urlsplit(self.base_url).hostname}"
        self._source = f"source {source!r}: " if source else ""
        self._classify, self._tokens, self._limiter = classify, tokens, limiter
        self._max_attempts = max_attempts
        self._sleep, self._clock, self._jitter = sleep, clock, jitter
        self.on_response = on_response
        self._meter = Meter()
        self._http = httpx.Client(
            timeout=timeout,
            transport=transport,
            proxy=proxy,
            verify=verify,
            trust_env=False,
            follow_redirects=False,
        )

    @property
    def usage(self) -> Usage:
        """What this client has cost so far."""
        return self._meter.usage

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> HttpClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait(self, seconds: float) -> None:
        """Hold back, for polling; the time counts as waited."""
        if seconds > 0:
            self._sleep(seconds)
            self._meter.add(Usage(seconds_waited=seconds))

    def count_rows(self, rows: int) -> None:
        """Add records to the usage report."""
        self._meter.add(Usage(rows=rows))

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | Sequence[tuple[str, Any]] | None = None,
        json: Any = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        is_repeatable: bool | None = None,
        policies: Sequence[str] = (),
        expects_json: bool = True,
    ) -> httpx.Response:
        """Send a request until it is answered for good.

        Args:
            method: HTTP method.
            path: Path below the base URL, or an absolute URL of the same origin.
            params: Query string.
            json: Body as JSON.
            data: Body as a form.
            headers: Further headers.
            is_repeatable: Whether doing it twice is harmless; GET and HEAD by default.
            policies: Limits that the request falls under.
            expects_json: Whether an HTML page or broken JSON is a fault.

        Returns:
            The answer, completely read.

        Raises:
            ConnectorError: What the verdict names; see `Verdict.error`.
            ProtocolError: HTML came where JSON was expected.
            CredentialsError: Refused again after new credentials.
            RetryableError: Every attempt failed.
        """
        body: dict[str, Any] = {"params": params, "json": json, "data": data}

        def attempt() -> tuple[httpx.Response, Verdict]:
            with self._send(method, path, headers, body) as response:
                self._read(response)
            verdict = self._judge(response, method, path)
            if verdict.action is Action.OK and expects_json:
                self._check_json(response, method, path)
            return response, verdict

        return self._attempts(attempt, method, path, is_repeatable, policies)

    def download(
        self,
        method: str,
        path: str,
        target: Path,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        policies: Sequence[str] = (),
    ) -> Download:
        """Stream a body to a file; cut connections and short bodies are tried again.

        Raises:
            TruncatedResponseError: Every attempt ended early.
            SpoolError: The disk does not take it.
        """

        def attempt() -> tuple[Download | None, Verdict]:
            with self._send(method, path, headers, {"params": params}) as response:
                if response.is_success:
                    verdict = self._judge(response, method, path)
                    if is_html(response):
                        raise html_error(self._where(method, path), response)
                    try:
                        done = stream_to_file(response, target)
                    finally:
                        self._count_body(response.num_bytes_downloaded)
                    return done, verdict
                self._read(response)
            return None, self._judge(response, method, path)

        result = self._attempts(attempt, method, path, True, policies)
        assert result is not None  # noqa: S101  # a verdict of OK comes with a body
        return result

    # Internals

    def _attempts(
        self,
        attempt: Callable[[], tuple[_T, Verdict]],
        method: str,
        path: str,
        is_repeatable: bool | None,
        policies: Sequence[str],
    ) -> _T:
        """Repeat `attempt` as long as its verdict and the attempts allow."""
        if is_repeatable is None:
            is_repeatable = method.upper() in ("GET", "HEAD")
        where = self._where(method, path)
        has_renewed = False
        number = 0
        while True:
            number += 1
            if self._limiter is not None and policies:
                waited = self._limiter.acquire(policies)
                self._meter.add(Usage(seconds_waited=waited))
            try:
                result, verdict = attempt()
            except AttemptFaultError as fault:
                may_repeat = is_repeatable or fault.was_never_sent
                if not may_repeat or number >= self._max_attempts:
                    raise fault.to_error(where, number) from None
                self._back_off(where, number, None, fault.reason)
                continue
            if verdict.action is Action.OK:
                return result
            if verdict.action is Action.REAUTHENTICATE:
                if self._tokens is None or has_renewed:
                    raise refused_error(where, verdict, has_renewed)
                _LOGGER.info("%s was refused (401), renewing credentials", where)
                self._tokens.refresh()
                has_renewed, number = True, number - 1
                self._meter.add(Usage(retries=1))
                continue
            if verdict.action is not Action.RETRY:
                raise verdict_error(where, verdict)
            may_repeat = is_repeatable or verdict.is_refusal
            if not may_repeat or number >= self._max_attempts:
                raise verdict_error(where, verdict, number)
            if self._limiter is not None and verdict.policy and verdict.retry_after:
                self._limiter.pause(verdict.policy, verdict.retry_after)
            self._back_off(where, number, verdict.retry_after, verdict.reason)

    def _back_off(
        self, where: str, number: int, retry_after: float | None, reason: str
    ) -> None:
        """Wait as long as the service asks, or with full jitter."""
        ceiling = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (number - 1))
        seconds = ceiling * self._jitter() if retry_after is None else retry_after
        _LOGGER.info(
            "%s: attempt %d failed (%s), next in %.1f s", where, number, reason, seconds
        )
        self.wait(seconds)
        self._meter.add(Usage(retries=1))

    @contextmanager
    def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None,
        body: Mapping[str, Any],
    ) -> Iterator[httpx.Response]:
        """Open one streamed answer; faults of the connection become `AttemptFaultError`."""
        known = dict(self._tokens.headers()) if self._tokens is not None else {}
        started = self._clock()
        try:
            with self._http.stream(
                method,
                self._address(path),
                headers={**known, **(headers or {})},
                **body,
            ) as response:
                if self.on_response is not None:
                    self.on_response(response)
                yield response
        except httpx.RequestError as error:
            raise AttemptFaultError(error) from None
        except ShortBodyError:
            raise AttemptFaultError(None) from None
        finally:
            self._meter.add(Usage(calls=1, seconds=self._clock() - started))

    def _address(self, path: str) -> str:
        if "://" not in path:
            return f"{self.base_url}/{path.lstrip('/')}"
        ours, theirs = urlsplit(self.base_url), urlsplit(path)
        if (ours.scheme, ours.netloc) != (theirs.scheme, theirs.netloc):
            raise ProtocolError(
                f"following a link of {self.base_url}: it leads to another host "
                f"({theirs.netloc}); credentials are not sent there. Check the base URL, "
                "and whether a proxy rewrites addresses"
            )
        return path

    def _read(self, response: httpx.Response) -> None:
        """Read the whole body, and notice when it is shorter than announced."""
        try:
            response.read()
        finally:
            self._count_body(response.num_bytes_downloaded)
        if is_short(response):
            raise ShortBodyError

    def _count_body(self, size: int) -> None:
        self._meter.add(Usage(bytes_received=size))

    def _judge(self, response: httpx.Response, method: str, path: str) -> Verdict:
        if 300 <= response.status_code < 400:
            raise ProtocolError(
                f"{self._where(method, path)}: the answer is a redirect "
                f"({response.status_code}), which an API does not send. Check the base "
                "URL, and whether a proxy asks for a login"
            )
        verdict = self._classify(response)
        is_fault = verdict.action in (Action.STOP, Action.SKIP)
        if is_fault and response.status_code < 500 and is_html(response):
            raise html_error(self._where(method, path), response)
        return verdict

    def _where(self, method: str, path: str) -> str:
        """Name a request for messages."""
        return f"{self._source}{method} {shown(path)}{self._place}"

    def _check_json(self, response: httpx.Response, method: str, path: str) -> None:
        if not response.content:
            return
        if is_html(response):
            raise html_error(self._where(method, path), response)
        try:
            response.json()
        except ValueError:
            raise AttemptFaultError(None) from None
