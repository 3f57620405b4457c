"""What the HubSpot look-alike knows before it holds a record.

Belongs here: object types, their system properties, the association types that every
portal has, and the texts of scopes. No state, no HTTP. Names and ids are facts of the
vendor's public reference, written by hand; ids marked as made up there are ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field

DEFINED = "HUBSPOT_DEFINED"
USER_DEFINED = "USER_DEFINED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectType:
    """One kind of record of a portal."""

    name: str
    type_id: str
    singular: str
    scope: str
    modified: str = "hs_lastmodifieddate"
    created: str = "createdate"
    lists_archived: bool = True
    merge_makes_new_id: bool = False
    has_pipelines: bool = False


def _engagement(
    name: str, type_id: str, singular: str, *, archived: bool = True
) -> ObjectType:
    return ObjectType(
        name=name,
        type_id=type_id,
        singular=singular,
        scope="crm.objects.contacts.read",
        created="hs_createdate",
        lists_archived=archived,
    )


STANDARD_TYPES: tuple[ObjectType, ...] = (
    ObjectType(
        name="contacts",
        type_id="0-1",
        singular="contact",
        scope="crm.objects.contacts.read",
        modified="lastmodifieddate",
        merge_makes_new_id=True,
    ),
    ObjectType(
        name="companies",
        type_id="0-2",
        singular="company",
        scope="crm.objects.companies.read",
        merge_makes_new_id=True,
    ),
    ObjectType(
        name="deals",
        type_id="0-3",
        singular="deal",
        scope="crm.objects.deals.read",
        has_pipelines=True,
    ),
    ObjectType(
        name="tickets",
        type_id="0-5",
        singular="ticket",
        scope="tickets",
        has_pipelines=True,
    ),
    ObjectType(
        name="leads",
        type_id="0-136",
        singular="lead",
        scope="crm.objects.leads.read",
        created="hs_createdate",
        has_pipelines=True,
    ),
    ObjectType(
        name="line_items",
        type_id="0-8",
        singular="line_item",
        scope="crm.objects.line_items.read",
    ),
    ObjectType(
        name="products",
        type_id="0-7",
        singular="product",
        scope="crm.objects.products.read",
    ),
    _engagement("calls", "0-48", "call"),
    _engagement("emails", "0-49", "email"),
    _engagement("meetings", "0-47", "meeting", archived=False),
    _engagement("notes", "0-46", "note"),
    _engagement("tasks", "0-27", "task"),
    _engagement("communications", "0-18", "communication"),
)

# (from, to) -> (type id, label) of the associations that exist in every portal. A null
# label is the plain association; `Primary` marks the one main company.
DEFINED_ASSOCIATIONS: dict[tuple[str, str], tuple[tuple[int, str | None], ...]] = {
    ("contacts", "companies"): ((279, None), (1, "Primary")),
    ("companies", "contacts"): ((280, None), (2, "Primary")),
    ("deals", "companies"): ((341, None), (5, "Primary")),
    ("companies", "deals"): ((342, None), (6, "Primary")),
    ("deals", "contacts"): ((3, None),),
    ("contacts", "deals"): ((4, None),),
    ("tickets", "contacts"): ((16, None),),
    ("contacts", "tickets"): ((15, None),),
    ("tickets", "companies"): ((339, None), (26, "Primary")),
    ("companies", "tickets"): ((340, None), (25, "Primary")),
    ("deals", "line_items"): ((19, None),),
    ("line_items", "deals"): ((20, None),),
}
FIRST_MADE_UP_TYPE = 10_001
"""Pairs without a known type id count up from here (ours, not the vendor's)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyDefinition:
    """One property as `/crm/properties` describes it."""

    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    group: str = "information"
    calculated: bool = False
    has_unique_value: bool = False
    is_defined_by_vendor: bool = True
    options: tuple[tuple[str, str], ...] = field(default=())

    def to_document(self) -> dict[str, object]:
        """Give the wire form."""
        return {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": "",
            "groupName": self.group,
            "options": [
                {
                    "label": label,
                    "value": value,
                    "displayOrder": order,
                    "hidden": False,
                }
                for order, (value, label) in enumerate(self.options)
            ],
            "displayOrder": -1,
            "calculated": self.calculated,
            "externalOptions": False,
            "hasUniqueValue": self.has_unique_value,
            "hidden": False,
            "hubspotDefined": self.is_defined_by_vendor,
            "formField": False,
            "archived": False,
            "modificationMetadata": {
                "archivable": not self.is_defined_by_vendor,
                "readOnlyDefinition": self.is_defined_by_vendor,
                "readOnlyValue": self.calculated,
            },
        }


def system_properties(object_type: ObjectType) -> tuple[PropertyDefinition, ...]:
    """Give the properties that the portal itself fills."""
    moments = dict.fromkeys(
        (object_type.created, object_type.modified, "hs_lastmodifieddate")
    )
    return (
        PropertyDefinition(
            name="hs_object_id", label="Record ID", type="number", calculated=True
        ),
        *(
            PropertyDefinition(
                name=name,
                label=name,
                type="datetime",
                field_type="date",
                calculated=True,
            )
            for name in moments
        ),
        PropertyDefinition(
            name="hs_merged_object_ids",
            label="Merged record IDs",
            type="enumeration",
            field_type="checkbox",
            calculated=True,
        ),
        PropertyDefinition(
            name="hubspot_owner_id",
            label="Owner",
            type="enumeration",
            field_type="select",
        ),
    )
