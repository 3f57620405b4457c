"""Misbehaviour on command, for any sandbox.

Belongs here: the plan of faults, its control endpoint, and the ASGI wrapper that carries
them out. How a vendor words a limit or an expired login is handed in (`Render`).

    POST   /sandbox/faults   {"seed": 7, "faults": [{"kind": "cut", "count": 2,
                              "path": "/services/data/*/jobs/query/*/results"}]}
    GET    /sandbox/faults   what is still planned, and how many were carried out
    DELETE /sandbox/faults   forget the plan
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTROL = "/sandbox/"
FAULTS = "/sandbox/faults"
_PAGE = "<!DOCTYPE html><html><body><h1>Sign in to the network</h1></body></html>"


class FaultKind(StrEnum):
    """What can go wrong."""

    LIMIT = "limit"
    UNAUTHORISED = "unauthorised"
    SERVER_ERROR = "server_error"
    HTML = "html"
    TRUNCATE = "truncate"
    CUT = "cut"
    SLOW = "slow"
    DUPLICATE_PAGE = "duplicate_page"
    LOST_ANSWER = "lost_answer"


class Fault(BaseModel):
    """One planned fault.

    Attributes:
        kind: `truncate` ends a body early but politely, so that only a count can tell;
            `cut` breaks the connection in the middle; `lost_answer` carries the request
            out and then breaks the connection; `duplicate_page` is left to the vendor's
            application, which finds it in the request (`planned_duplicate`).
        count: How many matching calls it hits.
        after: How many matching calls pass first.
        path: Glob on the path.
        method: Only this method.
        probability: Chance per matching call, from the plan's seed.
        policy: Name of the limit, for `limit`.
        status: HTTP status, for `server_error`.
        seconds: Delay, for `slow`; Retry-After where the vendor sends one.
    """

    model_config = ConfigDict(extra="forbid")

    kind: FaultKind
    count: int = Field(default=1, ge=1)
    after: int = Field(default=0, ge=0)
    path: str = "*"
    method: str | None = None
    probability: float = Field(default=1.0, ge=0.0, le=1.0)
    policy: str | None = None
    status: int = 503
    seconds: float = 0.0

    def matches(self, method: str, path: str) -> bool:
        """Whether a call is one of those that it may hit."""
        is_method = self.method is None or self.method.upper() == method
        return is_method and fnmatchcase(path, self.path)


class _PlanDocument(BaseModel):
    model_config = ConfigDict(extra="forbid")

    seed: int = 0
    faults: list[Fault]


class FaultPlan:
    """The faults that are still to come; the first that matches a call is taken."""

    def __init__(self, faults: Sequence[Fault] = (), *, seed: int = 0) -> None:
        self._lock = Lock()
        self.set(faults, seed=seed)

    def set(self, faults: Sequence[Fault], *, seed: int = 0) -> None:
        """Replace the plan."""
        with self._lock:
            self._left = [fault.model_copy() for fault in faults]
            self._random = random.Random(seed)  # noqa: S311 - decides made-up faults
            self.done: dict[str, int] = {}

    def add(self, *faults: Fault) -> None:
        """Plan further faults."""
        with self._lock:
            self._left += [fault.model_copy() for fault in faults]

    def clear(self) -> None:
        """Forget the plan."""
        self.set(())

    @property
    def left(self) -> list[Fault]:
        """What is still planned."""
        return list(self._left)

    def take(self, method: str, path: str) -> Fault | None:
        """Give the fault that hits a call, if any."""
        with self._lock:
            for fault in self._left:
                if not fault.matches(method, path):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                if self._random.random() >= fault.probability:
                    continue
                fault.count -= 1
                if fault.count == 0:
                    self._left.remove(fault)
                self.done[fault.kind] = self.done.get(fault.kind, 0) + 1
                return fault
        return None


Render: TypeAlias = Callable[[Fault], Response]
"""Words a `limit` or `unauthorised` fault as the vendor does."""


def planned_duplicate(scope: Mapping[str, Any]) -> bool:
    """Whether the application is to serve the page before once more."""
    return bool(scope.get("sandbox_duplicate_page"))


class FaultInjector:
    """ASGI wrapper that carries out a plan and serves its control endpoint.

    Args:
        app: The vendor's application.
        plan: The plan, also reachable over the control endpoint.
        render: Words the vendor's own faults.
    """

    def __init__(self, app: ASGIApp, plan: FaultPlan, render: Render) -> None:
        self._app, self._plan, self._render = app, plan, render

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, misbehave, or let the call pass."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        if path == FAULTS:
            response = await self._control(Request(scope, receive))
            await response(scope, receive, send)
            return
        fault = None
        if not path.startswith(CONTROL):
            fault = self._plan.take(scope["method"], path)
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await self._misbehave(fault, scope, receive, send)

    async def _misbehave(
        self, fault: Fault, scope: Scope, receive: Receive, send: Send
    ) -> None:
        kind = fault.kind
        if kind in (FaultKind.LIMIT, FaultKind.UNAUTHORISED):
            await self._render(fault)(scope, receive, send)
        elif kind is FaultKind.SERVER_ERROR:
            answer = PlainTextResponse("service unavailable", fault.status)
            await answer(scope, receive, send)
        elif kind is FaultKind.HTML:
            await HTMLResponse(_PAGE)(scope, receive, send)
        elif kind is FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)
            await self._app(scope, receive, send)
        elif kind is FaultKind.DUPLICATE_PAGE:
            await self._app({**scope, "sandbox_duplicate_page": True}, receive, send)
        else:
            await self._spoil(kind, scope, receive, send)

    async def _spoil(
        self, kind: FaultKind, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Carry the call out, then deliver half of the answer, or nothing."""
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, collect)
        if kind is FaultKind.LOST_ANSWER:
            # Without a first word the server would make a complete answer of its own.
            await send(messages[0])
            await send({"type": "http.response.body", "body": b"", "more_body": True})
            raise _CutConnectionError
        start, body = messages[0], b"".join(m.get("body", b"") for m in messages[1:])
        # Half of the lines, so that what is left of a CSV still parses.
        half = body[: body.rfind(b"\n", 0, max(1, len(body) * 2 // 3)) + 1]
        half = half or body[: len(body) // 2]
        headers = [
            (name, value)
            for name, value in start["headers"]
            if name.lower() != b"content-length"
        ]
        length = len(half) if kind is FaultKind.TRUNCATE else len(body)
        headers.append((b"content-length", str(length).encode()))
        await send({**start, "headers": headers})
        await send(
            {
                "type": "http.response.body",
                "body": half,
                "more_body": kind is FaultKind.CUT,
            }
        )
        if kind is FaultKind.CUT:
            raise _CutConnectionError

    async def _control(self, request: Request) -> Response:
        if request.method == "POST":
            try:
                document = _PlanDocument.model_validate(await request.json())
            except (ValidationError, ValueError) as error:
                return JSONResponse({"error": str(error)}, 400)
            self._plan.set(document.faults, seed=document.seed)
        elif request.method == "DELETE":
            self._plan.clear()
        left = [fault.model_dump(mode="json") for fault in self._plan.left]
        return JSONResponse({"left": left, "done": self._plan.done})


class _CutConnectionError(Exception):
    """Makes the server close the connection without ending the answer."""
