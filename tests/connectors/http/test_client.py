"""The HTTP client: what is repeated, what is not, and what errors say."""

from __future__ import annotations

import logging
from pathlib import Path

import httpx
import pytest

from connectors.errors import (
    CredentialsError,
    MissingScopeError,
    ProtocolError,
    RateLimitedError,
    RemoteObjectMissingError,
    ServiceUnavailableError,
    SpoolError,
    TruncatedResponseError,
)
from connectors.http import HttpClient, Limiter, Rate, classify_status

SECRET = "canary-token-7319"


class Tokens:
    def __init__(self) -> None:
        self.refreshed = 0

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {SECRET}-{self.refreshed}"}

    def refresh(self) -> None:
        self.refreshed += 1


class Script:
    """Answers with the given responses in turn; the last one repeats."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer


def ok() -> httpx.Response:
    return httpx.Response(200, json={"fine": True})


def client(script: Script, waits: list[float] | None = None, **options) -> HttpClient:
    return HttpClient(
        "http://crm.test",
        classify=options.pop("classify", classify_status),
        transport=httpx.MockTransport(script),
        sleep=(waits if waits is not None else []).append,
        jitter=lambda: 1.0,
        **options,
    )


def test_a_get_is_repeated_after_a_fault_of_the_service_with_growing_waits() -> None:
    waits: list[float] = []
    script = Script(httpx.Response(503), httpx.Response(500), ok())
    http = client(script, waits)
    assert http.request("GET", "/x").json() == {"fine": True}
    assert waits == [0.5, 1.0]
    assert (http.usage.calls, http.usage.retries) == (3, 2)
    assert http.usage.seconds_waited == 1.5


def test_retry_after_wins_over_the_back_off() -> None:
    waits: list[float] = []
    script = Script(httpx.Response(429, headers={"Retry-After": "7"}), ok())
    client(script, waits).request("GET", "/x")
    assert waits == [7.0]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(503), ServiceUnavailableError),
        (httpx.Response(429), RateLimitedError),
        (httpx.Response(403), MissingScopeError),
        (httpx.Response(404), RemoteObjectMissingError),
        (httpx.Response(400), ProtocolError),
        (httpx.Response(302), ProtocolError),
        (httpx.ConnectError("refused"), ServiceUnavailableError),
        (httpx.ReadTimeout("slow"), ServiceUnavailableError),
        (httpx.RemoteProtocolError("cut"), TruncatedResponseError),
    ],
)
def test_each_kind_of_fault_ends_in_its_own_error(answer, error) -> None:
    with pytest.raises(error):
        client(Script(answer)).request("GET", "/x")


def test_a_post_is_not_repeated_after_a_fault_that_may_have_done_something() -> None:
    script = Script(httpx.ReadTimeout("slow"), ok())
    with pytest.raises(ServiceUnavailableError):
        client(script).request("POST", "/jobs", json={})
    assert len(script.requests) == 1
    script = Script(httpx.Response(502), ok())
    with pytest.raises(ServiceUnavailableError):
        client(script).request("POST", "/jobs", json={})
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    "refusal", [httpx.Response(429), httpx.ConnectError("refused")]
)
def test_a_post_is_repeated_when_the_service_did_nothing(refusal) -> None:
    script = Script(refusal, ok())
    client(script).request("POST", "/jobs", json={})
    assert len(script.requests) == 2


def test_a_post_that_is_a_search_is_repeated_when_told_so() -> None:
    script = Script(httpx.Response(502), ok())
    client(script).request("POST", "/search", json={}, is_repeatable=True)
    assert len(script.requests) == 2


def test_credentials_are_renewed_once_per_request() -> None:
    tokens = Tokens()
    script = Script(httpx.Response(401), ok())
    client(script, tokens=tokens).request("GET", "/x")
    assert tokens.refreshed == 1
    assert script.requests[1].headers["Authorization"].endswith("-1")
    with pytest.raises(CredentialsError, match="new credentials"):
        client(Script(httpx.Response(401)), tokens=tokens).request("GET", "/x")
    assert tokens.refreshed == 2


@pytest.mark.parametrize("status", [200, 403, 404])
def test_a_web_page_in_place_of_json_names_the_proxy(status) -> None:
    page = httpx.Response(status, html="<html>sign in</html>")
    with pytest.raises(ProtocolError, match="proxy"):
        client(Script(page)).request("GET", "/x")


def test_a_web_page_of_a_broken_gateway_is_tried_again() -> None:
    script = Script(httpx.Response(502, html="<html>bad gateway</html>"), ok())
    client(script).request("GET", "/x")
    assert len(script.requests) == 2


def test_broken_json_counts_as_a_truncated_answer() -> None:
    broken = httpx.Response(
        200, content=b'{"records": [', headers={"content-type": "application/json"}
    )
    script = Script(broken, ok())
    client(script).request("GET", "/x")
    with pytest.raises(TruncatedResponseError):
        client(Script(broken)).request("GET", "/x")


def test_a_link_to_another_host_gets_no_credentials() -> None:
    script = Script(ok())
    with pytest.raises(ProtocolError, match="another host"):
        client(script, tokens=Tokens()).request("GET", "http://evil.test/next")
    assert script.requests == []
    client(script, tokens=Tokens()).request("GET", "http://crm.test/next")


def test_no_secret_reaches_logs_or_errors(caplog) -> None:
    caplog.set_level(logging.DEBUG)
    leaky = httpx.Response(400, json=[{"message": SECRET}])
    with pytest.raises(ProtocolError) as caught:
        client(Script(httpx.Response(503), leaky), tokens=Tokens()).request(
            "GET", f"/x?token={SECRET}", params={"q": SECRET}
        )
    assert SECRET not in str(caught.value)
    assert SECRET not in caplog.text
    assert "GET /x" in str(caught.value)


def test_a_download_is_complete_or_repeated(tmp_path: Path) -> None:
    target = tmp_path / "page.csv"
    script = Script(httpx.RemoteProtocolError("cut"), httpx.Response(200, text="a,b\n"))
    done = client(script).download("GET", "/results", target)
    assert target.read_text() == "a,b\n"
    assert done.bytes == 4
    with pytest.raises(TruncatedResponseError):
        client(Script(httpx.RemoteProtocolError("cut"))).download("GET", "/r", target)


def test_a_disk_that_refuses_is_said_to_be_full(tmp_path: Path) -> None:
    script = Script(httpx.Response(200, text="x"))
    with pytest.raises(SpoolError, match="free space"):
        client(script).download("GET", "/r", tmp_path / "missing" / "page.csv")


def test_a_limiter_spreads_calls_of_one_policy_and_leaves_others_alone() -> None:
    now = [0.0]
    limiter = Limiter(
        {"search": Rate(2, 1.0)},
        clock=lambda: now[0],
        sleep=lambda seconds: now.__setitem__(0, now[0] + seconds),
    )
    waited = [limiter.acquire(["search"]) for _ in range(4)]
    assert waited[:2] == [0.0, 0.0]
    assert sum(waited) == pytest.approx(1.0)
    assert limiter.acquire(["unlimited"]) == 0.0


def test_a_limiter_obeys_what_the_service_says_is_left_and_pauses() -> None:
    now = [0.0]
    limiter = Limiter(
        {"daily": Rate(100, 10.0)},
        clock=lambda: now[0],
        sleep=lambda seconds: now.__setitem__(0, now[0] + seconds),
    )
    limiter.observe("daily", 0)
    assert limiter.acquire(["daily"]) == pytest.approx(0.1)
    limiter.pause("daily", 5.0)
    assert limiter.acquire(["daily"]) == pytest.approx(5.0)


def test_a_hit_limit_pauses_its_policy() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    limiter = Limiter({"ten": Rate(10, 1.0)}, clock=lambda: now[0], sleep=sleep)
    script = Script(httpx.Response(429, headers={"Retry-After": "3"}), ok())
    http = client(script, limiter=limiter)
    http.request("GET", "/x", policies=["ten"])
    assert http.usage.seconds_waited == pytest.approx(3.0)
