"""What a user configures for Google Sheets.

Belongs here: the models and their validation, the key file included. Nothing is called.
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from connectors.landing import SOURCE_NAME_PATTERN, fingerprint_text
from connectors.mapped_tables import TableSettings, check_modes_agree

_LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")
_KEY_PARTS = ("client_email", "private_key", "token_uri")
# Accepted: "https://docs.google.com/spreadsheets/d/1AbC_d-9/edit#gid=0" gives "1AbC_d-9".
_LINK = re.compile(r"/(?:spreadsheets(?:/u/\d+)?/d|folders)/([A-Za-z0-9_-]+)")
# Accepted: "1AbC_d-9". Rejected: "My sheet", "../x".
_ID = re.compile(r"^[A-Za-z0-9_-]+$")


class GoogleTableConfig(TableSettings):
    """One kind of table in one spreadsheet, or in every spreadsheet of a folder.

    Example:
        >>> GoogleTableConfig(spreadsheet_id="1AbC", object="orders").sheet is None
        True
    """

    spreadsheet_id: str | None = Field(
        default=None, description="Id or link of a spreadsheet."
    )
    folder_id: str | None = Field(
        default=None,
        description="Id or link of a Drive folder; every Google Sheet directly in it is "
        "read. All of them together are one snapshot.",
    )
    range: str | None = Field(
        default=None,
        min_length=1,
        description="Named range, range such as Orders!A3:G, or sheet title; the whole "
        "sheet when absent.",
    )
    optional: bool = Field(
        default=False, description="Whether the folder may hold no sheet."
    )

    @field_validator("spreadsheet_id", "folder_id")
    @classmethod
    def _links_become_ids(cls, value: str | None) -> str | None:
        if value is None:
            return None
        link = _LINK.search(value)
        found = link.group(1) if link else value.strip()
        if not _ID.match(found):
            raise ValueError(
                f"{value!r} is neither an id nor a link; copy the address of the "
                "spreadsheet or folder from the browser"
            )
        return found

    @model_validator(mode="after")
    def _has_one_place(self) -> Self:
        if (self.spreadsheet_id is None) == (self.folder_id is None):
            raise ValueError("give either spreadsheet_id or folder_id, and only one")
        return self


class GoogleSheetsConfig(BaseModel):
    """A set of tables in Google Sheets that together are one source."""

    # A mistake in the key must not show the key.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    type: Literal["google_sheets"] = "google_sheets"
    name: str = Field(
        pattern=SOURCE_NAME_PATTERN,
        description="Name of this source: lower-case letters, digits and underscores.",
    )
    service_account_key: SecretStr = Field(
        description="Content of the service account's JSON key file."
    )
    tables: tuple[GoogleTableConfig, ...] = Field(
        min_length=1,
        description="The tables; those of the same object are merged into one snapshot.",
    )
    base_url: str = Field(
        default="https://sheets.googleapis.com",
        description="Address of the Sheets API; another one for a proxy or a sandbox.",
    )
    drive_url: str = Field(
        default="https://www.googleapis.com",
        description="Address of the Drive API, for folders.",
    )
    token_url: str | None = Field(
        default=None,
        description="Where tokens are given out; as in the key when absent.",
    )
    calls_per_minute: int = Field(
        default=50, ge=1, description="Speed limit; Google allows 60 reads per user."
    )
    cells_per_call: int = Field(
        default=200_000, ge=1, le=1_000_000, description="Cells asked for at a time."
    )
    timeout_seconds: float = Field(default=120.0, gt=0.0)

    @field_validator("base_url", "drive_url", "token_url")
    @classmethod
    def _is_safe(cls, value: str | None) -> str | None:
        return None if value is None else _checked_url(value)

    @field_validator("service_account_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        key = _parse(value)
        missing = [name for name in _KEY_PARTS if not isinstance(key.get(name), str)]
        if key.get("type") != "service_account" or missing:
            raise ValueError(
                "this is not the JSON key of a service account: expected type "
                f"service_account with {', '.join(_KEY_PARTS)}. Create a key under IAM > "
                "Service accounts > Keys, and give the whole content of the file"
            )
        _checked_url(key["token_uri"])
        return value

    @model_validator(mode="after")
    def _modes_agree(self) -> Self:
        check_modes_agree(self.tables)
        return self

    @property
    def client_email(self) -> str:
        """Address of the service account: what spreadsheets are shared with."""
        return str(_parse(self.service_account_key)["client_email"])

    def key(self) -> dict[str, Any]:
        """Give the parsed key; it is a secret."""
        return _parse(self.service_account_key)

    def settings_fingerprint(self, reader_version: int) -> str:
        """Hash everything except names and places that decides what lands."""
        places = {"spreadsheet_id", "folder_id", "optional"}
        tables = [table.model_dump_json(exclude=places) for table in self.tables]
        return fingerprint_text(f"{reader_version} {' '.join(tables)}")


def _parse(value: SecretStr) -> dict[str, Any]:
    try:
        document = json.loads(value.get_secret_value())
    except ValueError:
        document = None
    return document if isinstance(document, dict) else {}


def _checked_url(value: str) -> str:
    parts = urlsplit(value)
    is_local = parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS
    if (parts.scheme != "https" and not is_local) or not parts.hostname:
        raise ValueError(
            "the address must start with https:// (http:// only for this machine), "
            "because credentials travel with every call"
        )
    return value.rstrip("/")
