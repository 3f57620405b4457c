"""What a user configures for a folder of Salesforce exports.

Belongs here: the model and its validation. Nothing is read from disk.
"""

from __future__ import annotations

import codecs
import re
from typing import Literal

from pydantic import Field, field_validator

from connectors.snapshots import SnapshotFilesConfig

# Accepted: "Account", "Invoice__c", "acme__Plan__c". Rejected: "Sales Order", "2Go".
_API_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")


class SalesforceFilesConfig(SnapshotFilesConfig):
    """Data Export ZIPs and Data Loader or Bulk API CSVs of one Salesforce org.

    Example:
        >>> SalesforceFilesConfig(name="emea", path="exports/salesforce").mode.value
        'full'
    """

    type: Literal["salesforce_files"] = "salesforce_files"
    objects: dict[str, str] = Field(
        default_factory=dict,
        description="Object of files that cannot be recognised: a glob on the file's "
        "path, name or ZIP member, and the API name, such as {'crm_*.csv': Contact}.",
    )
    include: tuple[str, ...] = Field(
        default=(),
        description="API names of the only objects to load; all objects when empty.",
    )
    exclude: tuple[str, ...] = Field(
        default=(), description="API names of objects to leave out."
    )
    encoding: str | None = Field(
        default=None,
        description="Encoding of the CSV files, such as cp1252; found out per file "
        "when absent.",
    )

    @field_validator("objects")
    @classmethod
    def _objects_are_api_names(cls, value: dict[str, str]) -> dict[str, str]:
        for pattern, name in value.items():
            _check_api_name(name, f"objects[{pattern!r}]")
        return value

    @field_validator("include", "exclude")
    @classmethod
    def _listed_are_api_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            _check_api_name(name, "the list")
        return value

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                codecs.lookup(value)
            except LookupError:
                raise ValueError(
                    f"unknown encoding {value!r}; use a name such as utf-8, cp1252 or "
                    "iso-8859-1, or leave it out"
                ) from None
        return value

    def wants(self, object_name: str) -> bool:
        """Whether an object (landing name) is to be loaded."""
        included = {name.lower() for name in self.include}
        excluded = {name.lower() for name in self.exclude}
        return object_name not in excluded and (not included or object_name in included)


def _check_api_name(name: str, where: str) -> None:
    if not _API_NAME.match(name):
        raise ValueError(
            f"{name!r} in {where} is no API name; expected letters, digits and "
            "underscores, such as Contact or Invoice__c"
        )
