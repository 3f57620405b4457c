"""What a user configures for a Salesforce org that is read over its API.

Belongs here: the model and its validation. Secrets are handed in as values; where they
come from (environment, key store) is the caller's business.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from connectors.landing import SOURCE_NAME_PATTERN
from connectors.salesforce.reference import objects_read_by_default

# Accepted: "Account", "Invoice__c", "acme__Plan__c". Rejected: "Sales Order", "2Go".
_API_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")
_LOGIN_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")


class _Auth(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ClientCredentials(_Auth):
    """An external client app that runs as its configured user."""

    kind: Literal["client_credentials"] = "client_credentials"
    client_id: str = Field(min_length=1, description="Consumer key of the app.")
    client_secret: SecretStr = Field(description="Consumer secret of the app.")


class JwtBearer(_Auth):
    """A certificate: nothing secret is ever sent, only signed."""

    kind: Literal["jwt_bearer"] = "jwt_bearer"
    client_id: str = Field(min_length=1, description="Consumer key of the app.")
    username: str = Field(min_length=1, description="User as whom to read.")
    private_key: SecretStr = Field(description="Private RSA key, PEM text.")
    audience: str = Field(
        default="https://login.salesforce.com",
        description="https://test.salesforce.com for a sandbox org.",
    )


class RefreshToken(_Auth):
    """A refresh token from a login in the browser; rotated ones are kept in a file."""

    kind: Literal["refresh_token"] = "refresh_token"
    client_id: str = Field(min_length=1, description="Consumer key of the app.")
    client_secret: SecretStr | None = Field(
        default=None, description="Consumer secret, where the app demands it."
    )
    refresh_token: SecretStr = Field(description="The token of the first login.")


class AccessToken(_Auth):
    """A ready access token; it cannot be renewed."""

    kind: Literal["token"] = "token"
    access_token: SecretStr = Field(description="Session id or OAuth access token.")


Auth = Annotated[
    ClientCredentials | JwtBearer | RefreshToken | AccessToken,
    Field(discriminator="kind"),
]


class SalesforceApiConfig(BaseModel):
    """One Salesforce org, read over REST and Bulk API 2.0.

    Example:
        >>> config = SalesforceApiConfig(
        ...     name="crm", instance_url="https://acme.my.salesforce.com",
        ...     auth={"kind": "token", "access_token": "x"})
        >>> config.auth.kind, "Contact" in config.objects
        ('token', True)
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    type: Literal["salesforce_api"] = "salesforce_api"
    name: str = Field(pattern=SOURCE_NAME_PATTERN, description="Name of the source.")
    login_url: str | None = Field(
        default=None,
        description="Host of the token endpoint: the org's My Domain address.",
    )
    instance_url: str | None = Field(
        default=None,
        description="Base URL of the API; by default the one that the login names.",
    )
    auth: Auth = Field(description="How to log in.")
    api_version: str = Field(default="62.0", pattern=r"^\d{2,3}\.0$")
    objects: tuple[str, ...] = Field(
        default_factory=objects_read_by_default,
        min_length=1,
        description="API names of the objects to read, custom ones included.",
    )
    bulk_threshold: int = Field(
        default=2_000, ge=0, description="Records above which a Bulk job is used."
    )
    overlap_seconds: int = Field(
        default=900,
        ge=0,
        description="How far each run reads back before the last one, for records that "
        "were committed late.",
    )
    limit_share: float = Field(
        default=0.8,
        gt=0.0,
        le=1.0,
        description="Share of the org's daily API calls at which to stop.",
    )
    reconcile_every_days: float = Field(
        default=7.0, ge=0.0, description="How often to look for purged records."
    )
    formula_refresh_every_days: float = Field(
        default=1.0,
        ge=0.0,
        description="How often to read objects with formula fields in full, because "
        "formulas change without a trace.",
    )
    rest_page_size: int = Field(default=2_000, ge=200, le=2_000)
    bulk_page_size: int = Field(default=100_000, ge=1, le=1_000_000)
    bulk_timeout_minutes: float = Field(
        default=240.0, gt=0, description="How long to wait for one Bulk job."
    )
    allow_empty: bool = Field(
        default=False,
        description="Accept that an object is empty now although records are known.",
    )
    proxy: str | None = Field(default=None, description="Address of an HTTP proxy.")
    ca_file: str | None = Field(default=None, description="Private CA certificates.")

    @field_validator("objects")
    @classmethod
    def _objects_are_api_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not _API_NAME.match(name):
                raise ValueError(
                    f"{name!r} is no API name; expected letters, digits and "
                    "underscores, such as Contact or Invoice__c"
                )
        if len({name.lower() for name in value}) != len(value):
            raise ValueError("an object is listed twice")
        return value

    @field_validator("login_url", "instance_url")
    @classmethod
    def _urls_are_bases(cls, value: str | None) -> str | None:
        if value is not None and not re.match(r"^https?://[^/?#]+/?$", value):
            raise ValueError(
                "expected scheme and host, such as https://x.my.salesforce.com"
            )
        return value.rstrip("/") if value else value

    @model_validator(mode="after")
    def _hosts_fit_the_login(self) -> SalesforceApiConfig:
        if self.auth.kind == "token":
            if self.instance_url is None:
                raise ValueError("a ready token needs instance_url")
            return self
        if self.login_url is None:
            raise ValueError(f"{self.auth.kind} needs login_url")
        if self.auth.kind == "client_credentials" and self.login_url in _LOGIN_HOSTS:
            raise ValueError(
                "client_credentials works at the org's own address only; set login_url "
                "to https://<MyDomain>.my.salesforce.com"
            )
        return self
