"""A stateful look-alike of HubSpot's CRM API on one's own machine.

The façade; import from here. `create_app` makes an ASGI application over a `Portal`; the
portal is empty until `hubspot_fill` fills it. Every call passes, in this order: faults on
command, credentials, the length of the address, rate limits, routes.

    POST /sandbox/clock      {"advance_seconds": 3600}
    POST /sandbox/live       {"steps": 20}
    POST /sandbox/settings   {"search_lag_seconds": 60, "denied": ["tickets"], ...}
    POST /sandbox/new-day    {}
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from email.utils import formatdate

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.sandbox.faults import (
    Fault,
    FaultInjector,
    FaultKind,
    FaultPlan,
)
from connectors.sandbox.hubspot_catalogue import CatalogueRoutes
from connectors.sandbox.hubspot_clock import PortalClock
from connectors.sandbox.hubspot_life import PortalLife
from connectors.sandbox.hubspot_limits import (
    MESSAGES,
    TEN_SECONDLY,
    RateLimiter,
    RateLimits,
)
from connectors.sandbox.hubspot_marketing_routes import MarketingRoutes
from connectors.sandbox.hubspot_objects import ObjectRoutes
from connectors.sandbox.hubspot_portal import Portal
from connectors.sandbox.hubspot_wire import ApiError, correlation_id, respond_to_error

__all__ = ["TOKEN", "Portal", "PortalClock", "RateLimits", "create_app"]

TOKEN = "sandbox-service-key"  # noqa: S105 - opens a made-up portal only
_CONTROL = "/sandbox/"


def create_app(
    portal: Portal,
    *,
    clock: PortalClock,
    limits: RateLimits | None = None,
    tokens: Sequence[str] = (TOKEN,),
    elapsed: Callable[[], float] = time.monotonic,
    seed: int = 0,
    plan: FaultPlan | None = None,
) -> ASGIApp:
    """Make the application.

    Args:
        portal: The state it serves.
        clock: The portal's clock, for the control endpoint.
        limits: Rate limits; those of the smallest plans by default.
        tokens: Bearer tokens that are accepted.
        elapsed: Monotonic seconds, for the rate limits.
        seed: Decides the life that `/sandbox/live` starts.
        plan: Faults on command; `/sandbox/faults` can set more.
    """
    limiter = RateLimiter(limits or RateLimits(), elapsed)
    control = _Control(portal, clock, limiter, random.Random(seed))  # noqa: S311
    app = Starlette(
        routes=[
            *control.routes(),
            *CatalogueRoutes(portal).routes(),
            *ObjectRoutes(portal).routes(),
            *MarketingRoutes(portal).routes(),
        ],
        exception_handlers={ApiError: respond_to_error},
    )
    guarded: ASGIApp = _Gate(app, portal, limiter, set(tokens))
    return FaultInjector(guarded, plan or FaultPlan(), _render_fault)


def _render_fault(fault: Fault) -> Response:
    """Word a limit or a refused login as the vendor does."""
    if fault.kind is FaultKind.LIMIT:
        return _limit_reached(fault.policy or TEN_SECONDLY)
    return _not_authorised()


def _limit_reached(policy: str) -> Response:
    return JSONResponse(
        {
            "status": "error",
            "message": MESSAGES[policy],
            "errorType": "RATE_LIMIT",
            "correlationId": correlation_id(),
            "policyName": policy,
        },
        status_code=429,
    )


def _not_authorised() -> Response:
    return JSONResponse(
        {
            "status": "error",
            "message": "Authentication credentials not found. This API supports "
            "OAuth 2.0 authentication.",
            "correlationId": correlation_id(),
            "category": "INVALID_AUTHENTICATION",
        },
        status_code=401,
    )


class _Gate:
    """Checks that stand before every route of the API."""

    def __init__(
        self, app: ASGIApp, portal: Portal, limiter: RateLimiter, tokens: set[str]
    ) -> None:
        self._app, self._portal = app, portal
        self._limiter, self._tokens = limiter, tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_CONTROL):
            await self._app(scope, receive, send)
            return
        is_search = scope["path"].endswith("/search")
        refusal = self._refuse(scope, is_search)
        headers = [
            (name.encode(), value.encode())
            for name, value in {
                **self._limiter.headers(is_search),
                "date": formatdate(self._portal.now() / 1000, usegmt=True),
            }.items()
        ]

        async def send_with_limits(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        target = self._app if refusal is None else refusal
        await target(scope, receive, send_with_limits)

    def _refuse(self, scope: Scope, is_search: bool) -> Response | None:
        given = Headers(scope=scope).get("authorization", "")
        if given.removeprefix("Bearer ") not in self._tokens:
            return _not_authorised()
        size = len(scope.get("raw_path") or b"") + len(scope["query_string"])
        if size > self._portal.settings.max_url:
            return Response("<html><body>414 URI Too Long</body></html>", 414)
        policy = self._limiter.refuse(is_search)
        return None if policy is None else _limit_reached(policy)


class _Control:
    """Endpoints with which people and tests steer the portal."""

    def __init__(
        self,
        portal: Portal,
        clock: PortalClock,
        limiter: RateLimiter,
        rng: random.Random,
    ) -> None:
        self._portal, self._clock, self._limiter = portal, clock, limiter
        self._life = PortalLife(portal, rng)

    def routes(self) -> list[Route]:
        """Give the control routes."""
        return [
            Route(f"{_CONTROL}clock", self.clock, methods=["POST"]),
            Route(f"{_CONTROL}live", self.live, methods=["POST"]),
            Route(f"{_CONTROL}settings", self.settings, methods=["POST"]),
            Route(f"{_CONTROL}new-day", self.new_day, methods=["POST"]),
            Route(f"{_CONTROL}status", self.status, methods=["GET"]),
        ]

    async def clock(self, request: Request) -> Response:
        """Move the clock forward."""
        body = await request.json()
        self._clock.advance(float(body["advance_seconds"]))
        return JSONResponse({"now": self._clock()})

    async def live(self, request: Request) -> Response:
        """Let random things happen, one second apart."""
        body = await request.json()
        done: dict[str, int] = {}
        for _ in range(int(body.get("steps", 10))):
            self._clock.advance(1.0)
            for deed, times in self._life.live(1).items():
                done[deed] = done.get(deed, 0) + times
        return JSONResponse({"done": done, "now": self._clock()})

    async def settings(self, request: Request) -> Response:
        """Change knobs of the portal."""
        body, settings = await request.json(), self._portal.settings
        settings.search_cap = int(body.get("search_cap", settings.search_cap))
        if "search_lag_seconds" in body:
            settings.search_lag_ms = round(float(body["search_lag_seconds"]) * 1000)
        if "denied" in body:
            settings.denied = set(body["denied"])
        for key in ("ten_secondly", "search_secondly", "daily"):
            if key in body:
                self._limiter.limits = replace(self._limiter.limits, **{key: body[key]})
        return JSONResponse({"ok": True})

    async def new_day(self, _: Request) -> Response:
        """Reset the daily limit."""
        self._limiter.start_new_day()
        return JSONResponse({"ok": True})

    async def status(self, _: Request) -> Response:
        """Count what the portal holds."""
        counts = {
            name: {
                "living": len(store.by_update),
                "archived": len(store.ids) - len(store.by_update),
                "merged_ids": len(store.aliases),
            }
            for name, store in self._portal.stores.items()
        }
        return JSONResponse({"now": self._clock(), "objects": counts})
