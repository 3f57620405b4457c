"""Objects and fields of the make-believe Salesforce org, and how `describe` tells them.

Belongs here: field types, guessed from names when an export is loaded, and the describe
documents. Values are in `salesforce_org`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

_SYSTEM_MOMENTS = ("CreatedDate", "LastModifiedDate", "SystemModstamp")
# Accepted: "CompletedDateTime", "ConvertedAt__c". Rejected: "CloseDate".
_MOMENT = re.compile(r"(DateTime|Timestamp|At__c)$")
# Accepted: "CloseDate", "ContractEndDate__c", "Birthdate". Rejected: "UpdatedBy".
_DATE = re.compile(r"(Date|date)(__c)?$")
# Accepted: "IsWon", "HasOptedOutOfEmail", "DoNotCall". Rejected: "Issue".
_FLAG = re.compile(r"^(Is|Has)[A-Z]|^DoNotCall$")
_MONEY = ("Amount", "UnitPrice", "ListPrice", "TotalPrice", "AnnualRevenue")
_NUMBERS = ("Quantity", "ExpectedRevenue", "BudgetedCost", "ActualCost", "SortOrder")
_PICKLISTS = (
    "Type", "Industry", "LeadSource", "StageName", "Status", "Rating", "Priority",
    "Origin", "Reason", "AccountSource", "Salutation", "ForecastCategoryName",
)  # fmt: skip
_LONG = ("Description", "Street", "BillingStreet", "MailingStreet", "ShippingStreet")
MERGEABLE = ("Account", "Contact", "Lead", "Case")
NUMERIC = ("double", "currency", "percent", "int")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field; `is_compound` fields have no column and read as null."""

    name: str
    type: str = "string"
    is_calculated: bool = False
    picklist: tuple[str, ...] = ()

    @property
    def is_compound(self) -> bool:
        """Whether it only groups other fields."""
        return self.type in ("address", "location")

    def describe(self) -> dict[str, Any]:
        """Give the part of a describe document."""
        return {
            "name": self.name,
            "label": self.name.removesuffix("__c").replace("_", " "),
            "type": self.type,
            "custom": self.name.endswith("__c"),
            "calculated": self.is_calculated,
            "length": 255 if self.type == "string" else 0,
            "nillable": self.name != "Id",
            "filterable": not self.is_compound and self.type != "textarea",
            "referenceTo": [],
            "relationshipName": None,
            "picklistValues": [
                {"value": value, "label": value, "active": True, "defaultValue": False}
                for value in self.picklist
            ],
        }


@dataclass(slots=True, kw_only=True)
class ObjectSchema:
    """One object; fields by name, in describe order."""

    name: str
    prefix: str
    fields: dict[str, Field] = field(default_factory=dict)
    is_queryable: bool = True

    def find(self, name: str) -> Field | None:
        """Find a field; the service ignores case."""
        wanted = name.lower()
        return next(
            (item for key, item in self.fields.items() if key.lower() == wanted), None
        )

    def stored(self) -> list[Field]:
        """Fields that have a column."""
        return [item for item in self.fields.values() if not item.is_compound]

    def set_picklist(self, name: str, values: Sequence[str]) -> None:
        """Replace the values of a picklist."""
        known = self.fields[name]
        self.fields[name] = replace(known, type="picklist", picklist=tuple(values))

    def describe(self) -> dict[str, Any]:
        """Give the describe document of the object."""
        summary = self.summarise()
        return {**summary, "fields": [item.describe() for item in self.fields.values()]}

    def summarise(self) -> dict[str, Any]:
        """Give the object's line in the global describe."""
        return {
            "name": self.name,
            "label": self.name.removesuffix("__c"),
            "labelPlural": f"{self.name.removesuffix('__c')}s",
            "custom": self.name.endswith("__c"),
            "keyPrefix": self.prefix,
            "mergeable": self.name in MERGEABLE,
            "queryable": self.is_queryable,
            "retrieveable": self.is_queryable,
            "replicateable": self.is_queryable,
            "deprecatedAndHidden": False,
        }


def guess_type(name: str) -> str:
    """Guess a field's type from its API name.

    Example:
        >>> guess_type("AccountId"), guess_type("IsWon"), guess_type("CloseDate")
        ('reference', 'boolean', 'date')
    """
    exact = {
        "Id": "id",
        "Email": "email",
        "NumberOfEmployees": "int",
        "Probability": "percent",
        **dict.fromkeys(_SYSTEM_MOMENTS, "datetime"),
        **dict.fromkeys(_MONEY, "currency"),
        **dict.fromkeys(_NUMBERS, "double"),
        **dict.fromkeys(_PICKLISTS, "picklist"),
        **dict.fromkeys(_LONG, "textarea"),
        **dict.fromkeys(("Phone", "MobilePhone", "HomePhone"), "phone"),
        "Website": "url",
    }
    if name in exact:
        return exact[name]
    if _FLAG.search(name):
        return "boolean"
    if name.endswith("Id"):
        return "reference"
    if _MOMENT.search(name):
        return "datetime"
    return "date" if _DATE.search(name) else "string"
