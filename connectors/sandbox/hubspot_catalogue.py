"""Routes for what records refer to: properties, owners, pipelines, associations.

Belongs here: everything under `/crm` that is not a record, and the account's details.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox.hubspot_associations import Kind
from connectors.sandbox.hubspot_objects import VERSIONS, read_body, require_scope
from connectors.sandbox.hubspot_portal import Pipeline, Portal, iso
from connectors.sandbox.hubspot_schema import PropertyDefinition
from connectors.sandbox.hubspot_wire import ApiError, page

MOST_INPUTS = 1_000
OWNER_SCOPE = "crm.objects.owners.read"


class CatalogueRoutes:
    """Handlers over one portal."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def routes(self) -> list[Route]:
        """Give every route, for both profiles."""
        routes = []
        for objects, properties, owners, pipelines, links, account, schemas in (
            *(
                (
                    f"/crm/objects/{v}",
                    f"/crm/properties/{v}",
                    f"/crm/owners/{v}",
                    f"/crm/pipelines/{v}",
                    f"/crm/associations/{v}",
                    f"/account-info/{v}/details",
                    f"/crm/object-schemas/{v}/schemas",
                )
                for v in VERSIONS
            ),
            (
                "/crm/v4/objects",
                "/crm/v3/properties",
                "/crm/v3/owners",
                "/crm/v3/pipelines",
                "/crm/v4/associations",
                "/account-info/v3/details",
                "/crm/v3/schemas",
            ),
        ):
            pair = f"{objects}/{{type}}/{{id}}/associations/{{to}}"
            for path, method, endpoint in (
                (f"{properties}/{{type}}", "GET", self.list_properties),
                (f"{properties}/{{type}}", "POST", self.define_property),
                (f"{properties}/{{type}}/{{name}}", "DELETE", self.remove_property),
                (owners, "GET", self.list_owners),
                (f"{owners}/", "GET", self.list_owners),
                (f"{pipelines}/{{type}}", "GET", self.list_pipelines),
                (f"{links}/{{type}}/{{to}}/labels", "GET", self.list_labels),
                (f"{links}/{{type}}/{{to}}/labels", "POST", self.define_label),
                (f"{links}/{{type}}/{{to}}/batch/{{verb}}", "POST", self.batch),
                (pair, "GET", self.list_associations),
                (f"{pair}/{{to_id}}", "PUT", self.associate),
                (f"{pair}/{{to_id}}", "DELETE", self.dissociate),
                (account, "GET", self.describe_account),
                (schemas, "GET", self.list_schemas),
            ):
                routes.append(Route(path, endpoint, methods=[method]))
        return routes

    async def describe_account(self, _: Request) -> Response:
        """Say which portal the token opens."""
        return JSONResponse(
            {
                "portalId": self._portal.portal_id,
                "accountType": "DEVELOPER_TEST",
                "timeZone": "Europe/Berlin",
                "companyCurrency": "EUR",
                "utcOffset": "+01:00",
            }
        )

    async def list_schemas(self, _: Request) -> Response:
        """List custom objects."""
        require_scope(self._portal, "schemas", "crm.schemas.custom.read")
        results: list[dict[str, Any]] = [
            {
                "objectTypeId": store.type.type_id,
                "name": store.type.name,
                "fullyQualifiedName": f"p{self._portal.portal_id}_{store.type.name}",
                "labels": {"singular": store.type.singular, "plural": store.type.name},
                "associations": [
                    {
                        "fromObjectTypeId": store.type.type_id,
                        "toObjectTypeId": self._portal.stores[right].type.type_id,
                        "name": f"{store.type.name}_to_{right}",
                    }
                    for right in self._portal.associations.partners(store.type.name)
                ],
                "archived": False,
            }
            for store in self._portal.stores.values()
            if store.type.type_id.startswith("2-")
        ]
        return JSONResponse({"results": results})

    async def list_properties(self, request: Request) -> Response:
        """List the properties of a type."""
        name = self._type(request, "type")
        definitions = self._portal.stores[name].properties.values()
        return JSONResponse({"results": [item.to_document() for item in definitions]})

    async def define_property(self, request: Request) -> Response:
        """Add a property."""
        name, body = self._type(request, "type"), await read_body(request)
        definition = PropertyDefinition(
            name=body["name"],
            label=body.get("label", body["name"]),
            type=body.get("type", "string"),
            field_type=body.get("fieldType", "text"),
            group=body.get("groupName", "information"),
            is_defined_by_vendor=False,
            options=tuple(
                (option["value"], option["label"]) for option in body.get("options", [])
            ),
        )
        self._portal.define(name, definition)
        return JSONResponse(definition.to_document(), status_code=201)

    async def remove_property(self, request: Request) -> Response:
        """Remove a property with its values."""
        name = self._type(request, "type")
        self._portal.undefine(name, request.path_params["name"])
        return Response(status_code=204)

    async def list_owners(self, request: Request) -> Response:
        """List owners; archived ones only when asked for."""
        require_scope(self._portal, "owners", OWNER_SCOPE)
        archived = request.query_params.get("archived", "").lower() == "true"
        limit = int(request.query_params.get("limit", 100))
        after = int(request.query_params.get("after") or 0)
        wanted = [
            owner
            for owner in sorted(self._portal.owners.values(), key=lambda item: item.id)
            if owner.is_archived == archived and owner.id >= after
        ]
        results: list[dict[str, Any]] = [
            {
                "id": str(owner.id),
                "email": owner.email,
                "type": "PERSON",
                "firstName": owner.first_name,
                "lastName": owner.last_name,
                "userId": None if owner.is_archived else owner.id + 1,
                "userIdIncludingInactive": owner.id + 1,
                "createdAt": iso(owner.created),
                "updatedAt": iso(owner.created),
                "archived": owner.is_archived,
                "teams": [],
            }
            for owner in wanted[:limit]
        ]
        following = wanted[limit].id if len(wanted) > limit else None
        return page(request, results, following)

    async def list_pipelines(self, request: Request) -> Response:
        """List pipelines with their stages."""
        name = self._type(request, "type")
        documents = [
            _pipeline_document(order, pipeline)
            for order, pipeline in enumerate(self._portal.pipelines.get(name, []))
        ]
        return JSONResponse({"results": documents})

    async def list_labels(self, request: Request) -> Response:
        """List the association types of a direction."""
        left, right = self._type(request, "type"), self._type(request, "to")
        labels = self._portal.associations.labels(left, right)
        results = [_kind_document(kind, label) for kind, label in labels.items()]
        return JSONResponse({"results": results})

    async def define_label(self, request: Request) -> Response:
        """Add an association label."""
        left, right = self._type(request, "type"), self._type(request, "to")
        body = await read_body(request)
        label = str(body["label"])
        kind = self._portal.associations.define_label(left, right, label)
        return JSONResponse({"results": [_kind_document(kind, label)]})

    async def list_associations(self, request: Request) -> Response:
        """List what one record is linked to."""
        left, right = self._type(request, "type"), self._type(request, "to")
        limit = int(request.query_params.get("limit", 500))
        after = int(request.query_params.get("after") or 0)
        found, following = self._links(
            left, int(request.path_params["id"]), right, after, min(limit, 500)
        )
        return page(request, found, following)

    async def associate(self, request: Request) -> Response:
        """Link two records."""
        left, right = self._type(request, "type"), self._type(request, "to")
        a, b = int(request.path_params["id"]), int(request.path_params["to_id"])
        links = self._portal.associations
        kinds = await request.json() if await request.body() else []
        chosen = [
            (item["associationCategory"], int(item["associationTypeId"]))
            for item in kinds
        ] or [links.plain(left, right)]
        for kind in chosen:
            self._add(left, a, right, b, kind)
        return JSONResponse({"fromObjectId": a, "toObjectId": b, "labels": []})

    async def dissociate(self, request: Request) -> Response:
        """Remove every link of a pair."""
        left, right = self._type(request, "type"), self._type(request, "to")
        a, b = int(request.path_params["id"]), int(request.path_params["to_id"])
        self._portal.associations.remove(left, a, right, b)
        return Response(status_code=204)

    async def batch(self, request: Request) -> Response:
        """Read, create or remove many links."""
        left, right = self._type(request, "type"), self._type(request, "to")
        inputs = (await read_body(request)).get("inputs") or []
        verb = request.path_params["verb"]
        if not 0 < len(inputs) <= MOST_INPUTS:
            raise ApiError(
                400,
                "VALIDATION_ERROR",
                f"inputs must have from 1 to {MOST_INPUTS} items",
            )
        if verb == "read":
            return self._batch_read(left, right, inputs)
        for item in inputs:
            a = int(item["from"]["id"])
            targets = item["to"] if isinstance(item["to"], list) else [item["to"]]
            for target in targets:
                b = int(target["id"])
                if verb == "archive":
                    self._portal.associations.remove(left, a, right, b)
                    continue
                for kind in item["types"]:
                    chosen = (
                        kind["associationCategory"],
                        int(kind["associationTypeId"]),
                    )
                    self._add(left, a, right, b, chosen)
        status = 204 if verb == "archive" else 201
        if verb == "archive":
            return Response(status_code=status)
        return JSONResponse({"status": "COMPLETE", "results": []}, status_code=status)

    def _batch_read(
        self, left: str, right: str, inputs: list[dict[str, Any]]
    ) -> Response:
        size = self._portal.settings.association_page
        results: list[dict[str, Any]] = []
        missing: list[str] = []
        for item in inputs:
            a, after = int(item["id"]), int(item.get("after") or 0)
            found, following = self._links(left, a, right, after, size)
            if not found:
                missing.append(str(a))
                continue
            entry: dict[str, Any] = {"from": {"id": str(a)}, "to": found}
            if following is not None:
                entry["paging"] = {"next": {"after": str(following), "link": "?after"}}
            results.append(entry)
        body: dict[str, Any] = {"status": "COMPLETE", "results": results}
        if missing:
            body["numErrors"] = len(missing)
            body["errors"] = [
                {
                    "status": "error",
                    "category": "OBJECT_NOT_FOUND",
                    "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
                    "message": f"No {right} is associated with {left} {number}.",
                    "context": {"fromObjectId": [number]},
                }
                for number in missing
            ]
        return JSONResponse(body, status_code=207 if missing else 200)

    def _links(
        self, left: str, a: int, right: str, after: int, size: int
    ) -> tuple[list[dict[str, Any]], int | None]:
        links = self._portal.associations
        labels = links.labels(left, right)
        listed = [item for item in links.of(left, a, right) if item[0] >= after]
        found = [
            {
                "toObjectId": b,
                "associationTypes": [_kind_document(k, labels[k]) for k in kinds],
            }
            for b, kinds in listed[:size]
        ]
        return found, listed[size][0] if len(listed) > size else None

    def _add(self, left: str, a: int, right: str, b: int, kind: Kind) -> None:
        stores = self._portal.stores
        if not (stores[left].living(a) and stores[right].living(b)):
            raise ApiError(404, "OBJECT_NOT_FOUND", "one of the records does not exist")
        try:
            self._portal.associations.add(left, a, right, b, kind)
        except KeyError as error:
            raise ApiError(
                400, "VALIDATION_ERROR", f"no association type {kind}"
            ) from error

    def _type(self, request: Request, key: str) -> str:
        name = request.path_params[key]
        store = self._portal.store(name)
        if store is None:
            raise ApiError(
                400, "VALIDATION_ERROR", f"Unable to infer object type from: {name}"
            )
        require_scope(self._portal, store.type.name, store.type.scope)
        return store.type.name


def _kind_document(kind: Kind, label: str | None) -> dict[str, Any]:
    return {"category": kind[0], "typeId": kind[1], "label": label}


def _pipeline_document(order: int, pipeline: Pipeline) -> dict[str, Any]:
    return {
        "id": pipeline.id,
        "label": pipeline.label,
        "displayOrder": order,
        "archived": False,
        "stages": [
            {
                "id": stage.id,
                "label": stage.label,
                "displayOrder": number,
                "metadata": dict(stage.metadata),
                "archived": False,
                "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
            }
            for number, stage in enumerate(pipeline.stages)
        ],
    }
