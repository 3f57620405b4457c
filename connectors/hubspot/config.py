"""What a user configures for a folder of HubSpot exports.

Belongs here: the model and its validation. Nothing but reference data is read.
"""

from __future__ import annotations

import re
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from connectors.hubspot.header import AUTO
from connectors.hubspot.labels import languages
from connectors.landing import SOURCE_NAME_PATTERN
from connectors.snapshots import SnapshotFilesConfig

# Accepted: "contacts", "p123_subscription". Rejected: "Contacts", "my plans".
_PROPERTY_NAME = re.compile(r"^[a-z][a-z0-9_]*$")


class HubspotFilesConfig(SnapshotFilesConfig):
    """CSV, XLSX and ZIP exports of one HubSpot portal.

    Example:
        >>> HubspotFilesConfig(name="portal", path="exports/hubspot").language
        'auto'
    """

    type: Literal["hubspot_files"] = "hubspot_files"
    language: str = Field(
        default=AUTO,
        description="Language of the column labels (en, de, es, fr, ja, nl, pt, sv), or "
        "auto to find it per file.",
    )
    timezone: str | None = Field(
        default=None,
        description="IANA time zone of the portal. Exported times carry no offset; they "
        "land as received, with this zone beside them.",
    )
    objects: dict[str, str] = Field(
        default_factory=dict,
        description="Object of files that cannot be recognised, custom objects above "
        "all: a glob on the file's path, name or ZIP member, and the object, such as "
        "{'*plans*': plans}.",
    )
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="Property of labels that are unknown or ambiguous: {label: property "
        "name}; `label#2` is the second column of that label.",
    )
    synced_salesforce: str | None = Field(
        default=None,
        pattern=SOURCE_NAME_PATTERN,
        description="Name of the Salesforce source that this portal syncs with, where "
        "several are configured.",
    )
    encoding: str | None = Field(
        default=None,
        description="Encoding of the CSV files; found out per file when absent.",
    )

    @field_validator("language")
    @classmethod
    def _language_is_known(cls, value: str) -> str:
        if value not in (AUTO, *languages()):
            raise ValueError(
                f"{value!r} has no label file; use {AUTO} or one of "
                f"{', '.join(languages())}. Exports with internal names need none"
            )
        return value

    @field_validator("timezone")
    @classmethod
    def _timezone_is_known(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (ZoneInfoNotFoundError, ValueError):
                raise ValueError(
                    f"{value!r} is no IANA time zone; use a name such as Europe/Berlin"
                ) from None
        return value

    @field_validator("objects", "columns")
    @classmethod
    def _names_are_internal(cls, value: dict[str, str]) -> dict[str, str]:
        for key, name in value.items():
            if not _PROPERTY_NAME.match(name):
                raise ValueError(
                    f"{name!r} for {key!r} is no internal name; expected lower-case "
                    "letters, digits and underscores, as HubSpot's settings show it"
                )
        return value
