"""Routes for lists of contacts and marketing e-mail.

Belongs here: what `/crm/lists` and `/email/public/v1` answer. Lists page like the rest of
the CRM; campaigns and events have the older address and page by `offset`.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox.hubspot_marketing import APP, ContactList
from connectors.sandbox.hubspot_objects import VERSIONS, read_body, require_scope
from connectors.sandbox.hubspot_portal import Portal, iso
from connectors.sandbox.hubspot_wire import ApiError, page

LIST_SCOPE, MAIL_SCOPE = "crm.lists.read", "content"
_LIST_PAGE, _MEMBER_PAGE, _MAIL_PAGE = 500, 250, 1_000


class MarketingRoutes:
    """Handlers over one portal."""

    def __init__(self, portal: Portal) -> None:
        self._portal, self._marketing = portal, portal.marketing

    def routes(self) -> list[Route]:
        """Give every route, for both profiles."""
        routes = [
            Route("/email/public/v1/campaigns", self.list_mailings),
            Route("/email/public/v1/campaigns/by-id", self.list_mailings),
            Route("/email/public/v1/campaigns/{id}", self.read_mailing),
            Route("/email/public/v1/events", self.list_events),
        ]
        for lists in (*(f"/crm/lists/{v}" for v in VERSIONS), "/crm/v3/lists"):
            members = f"{lists}/{{id}}/memberships/join-order"
            routes.append(Route(f"{lists}/search", self.search_lists, methods=["POST"]))
            routes.append(Route(members, self.list_members))
        return routes

    async def search_lists(self, request: Request) -> Response:
        """List the lists, deleted ones too; more about each only when asked for."""
        require_scope(self._portal, "contact_lists", LIST_SCOPE)
        body = await read_body(request)
        start = int(body.get("offset") or 0)
        size = min(int(body.get("count") or 20), _LIST_PAGE)
        wanted = body.get("additionalProperties") or []
        every = sorted(self._marketing.lists.values(), key=lambda each: each.id)
        shown = every[start : start + size]
        return JSONResponse(
            {
                "lists": [_list_document(each, wanted) for each in shown],
                "hasMore": start + size < len(every),
                "offset": start + len(shown),
                "total": len(every),
            }
        )

    async def list_members(self, request: Request) -> Response:
        """List who is on a list, in the order of joining."""
        require_scope(self._portal, "contact_lists", LIST_SCOPE)
        each = self._marketing.lists.get(int(request.path_params["id"]))
        if each is None or each.deleted is not None:
            raise ApiError(404, "OBJECT_NOT_FOUND", "List does not exist")
        start = int(request.query_params.get("after") or 0)
        size = min(int(request.query_params.get("limit", 100)), _MEMBER_PAGE)
        members = sorted(each.members.items(), key=lambda item: (item[1], item[0]))
        results = [
            {"recordId": str(contact), "membershipTimestamp": iso(moment)}
            for contact, moment in members[start : start + size]
        ]
        is_last = start + size >= len(members)
        return page(request, results, None if is_last else start + size)

    async def list_mailings(self, request: Request) -> Response:
        """List campaigns: all by id, or with the time of their last activity."""
        require_scope(self._portal, "email_campaigns", MAIL_SCOPE)
        by_id = request.url.path.endswith("/by-id")
        every = sorted(
            self._marketing.mailings.values(), key=lambda each: -each.updated
        )
        documents = [
            {"id": each.id, "appId": APP, "appName": "Batch"}
            | ({} if by_id else {"lastUpdatedTime": each.updated})
            for each in every
        ]
        return _offset_page(request, "campaigns", documents)

    async def read_mailing(self, request: Request) -> Response:
        """Describe a campaign."""
        require_scope(self._portal, "email_campaigns", MAIL_SCOPE)
        each = self._marketing.mailings.get(int(request.path_params["id"]))
        if each is None or each.is_forgotten:
            raise ApiError(404, "OBJECT_NOT_FOUND", "no such campaign")
        own = [
            event
            for event in self._marketing.events
            if event["emailCampaignId"] == each.id and event["type"] == "SENT"
        ]
        return JSONResponse(
            {
                "id": each.id,
                "appId": APP,
                "appName": "Batch",
                "contentId": each.id + 1,
                "name": each.name,
                "subject": each.subject,
                "type": "BATCH_EMAIL",
                "numIncluded": len(own),
                "numQueued": len(own),
            }
        )

    async def list_events(self, request: Request) -> Response:
        """List events, the newest first, between two times in milliseconds."""
        require_scope(self._portal, "email_events", MAIL_SCOPE)
        low = int(request.query_params.get("startTimestamp") or 0)
        high = int(request.query_params.get("endTimestamp") or self._portal.now())
        found = [e for e in reversed(self._marketing.events) if low <= e["created"]]
        return _offset_page(
            request, "events", [e for e in found if e["created"] <= high]
        )


def _offset_page(request: Request, key: str, items: list[dict[str, Any]]) -> Response:
    """Give one page of an older list; the token means nothing to others."""
    start = int((request.query_params.get("offset") or "p0")[1:])
    size = min(int(request.query_params.get("limit", 100)), _MAIL_PAGE)
    return JSONResponse(
        {
            key: items[start : start + size],
            "hasMore": start + size < len(items),
            "offset": f"p{start + size}",
        }
    )


def _list_document(each: ContactList, wanted: list[str]) -> dict[str, Any]:
    more = {
        "hs_list_size": str(len(each.members)),
        "hs_last_record_added_at": each.last_added and str(each.last_added),
        "hs_last_record_removed_at": each.last_removed and str(each.last_removed),
    }
    document: dict[str, Any] = {
        "listId": str(each.id),
        "listVersion": 1,
        "name": each.name,
        "objectTypeId": "0-1",
        "processingType": each.processing_type,
        "processingStatus": "COMPLETE",
        "createdAt": iso(each.created),
        "updatedAt": iso(each.created),
        "additionalProperties": {name: more.get(name) for name in wanted},
    }
    if each.deleted is not None:
        document["deletedAt"] = iso(each.deleted)
    return document
