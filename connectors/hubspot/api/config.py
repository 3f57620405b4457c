"""What a user configures for a live HubSpot portal.

Belongs here: the model, its defaults and validation. Paths are in `paths`.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Literal
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
from connectors.landing.suppression import HUBSPOT_ENGAGEMENTS

STANDARD_OBJECTS = (
    "contacts",
    "companies",
    "deals",
    "tickets",
    "leads",
    "line_items",
    "products",
    *HUBSPOT_ENGAGEMENTS,
)
Marketing = Literal["contact_lists", "email_campaigns", "email_events"]
MARKETING: tuple[Marketing, ...] = ("contact_lists", "email_campaigns", "email_events")
_OWNER = "hubspot_owner_id"
# Accepted: "contacts", "2-1234567", "p62515535_plans". Rejected: "my plans", "../x".
_OBJECT = re.compile(r"^[a-z0-9][a-z0-9_-]*$")
# Accepted: "2026-03". Rejected: "v3".
_VERSION = r"^\d{4}-\d{2}$"
_LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")


def default_history() -> dict[str, tuple[str, ...]]:
    """Give the properties whose history stage changes and survivorship need.

    Of people and companies, those whose value survives by when it changed, and the company
    of a person: changes of it are changes of job.
    """
    return {
        "contacts": ("lifecyclestage", _OWNER, "jobtitle", "associatedcompanyid"),
        "companies": ("lifecyclestage", _OWNER, "numberofemployees", "annualrevenue"),
        "deals": ("dealstage", "amount", "closedate", _OWNER),
        "tickets": ("hs_pipeline_stage", _OWNER),
        "leads": ("hs_pipeline_stage", _OWNER),
    }


def default_associations() -> dict[str, tuple[str, ...]]:
    """Give the pairs that the warehouse reads."""
    engaged = dict.fromkeys(
        HUBSPOT_ENGAGEMENTS, ("contacts", "companies", "deals", "tickets")
    )
    return {
        "contacts": ("companies",),
        "deals": ("companies", "contacts", "line_items"),
        "tickets": ("companies", "contacts", "deals"),
        "leads": ("contacts", "companies"),
        **engaged,
    }


class HubspotApiConfig(BaseModel):
    """One HubSpot portal, read through its API.

    Example:
        >>> HubspotApiConfig(name="portal", access_token="pat-x").api_version
        '2026-03'
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    type: Literal["hubspot_api"] = "hubspot_api"
    name: str = Field(
        pattern=SOURCE_NAME_PATTERN,
        description="Name of this source: lower-case letters, digits and underscores.",
    )
    access_token: SecretStr = Field(
        description="A service key, or the token of an existing private app."
    )
    base_url: str = Field(
        default="https://api.hubapi.com",
        description="Address of the API; another one for a proxy or the sandbox.",
    )
    api_profile: Literal["dated", "v3"] = Field(
        default="dated",
        description="dated: the paths that HubSpot supports from 2026 on. v3: the older "
        "ones (v4 for associations), unsupported from 2027.",
    )
    api_version: str = Field(
        default="2026-03",
        pattern=_VERSION,
        description="Version in dated paths; each is supported for 18 months.",
    )
    objects: tuple[str, ...] = Field(
        default=STANDARD_OBJECTS,
        min_length=1,
        description="Objects to read, by plural name; custom ones by object type id or "
        "full name.",
    )
    custom_objects: bool = Field(
        default=True, description="Whether to find custom objects and read them too."
    )
    associations: dict[str, tuple[str, ...]] = Field(
        default_factory=default_associations,
        description="Pairs of objects whose associations are read: {from: [to, ...]}; "
        "those of custom objects that are found come by themselves.",
    )
    history_properties: dict[str, tuple[str, ...]] = Field(
        default_factory=default_history,
        description="Properties whose history is read, per object. Calculated ones have "
        "none: they always look changed.",
    )
    marketing: tuple[Marketing, ...] = Field(
        default=MARKETING,
        description="What to read of marketing: lists of contacts with their members, "
        "campaigns of marketing e-mail, and what happened to each mail.",
    )
    email_events_since: date | None = Field(
        default=None,
        description="First day (UTC) whose e-mail events are read; from the beginning "
        "when it is not given. A large portal has millions; figures per contact, list "
        "and campaign count from that day on.",
    )
    overlap_seconds: int = Field(
        default=600,
        ge=0,
        le=86_400,
        description="How far each sync looks back before the newest change it has seen. "
        "Search lags behind changes by moments, so that a later change can show first.",
    )
    full_refresh_every_days: float = Field(
        default=7.0,
        ge=0.0,
        description="How often every record is listed again, to notice records that "
        "vanished without a trace; 0 at each sync.",
    )
    portion_records: int = Field(
        default=50_000,
        ge=1,
        description="Records after which a list of every record, or of the associations "
        "of every record, is landed, so that an interrupted one goes on from there.",
    )
    associations_refresh_every_hours: float = Field(
        default=24.0,
        ge=0.0,
        description="How often the associations of every record are read again, since "
        "changing one touches no record; 0 at each sync. Those of changed records are "
        "read at every sync.",
    )
    archived: bool = Field(
        default=True, description="Whether to list the recycle bin at each sync."
    )
    allow_empty: bool = Field(
        default=False,
        description="Accept that an object has no records any more; it marks all of "
        "them as deleted.",
    )
    calls_per_10_seconds: int = Field(
        default=90, ge=1, description="Speed limit; HubSpot's smallest plans allow 100."
    )
    searches_per_second: int = Field(
        default=4, ge=1, description="Speed limit of searches; HubSpot allows 5."
    )
    daily_limit_share: float = Field(
        default=0.9,
        gt=0.0,
        le=1.0,
        description="Share of the account's daily calls after which a sync stops and "
        "goes on the next time.",
    )
    association_batch: int = Field(
        default=1_000, ge=1, le=1_000, description="Records per call of associations."
    )
    max_url_chars: int = Field(
        default=8_000,
        ge=500,
        description="Length up to which properties are named in the address; beyond it "
        "they are asked for in a body, which takes a second call per page.",
    )
    timeout_seconds: float = Field(default=60.0, gt=0.0)
    synced_salesforce: str | None = Field(
        default=None,
        pattern=SOURCE_NAME_PATTERN,
        description="Name of the Salesforce source that this portal syncs with, where "
        "several are configured.",
    )

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

    @field_validator("access_token")
    @classmethod
    def _is_given(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if not text or not text.isascii() or not text.isprintable() or " " in text:
            raise ValueError(
                "the token is empty, or has blanks or other characters that no key has; "
                "paste it again"
            )
        return value

    @field_validator("objects")
    @classmethod
    def _objects_are_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not _OBJECT.match(name):
                raise ValueError(f"{name!r} is no object name; use names like contacts")
        return tuple(dict.fromkeys(value))

    @model_validator(mode="after")
    def _pairs_are_names(self) -> HubspotApiConfig:
        for left, rights in self.associations.items():
            for name in (left, *rights):
                if not _OBJECT.match(name):
                    raise ValueError(f"associations: {name!r} is no object name")
        return self

    @property
    def overlap(self) -> timedelta:
        """How far each sync looks back."""
        return timedelta(seconds=self.overlap_seconds)
