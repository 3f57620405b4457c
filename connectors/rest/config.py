"""What describes a REST service: addresses, pages, fields.

Belongs here: the models and their validation.
"""

from __future__ import annotations

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from connectors.landing import SOURCE_NAME_PATTERN
from connectors.mapped_tables import SpreadsheetObject, declared_columns

_LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")


class Pagination(BaseModel):
    """How a list goes on.

    Example:
        >>> Pagination(kind="cursor", cursor_path="paging.next").cursor_param
        'cursor'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["none", "page", "offset", "cursor", "link"] = Field(
        default="none",
        description="page: a number that counts up. offset: records to skip. cursor: a "
        "text in each answer that asks for the next. link: the header Link, rel=next.",
    )
    page_param: str = "page"
    first_page: int = 1
    offset_param: str = "offset"
    cursor_param: str = "cursor"
    cursor_path: str = Field(
        default="next_cursor", description="Where an answer holds the next cursor."
    )
    size_param: str | None = Field(
        default=None, description="Such as limit or per_page."
    )
    page_size: int = Field(default=100, ge=1)


class RestObject(BaseModel):
    """One list of records.

    Example:
        >>> RestObject(name="tickets", path="/tickets").id_field
        'id'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=SOURCE_NAME_PATTERN, description="Name of the object.")
    path: str = Field(min_length=1, description="Path below base_url.")
    params: dict[str, str] = Field(default_factory=dict)
    records: str = Field(
        default="",
        description="Dotted path to the records; blank when the answer is a list.",
    )
    id_field: str = Field(default="id", description="Dotted path to a record's id.")
    fields: dict[str, str] = Field(
        default_factory=dict,
        description="Column to dotted path; every field under its own name when absent.",
    )
    land_as: SpreadsheetObject | None = Field(
        default=None,
        description="contacts, companies, deals, orders, invoices, subscriptions, tickets "
        "or surveys: the warehouse then takes the records in. `fields` maps their columns.",
    )
    pagination: Pagination = Field(default_factory=Pagination)
    cursor_field: str | None = Field(
        default=None, description="Dotted path to the time of a record's last change."
    )
    since_param: str | None = Field(
        default=None, description="Parameter that asks for changes since a time."
    )
    overlap_seconds: int = Field(default=300, ge=0)
    full_every_days: float = Field(
        default=7.0,
        ge=0.0,
        description="How often everything is read, to notice records that vanished.",
    )
    allow_empty: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.cursor_field is None) != (self.since_param is None):
            raise ValueError("cursor_field and since_param go together")
        if self.land_as is not None:
            known = declared_columns()[self.land_as.value]
            unknown = sorted(set(self.fields) - set(known))
            if unknown or not self.fields:
                raise ValueError(
                    f"land_as {self.land_as.value} needs `fields` with its columns "
                    f"({', '.join(known)}); unknown: {', '.join(unknown) or 'none'}"
                )
        return self


class RestConfig(BaseModel):
    """One REST service."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    type: Literal["rest"] = "rest"
    name: str = Field(pattern=SOURCE_NAME_PATTERN, description="Name of this source.")
    base_url: str = Field(description="Address that paths are below.")
    token: SecretStr | None = Field(default=None, description="Key or token.")
    auth_header: str = "Authorization"
    auth_prefix: str = "Bearer "
    objects: tuple[RestObject, ...] = Field(min_length=1)
    calls_per_minute: int = Field(default=300, ge=1)
    max_pages: int = Field(
        default=100_000, ge=1, description="Guard against endless lists."
    )
    timeout_seconds: float = Field(default=60.0, gt=0.0)

    @field_validator("base_url")
    @classmethod
    def _is_safe(cls, value: str) -> str:
        parts = urlsplit(value)
        is_local = parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS
        if (parts.scheme != "https" and not is_local) or not parts.hostname:
            raise ValueError(
                "the address must start with https:// (http:// only for this machine), "
                "because the token travels with every call"
            )
        return value.rstrip("/")

    @model_validator(mode="after")
    def _objects_differ(self) -> Self:
        names = [(each.land_as or each.name) for each in self.objects]
        if len(set(names)) < len(names):
            raise ValueError("two objects would land in the same place; rename one")
        return self
