"""Faults on command, over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from connectors.sandbox.faults import Fault, FaultInjector, FaultPlan, planned_duplicate
from connectors.sandbox.server import serve

LINES = "".join(f"line {number}\n" for number in range(100))


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    calls = []

    async def data(request: Request) -> PlainTextResponse:
        calls.append(request.url.path)
        return PlainTextResponse("again" if planned_duplicate(request.scope) else LINES)

    async def count(request: Request) -> JSONResponse:
        return JSONResponse(len(calls))

    app = Starlette(routes=[Route("/data", data), Route("/count", count)])

    def render(fault: Fault) -> JSONResponse:
        return JSONResponse({"kind": fault.kind, "policy": fault.policy}, 429)

    with serve(FaultInjector(app, FaultPlan(), render)) as url:
        yield url


def plan(base_url: str, **fault: object) -> None:
    answer = httpx.post(f"{base_url}/sandbox/faults", json={"faults": [fault]})
    assert answer.status_code == 200


def test_a_limit_is_worded_by_the_vendor_and_hits_as_often_as_planned(base_url) -> None:
    plan(base_url, kind="limit", policy="DAILY", count=2, after=1)
    with httpx.Client(base_url=base_url) as http:
        statuses = [http.get("/data").status_code for _ in range(4)]
    assert statuses == [200, 429, 429, 200]
    assert httpx.get(f"{base_url}/sandbox/faults").json() == {
        "left": [],
        "done": {"limit": 2},
    }


def test_a_cut_connection_is_seen_as_cut_and_a_truncated_body_is_not(base_url) -> None:
    plan(base_url, kind="cut")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{base_url}/data")
    plan(base_url, kind="truncate")
    answer = httpx.get(f"{base_url}/data")
    assert 0 < len(answer.text) < len(LINES)
    assert answer.text.endswith("\n")


def test_a_lost_answer_was_carried_out(base_url) -> None:
    before = httpx.get(f"{base_url}/count").json()
    plan(base_url, kind="lost_answer")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{base_url}/data")
    assert httpx.get(f"{base_url}/count").json() == before + 1


def test_other_faults(base_url) -> None:
    plan(base_url, kind="server_error", status=502)
    assert httpx.get(f"{base_url}/data").status_code == 502
    plan(base_url, kind="html")
    assert "html" in httpx.get(f"{base_url}/data").headers["content-type"]
    plan(base_url, kind="duplicate_page")
    assert httpx.get(f"{base_url}/data").text == "again"
    plan(base_url, kind="slow", seconds=0.2)
    started = time.monotonic()
    assert httpx.get(f"{base_url}/data").text == LINES
    assert time.monotonic() - started > 0.2


def test_a_fault_keeps_to_its_path_and_a_bad_plan_is_refused(base_url) -> None:
    plan(base_url, kind="html", path="/elsewhere/*")
    assert httpx.get(f"{base_url}/data").text == LINES
    answer = httpx.post(f"{base_url}/sandbox/faults", json={"faults": [{"kind": "x"}]})
    assert answer.status_code == 400
    httpx.delete(f"{base_url}/sandbox/faults")


def test_chances_follow_the_seed() -> None:
    def draws(seed: int) -> list[bool]:
        chance = Fault(kind="html", count=100, probability=0.5)
        dice = FaultPlan([chance], seed=seed)
        return [dice.take("GET", "/x") is not None for _ in range(20)]

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)
    assert {True, False} == set(draws(1))
