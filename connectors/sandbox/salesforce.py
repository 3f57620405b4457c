"""A stateful look-alike of Salesforce's REST and Bulk 2.0 APIs on one's own machine.

The façade; import from here. `create_app` makes an ASGI application over an `Org`, which
`salesforce_fill` fills. Belongs here: routes and the vendor's envelopes.

    POST /sandbox/clock      {"advance_seconds": 3600}
    POST /sandbox/settings   {"daily_limit": 15000, "used": 0, "page_size": 2000,
                              "polls_until_done": 1, "bulk_refuses": ["Case"],
                              "fail_next_job": "...", "slow_above": 50000,
                              "expire_tokens": true}
    POST /sandbox/do         {"what": "merge", "object": "Contact", ...}: salesforce_life
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from connectors.sandbox.faults import (
    Fault,
    FaultInjector,
    FaultKind,
    FaultPlan,
    planned_duplicate,
)
from connectors.sandbox.salesforce_bulk import BulkJobs, Job
from connectors.sandbox.salesforce_life import act
from connectors.sandbox.salesforce_oauth import LoginError, Logins
from connectors.sandbox.salesforce_org import Org
from connectors.sandbox.salesforce_queries import Queries
from connectors.sandbox.salesforce_soql import SoqlError

__all__ = ["Logins", "Org", "SalesforceSandbox", "create_app"]

_DATA = "/services/data/v{version}"
Handler: TypeAlias = Callable[[Request, bytes], Response]


class SalesforceSandbox:
    """The application's state beside the records: logins, jobs, the daily limit."""

    def __init__(self, org: Org, folder: Path, logins: Logins | None = None) -> None:
        self.org = org
        self.logins = logins or Logins(clock=org.clock)
        self.bulk = BulkJobs(org, folder)
        self.queries = Queries(org)
        self.faults = FaultPlan()
        self.daily_limit, self.used = 100_000, 0

    # The vendor's envelopes

    def usage_header(self) -> str:
        """Give the value of Sforce-Limit-Info."""
        return f"api-usage={self.used}/{self.daily_limit}"

    def render_fault(self, fault: Fault) -> Response:
        """Word a planned fault as Salesforce does."""
        if fault.kind is FaultKind.UNAUTHORISED:
            return _error(401, "INVALID_SESSION_ID", "Session expired or invalid")
        return _error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")

    def guarded(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """Check token and limit, count the call, and word errors."""

        async def endpoint(request: Request) -> Response:
            body = await request.body()
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            if token not in self.logins.tokens:
                return _error(401, "INVALID_SESSION_ID", "Session expired or invalid")
            if self.used >= self.daily_limit:
                return _error(
                    403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."
                )
            self.used += 1
            try:
                response = await run_in_threadpool(handler, request, body)
            except SoqlError as error:
                response = _error(400, error.code, str(error))
            response.headers["Sforce-Limit-Info"] = self.usage_header()
            return response

        return endpoint

    # Login and description

    async def token(self, request: Request) -> Response:
        """Answer the OAuth token endpoint."""
        text = (await request.body()).decode()
        form = {key: values[0] for key, values in parse_qs(text).items()}
        base_url = str(request.base_url).rstrip("/")
        try:
            granted = self.logins.grant(
                form, request.headers.get("authorization"), base_url
            )
        except LoginError as error:
            document = {"error": error.code, "error_description": str(error)}
            return JSONResponse(document, 400)
        return JSONResponse(granted)

    def describe_global(self, _: Request, __: bytes) -> Response:
        """List the objects."""
        listed = [item.summarise() for item in self.org.objects.values()]
        return JSONResponse(
            {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed}
        )

    def describe(self, request: Request, _: bytes) -> Response:
        """Describe one object."""
        wanted = request.path_params["name"].lower()
        for name, schema in self.org.objects.items():
            if name.lower() == wanted:
                return JSONResponse(schema.describe())
        return _error(404, "NOT_FOUND", "The requested resource does not exist")

    def limits(self, _: Request, __: bytes) -> Response:
        """Tell the limits."""
        left = self.daily_limit - self.used
        return JSONResponse(
            {
                "DailyApiRequests": {"Max": self.daily_limit, "Remaining": left},
                "DailyBulkV2QueryJobs": {
                    "Max": 10_000,
                    "Remaining": 10_000 - len(self.bulk.jobs),
                },
                "DailyBulkV2QueryFileStorageMB": {
                    "Max": 976_562,
                    "Remaining": 976_562,
                },
            }
        )

    def record_count(self, request: Request, _: bytes) -> Response:
        """Tell how many records objects have."""
        names = [n for n in request.query_params.get("sObjects", "").split(",") if n]
        counts = self.queries.counts(names)
        return JSONResponse(
            {"sObjects": [{"count": n, "name": name} for name, n in counts.items()]}
        )

    # Queries

    def query(self, request: Request, _: bytes) -> Response:
        """Answer the first page of a query."""
        text = self.queries.first(
            request.query_params.get("q", ""),
            is_all=request.url.path.endswith("queryAll"),
            version=request.path_params["version"],
            options=request.headers.get("sforce-query-options", ""),
        )
        return Response(text, media_type="application/json")

    def query_more(self, request: Request, _: bytes) -> Response:
        """Answer a further page."""
        text = self.queries.more(
            request.path_params["locator"],
            version=request.path_params["version"],
            is_duplicate=planned_duplicate(request.scope),
        )
        return Response(text, media_type="application/json")

    # Bulk 2.0

    def create_job(self, request: Request, body: bytes) -> Response:
        """Create a query job."""
        job = self.bulk.create(json.loads(body), request.path_params["version"])
        return JSONResponse(job.document())

    def list_jobs(self, _: Request, __: bytes) -> Response:
        """List the jobs, newest first."""
        listed = [job.document() for job in self.bulk.jobs.values()]
        return JSONResponse(
            {"done": True, "records": listed[::-1], "nextRecordsUrl": None}
        )

    def job(self, request: Request, body: bytes) -> Response:
        """Tell, abort or delete a job."""
        job = self._job(request)
        if isinstance(job, Response):
            return job
        if request.method == "DELETE":
            self.bulk.delete(job)
            return Response(status_code=204)
        if request.method == "PATCH":
            if json.loads(body).get("state") != "Aborted":
                return _error(400, "INVALIDJOBSTATE", "only Aborted can be set")
            job.state = "Aborted"
            return JSONResponse(job.document())
        return JSONResponse(self.bulk.poll(job).document())

    def results(self, request: Request, _: bytes) -> Response:
        """Serve one result page as CSV."""
        job = self._job(request)
        if isinstance(job, Response):
            return job
        if job.api_version != request.path_params["version"]:
            return _error(409, "API_VERSION_MISMATCH", "wrong API version for this job")
        if job.state != "JobComplete":
            return _error(400, "INVALIDJOBSTATE", f"job is {job.state}")
        locator = request.query_params.get("locator")
        most = request.query_params.get("maxRecords")
        size = int(most) if most else None
        page = self.bulk.page(job, locator, size)
        served = page
        if planned_duplicate(request.scope) and locator:
            served = self.bulk.page(job, None, size)
        return FileResponse(
            served.path,
            media_type="text/csv",
            headers={
                "Sforce-NumberOfRecords": str(page.rows),
                "Sforce-Locator": page.locator,
            },
            background=BackgroundTask(served.path.unlink, missing_ok=True),
        )

    def _job(self, request: Request) -> Job | Response:
        job = self.bulk.jobs.get(request.path_params["job"])
        if job is None or job.state == "Deleted":
            return _error(404, "NOT_FOUND", "job does not exist")
        return job

    # Control

    async def clock(self, request: Request) -> Response:
        """Move the clock."""
        document = await request.json()
        moment = self.org.clock.advance(float(document.get("advance_seconds", 0)))
        return JSONResponse({"now": moment.isoformat()})

    async def settings(self, request: Request) -> Response:
        """Change how the service behaves."""
        document: dict[str, Any] = await request.json()
        self.daily_limit = document.get("daily_limit", self.daily_limit)
        self.used = document.get("used", self.used)
        self.queries.page_size = document.get("page_size", self.queries.page_size)
        bulk = self.bulk
        bulk.polls_until_done = document.get("polls_until_done", bulk.polls_until_done)
        bulk.fail_next = document.get("fail_next_job", bulk.fail_next)
        if "slow_above" in document:
            bulk.slow_above = self.queries.slow_above = document["slow_above"]
        if "bulk_refuses" in document:
            bulk.refused |= set(document["bulk_refuses"])
        if document.get("expire_tokens"):
            self.logins.expire()
        return JSONResponse({"daily_limit": self.daily_limit, "used": self.used})

    async def do(self, request: Request) -> Response:
        """Let something happen in the org."""
        document = await request.json()
        try:
            return JSONResponse(await run_in_threadpool(act, self.org, document))
        except (KeyError, ValueError, TypeError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)


def create_app(sandbox: SalesforceSandbox) -> ASGIApp:
    """Make the application, with faults on command around it."""
    guarded = sandbox.guarded
    jobs = f"{_DATA}/jobs/query"
    routes = [
        Route("/services/oauth2/token", sandbox.token, methods=["POST"]),
        Route(f"{_DATA}/sobjects", guarded(sandbox.describe_global)),
        Route(f"{_DATA}/sobjects/", guarded(sandbox.describe_global)),
        Route(_DATA + "/sobjects/{name}/describe", guarded(sandbox.describe)),
        Route(_DATA + "/sobjects/{name}/describe/", guarded(sandbox.describe)),
        Route(f"{_DATA}/limits", guarded(sandbox.limits)),
        Route(f"{_DATA}/limits/", guarded(sandbox.limits)),
        Route(f"{_DATA}/limits/recordCount", guarded(sandbox.record_count)),
        Route(f"{_DATA}/query", guarded(sandbox.query)),
        Route(f"{_DATA}/query/", guarded(sandbox.query)),
        Route(f"{_DATA}/queryAll", guarded(sandbox.query)),
        Route(_DATA + "/query/{locator}", guarded(sandbox.query_more)),
        Route(jobs, guarded(sandbox.create_job), methods=["POST"]),
        Route(jobs, guarded(sandbox.list_jobs)),
        Route(
            jobs + "/{job}", guarded(sandbox.job), methods=["GET", "PATCH", "DELETE"]
        ),
        Route(jobs + "/{job}/results", guarded(sandbox.results)),
        Route("/sandbox/clock", sandbox.clock, methods=["POST"]),
        Route("/sandbox/settings", sandbox.settings, methods=["POST"]),
        Route("/sandbox/do", sandbox.do, methods=["POST"]),
    ]
    app = Starlette(routes=routes)
    return _Dated(FaultInjector(app, sandbox.faults, sandbox.render_fault), sandbox)


class _Dated:
    """Puts the org's own clock into the Date header of every answer."""

    def __init__(self, app: ASGIApp, sandbox: SalesforceSandbox) -> None:
        self._app, self._sandbox = app, sandbox

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def dated(message: Any) -> None:
            if message["type"] == "http.response.start":
                date = self._sandbox.org.clock.http_date().encode()
                message = {
                    **message,
                    "headers": [*message["headers"], (b"date", date)],
                }
            await send(message)

        await self._app(scope, receive, dated)


def _error(status: int, code: str, message: str) -> Response:
    """Word an error: an array, even for one."""
    return JSONResponse([{"message": message, "errorCode": code}], status)
