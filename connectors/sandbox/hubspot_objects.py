"""Routes for records: list, read, batch, search, write, archive and merge.

Belongs here: what `/crm/objects/...` answers. Every route exists under a dated version
and under v3; both do the same.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox.faults import planned_duplicate
from connectors.sandbox.hubspot_portal import ObjectStore, Portal, PortalError, Record
from connectors.sandbox.hubspot_search import SearchRefusedError, search
from connectors.sandbox.hubspot_wire import (
    ApiError,
    correlation_id,
    names_of,
    not_found_page,
    page,
    record_document,
)

PAGE, HISTORY_PAGE, BATCH = 100, 50, 100
VERSIONS = ("2026-03", "2026-09")


class ObjectRoutes:
    """Handlers over one portal."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._last_pages: dict[str, Response] = {}

    def routes(self) -> list[Route]:
        """Give every route, for both profiles."""
        routes = []
        for prefix in (
            *(f"/crm/objects/{version}" for version in VERSIONS),
            "/crm/v3/objects",
        ):
            kind = f"{prefix}/{{type}}"
            for path, method, endpoint in (
                (f"{kind}/search", "POST", self.search),
                (f"{kind}/merge", "POST", self.merge),
                (f"{kind}/batch/{{verb}}", "POST", self.batch),
                (kind, "GET", self.list_records),
                (kind, "POST", self.create),
                (f"{kind}/{{id}}", "GET", self.read),
                (f"{kind}/{{id}}", "PATCH", self.update),
                (f"{kind}/{{id}}", "DELETE", self.archive),
            ):
                routes.append(Route(path, endpoint, methods=[method]))
        return routes

    async def list_records(self, request: Request) -> Response:
        """List by id, oldest id first; archived records only when asked for."""
        store = self.store(request)
        query = _without_after(request.query_params.multi_items())
        asked = f"{request.url.path}?{query}"
        is_later = "after" in request.query_params
        before = self._last_pages.get(asked) if is_later else None
        if before is not None and planned_duplicate(request.scope):
            return before
        archived = request.query_params.get("archived", "").lower() == "true"
        if archived and not store.type.lists_archived:
            raise ApiError(
                400,
                "VALIDATION_ERROR",
                f"Paging through deleted objects is not supported for object type "
                f"{store.type.type_id}",
            )
        history = names_of(request, "propertiesWithHistory")
        limit = self._limit(request, HISTORY_PAGE if history else PAGE)
        after = request.query_params.get("after")
        results: list[Record] = []
        following = None
        for record in _from(store, int(after) if after else 0):
            if record.is_archived != archived:
                continue
            if len(results) == limit:
                following = record.id
                break
            results.append(record)
        properties = names_of(request, "properties")
        documents = [
            record_document(store, record, properties, history) for record in results
        ]
        answer = page(request, documents, following)
        self._last_pages[asked] = answer
        return answer

    async def read(self, request: Request) -> Response:
        """Read one record; the id of a merged one gives the survivor."""
        store = self.store(request)
        record = store.find(self._id(request))
        archived = request.query_params.get("archived", "").lower() == "true"
        if record is None or record.is_archived != archived:
            return not_found_page()
        return JSONResponse(
            record_document(
                store,
                record,
                names_of(request, "properties"),
                names_of(request, "propertiesWithHistory"),
            )
        )

    async def search(self, request: Request) -> Response:
        """Search living records."""
        store, body = self.store(request), await read_body(request)
        settings = self._portal.settings
        if len(await request.body()) > settings.max_search_body:
            raise ApiError(
                400,
                "VALIDATION_ERROR",
                f"The request body exceeds {settings.max_search_body} characters",
            )
        try:
            found = search(store, body, settings, self._portal.now())
        except (SearchRefusedError, ValueError, KeyError, TypeError) as error:
            raise ApiError(400, "VALIDATION_ERROR", str(error)) from error
        properties = [str(name) for name in body.get("properties") or []]
        documents = [record_document(store, r, properties) for r in found.records]
        asked = f"{request.url.path}?{_without_after(body.items())}"
        is_later = str(body.get("after") or 0) != "0"
        before = self._last_pages.get(asked) if is_later else None
        if before is not None and planned_duplicate(request.scope):
            return before
        answer = page(request, documents, found.after, total=found.total)
        self._last_pages[asked] = answer
        return answer

    async def batch(self, request: Request) -> Response:
        """Read, create, update or archive up to a hundred records."""
        store, body = self.store(request), await read_body(request)
        verb, inputs = request.path_params["verb"], body.get("inputs") or []
        history = [str(name) for name in body.get("propertiesWithHistory") or []]
        most = HISTORY_PAGE if history and verb == "read" else BATCH
        if not inputs or len(inputs) > most:
            raise ApiError(
                400,
                "VALIDATION_ERROR",
                f"inputs must have from 1 to {most} items, found {len(inputs)}",
            )
        if verb == "read":
            archived = request.query_params.get("archived", "").lower() == "true"
            return self._batch_read(store, body, history, archived=archived)
        results = []
        for item in inputs:
            properties = item.get("properties") or {}
            if verb == "create":
                results.append(self._write("create", store, None, properties))
            elif verb == "update":
                results.append(self._write("update", store, item["id"], properties))
            elif verb == "archive":
                self._portal.archive(store.type.name, int(item["id"]))
            else:
                raise ApiError(404, "OBJECT_NOT_FOUND", f"no batch operation {verb}")
        if verb == "archive":
            return Response(status_code=204)
        return JSONResponse(
            {
                "status": "COMPLETE",
                "results": [
                    record_document(store, r, list(r.properties)) for r in results
                ],
            },
            status_code=201 if verb == "create" else 200,
        )

    async def create(self, request: Request) -> Response:
        """Make a record."""
        store, body = self.store(request), await read_body(request)
        record = self._write("create", store, None, body.get("properties") or {})
        document = record_document(store, record, list(record.properties))
        return JSONResponse(document, status_code=201)

    async def update(self, request: Request) -> Response:
        """Change a record."""
        store, body = self.store(request), await read_body(request)
        record = self._write(
            "update", store, self._id(request), body.get("properties") or {}
        )
        return JSONResponse(record_document(store, record, list(record.properties)))

    async def archive(self, request: Request) -> Response:
        """Move a record to the recycle bin; doing it twice is no error."""
        self._portal.archive(self.store(request).type.name, self._id(request))
        return Response(status_code=204)

    async def merge(self, request: Request) -> Response:
        """Merge two records into one."""
        store, body = self.store(request), await read_body(request)
        try:
            record = self._portal.merge(
                store.type.name,
                int(body["primaryObjectId"]),
                int(body["objectIdToMerge"]),
            )
        except (PortalError, KeyError, ValueError) as error:
            raise ApiError(400, "VALIDATION_ERROR", str(error)) from error
        return JSONResponse(record_document(store, record, list(record.properties)))

    def store(self, request: Request) -> ObjectStore:
        """Find the type that a path names, and check the token's scope for it."""
        name = request.path_params["type"]
        store = self._portal.store(name)
        if store is None:
            raise ApiError(
                400, "VALIDATION_ERROR", f"Unable to infer object type from: {name}"
            )
        require_scope(self._portal, store.type.name, store.type.scope)
        return store

    def _batch_read(
        self,
        store: ObjectStore,
        body: dict[str, Any],
        history: list[str],
        *,
        archived: bool,
    ) -> Response:
        properties = [str(name) for name in body.get("properties") or []]
        found, missing = {}, []
        for item in body["inputs"]:
            text = str(item.get("id", ""))
            record = store.find(int(text)) if text.isdigit() else None
            if record is None or record.is_archived != archived:
                missing.append(text)
            else:
                found[record.id] = record
        answer: dict[str, Any] = {
            "status": "COMPLETE",
            "results": [
                record_document(store, record, properties, history)
                for record in found.values()
            ],
        }
        if missing:
            answer["numErrors"] = 1
            answer["errors"] = [
                {
                    "status": "error",
                    "category": "OBJECT_NOT_FOUND",
                    "message": f"Could not get some {store.type.name} objects, they may "
                    "be deleted or not exist. Check that ids are valid.",
                    "context": {"ids": missing},
                    "correlationId": correlation_id(),
                }
            ]
        return JSONResponse(answer, status_code=207 if missing else 200)

    def _write(
        self, verb: str, store: ObjectStore, record_id: Any, properties: dict[str, Any]
    ) -> Record:
        name = store.type.name
        try:
            if verb == "create":
                return self._portal.create(name, properties)
            return self._portal.update(name, int(record_id), properties)
        except PortalError as error:
            raise ApiError(400, "VALIDATION_ERROR", str(error)) from error

    @staticmethod
    def _id(request: Request) -> int:
        text = request.path_params["id"]
        if not text.isdigit():
            raise ApiError(
                404,
                "OBJECT_NOT_FOUND",
                "Object not found.  objectId are usually numeric.",
            )
        return int(text)

    @staticmethod
    def _limit(request: Request, most: int) -> int:
        text = request.query_params.get("limit", "10")
        if not text.isdigit() or not 0 < int(text) <= most:
            raise ApiError(
                400, "VALIDATION_ERROR", f"limit must be from 1 to {most}, found {text}"
            )
        return int(text)


def require_scope(portal: Portal, name: str, scope: str) -> None:
    """Answer 403 when the token was not given the scope of something."""
    if name in portal.settings.denied:
        raise ApiError(
            403,
            "MISSING_SCOPES",
            "This app hasn't been granted all required scopes to make this call.",
            errors=[
                {
                    "message": "One or more of the following scopes are required.",
                    "context": {"requiredGranularScopes": [scope]},
                }
            ],
        )


def _without_after(items: Iterable[tuple[str, Any]]) -> str:
    """Name a query without the place in its results."""
    return str(sorted((key, str(value)) for key, value in items if key != "after"))


def _from(store: ObjectStore, first: int) -> Iterator[Record]:
    ids = store.ids
    for place in range(bisect_left(ids, first), len(ids)):
        yield store.records[ids[place]]


async def read_body(request: Request) -> dict[str, Any]:
    """Read a JSON object, or answer 400."""
    try:
        body = await request.json()
    except ValueError as error:
        raise ApiError(400, "VALIDATION_ERROR", "Invalid input JSON") from error
    if not isinstance(body, dict):
        raise ApiError(
            400, "VALIDATION_ERROR", "Invalid input JSON: expected an object"
        )
    return body
