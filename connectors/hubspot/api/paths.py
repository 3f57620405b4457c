"""Where HubSpot keeps what: dated paths, and v3 (v4 for associations).

Belongs here: the templates of both profiles, and which property tells when a record of
an object changed.
"""

from __future__ import annotations

from connectors.hubspot.api.config import HubspotApiConfig


class Paths:
    """Paths of one profile.

    Example:
        >>> from connectors.hubspot.api.config import HubspotApiConfig
        >>> config = HubspotApiConfig(name="hs", access_token="x")
        >>> Paths(config).search("deals")
        '/crm/objects/2026-03/deals/search'
    """

    def __init__(self, config: HubspotApiConfig) -> None:
        self._is_dated = config.api_profile == "dated"
        self._version = config.api_version

    def records(self, name: str) -> str:
        """List records; also the stem of search and batch."""
        if self._is_dated:
            return f"/crm/objects/{self._version}/{name}"
        return f"/crm/v3/objects/{name}"

    def search(self, name: str) -> str:
        """Search records."""
        return f"{self.records(name)}/search"

    def batch_read(self, name: str) -> str:
        """Read records by id."""
        return f"{self.records(name)}/batch/read"

    def record(self, name: str, record_id: str) -> str:
        """Read one record."""
        return f"{self.records(name)}/{record_id}"

    def properties(self, name: str) -> str:
        """List the properties of an object."""
        return self._area("properties", name)

    def pipelines(self, name: str) -> str:
        """List the pipelines of an object."""
        return self._area("pipelines", name)

    def owners(self) -> str:
        """List owners."""
        if self._is_dated:
            return f"/crm/owners/{self._version}"
        return "/crm/v3/owners/"

    def schemas(self) -> str:
        """List custom objects."""
        if self._is_dated:
            return f"/crm/object-schemas/{self._version}/schemas"
        return "/crm/v3/schemas"

    def account(self) -> str:
        """Describe the account."""
        if self._is_dated:
            return f"/account-info/{self._version}/details"
        return "/account-info/v3/details"

    def associations(self, left: str, right: str) -> str:
        """Read associations of many records."""
        if self._is_dated:
            return f"/crm/associations/{self._version}/{left}/{right}/batch/read"
        return f"/crm/v4/associations/{left}/{right}/batch/read"

    def lists(self) -> str:
        """Search lists, which lists them all."""
        return f"{self._lists}/search"

    def list_members(self, list_id: str) -> str:
        """List who is on a list, in the order of joining it."""
        return f"{self._lists}/{list_id}/memberships/join-order"

    def email_campaigns(self, campaign: str = "") -> str:
        """List campaigns of marketing e-mail; `by-id` all of them, or read one.

        HubSpot has these and the events under this address only, in either profile.
        """
        return f"/email/public/v1/campaigns/{campaign}".rstrip("/")

    def email_events(self) -> str:
        """List what happened to marketing e-mail."""
        return "/email/public/v1/events"

    @property
    def _lists(self) -> str:
        return f"/crm/lists/{self._version}" if self._is_dated else "/crm/v3/lists"

    def _area(self, area: str, name: str) -> str:
        if self._is_dated:
            return f"/crm/{area}/{self._version}/{name}"
        return f"/crm/v3/{area}/{name}"


def modified_property(name: str) -> str:
    """Name the property that moves when a record changes.

    Contacts have `hs_lastmodifieddate` too, which is a different thing.
    """
    return "lastmodifieddate" if name == "contacts" else "hs_lastmodifieddate"
