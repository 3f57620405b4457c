"""How the HubSpot look-alike speaks: envelopes of errors, pages and records.

Belongs here: JSON shapes shared by all routes. Missing records answer with a page of
HTML, as the real service does.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from connectors.sandbox.hubspot_portal import ObjectStore, Record, iso

_numbers = itertools.count(1)


def correlation_id() -> str:
    """Give the id that support would ask for; unique within the process."""
    return f"00000000-0000-4000-8000-{next(_numbers):012d}"


class ApiError(Exception):
    """An answer in the vendor's error envelope."""

    def __init__(
        self, status: int, category: str, message: str, **extra: object
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, object] = {
            "status": "error",
            "message": message,
            "correlationId": correlation_id(),
            "category": category,
            **extra,
        }


def respond_to_error(_: Request, error: Exception) -> Response:
    """Turn an `ApiError` into its response (a Starlette exception handler)."""
    assert isinstance(error, ApiError)  # noqa: S101 - registered for this class only
    return JSONResponse(error.body, status_code=error.status)


def not_found_page() -> Response:
    """Answer for a well-formed id of nothing: HTML, not JSON."""
    return HTMLResponse(
        "<html>\n<head>\n<title>Error 404 Not Found</title>\n</head>\n"
        "<body><h2>HTTP ERROR 404</h2>\n</body>\n</html>\n",
        status_code=404,
        headers={"content-type": "text/html;charset=iso-8859-1"},
    )


def record_document(
    store: ObjectStore,
    record: Record,
    properties: Sequence[str],
    history: Sequence[str] = (),
) -> dict[str, Any]:
    """Give a record with the wanted properties; unknown names are left out silently."""
    wanted = {store.type.created, store.type.modified, "hs_object_id", *properties}
    document: dict[str, Any] = {
        "id": str(record.id),
        "properties": {
            name: store.value(record, name)
            for name in sorted(wanted)
            if name in store.properties
        },
        "createdAt": iso(record.created),
        "updatedAt": iso(record.updated),
        "archived": record.is_archived,
    }
    if record.archived_at is not None:
        document["archivedAt"] = iso(record.archived_at)
    if history:
        document["propertiesWithHistory"] = {
            name: [
                {
                    "value": value if value is not None else "",
                    "timestamp": iso(moment),
                    "sourceType": source,
                    "sourceId": "sandbox",
                }
                for moment, value, source in store.versions(record, name)
            ]
            for name in history
            if name in store.properties
        }
    return document


def page(
    request: Request, results: Iterable[Any], after: object | None, **extra: object
) -> Response:
    """Give one page; `paging` is absent, not null, on the last."""
    body: dict[str, Any] = {**extra, "results": list(results)}
    if after is not None:
        # The vendor's own host, whatever was asked: following it leaves this server.
        link = f"https://api.hubapi.com{request.url.path}?after={after}"
        body["paging"] = {"next": {"after": str(after), "link": link}}
    return JSONResponse(body)


def names_of(request: Request, key: str) -> list[str]:
    """Read a list parameter, given with commas or repeated."""
    values = request.query_params.getlist(key)
    return [item for value in values for item in value.split(",") if item]
