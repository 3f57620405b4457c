"""The sources that tidycrm.yml can name: a connector's options, and how it is operated.

The options belong to the connectors. What this module adds (tolerance, schedule,
retries) decides when a source is read and what happens when it is down, never what
lands: connectors never see it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, Field

from connectors.dlt_adapter import DltConfig
from connectors.google_sheets import GoogleSheetsConfig
from connectors.hubspot import HubspotApiConfig, HubspotFilesConfig
from connectors.rest import RestConfig
from connectors.salesforce import SalesforceApiConfig, SalesforceFilesConfig
from connectors.spreadsheet import SpreadsheetConfig
from orchestration.config.durations import Duration
from orchestration.config.sections import Cron


class Operated(BaseModel):
    """How any source is operated."""

    max_staleness: Duration | None = Field(
        default=None,
        description="How old the last good data of this source may be when it cannot be "
        "read: until then the others are published with it, marked stale; beyond it "
        "nothing is published. Default: 24h for live services, 0 for files.",
    )
    schedule: Cron | None = Field(
        default=None,
        description="Cron expression for extracting this source alone, beside the sync.",
    )
    retries: int = Field(
        default=3,
        ge=0,
        le=20,
        description="How often a failed extraction is tried again when that may help.",
    )
    retry_delay: Duration = Field(
        default=timedelta(seconds=30),
        description="Wait before the first retry; it doubles with each further one.",
    )
    owner: str | None = Field(
        default=None,
        min_length=1,
        description="Who is asked when this source fails: a team or a role, for alerts.",
    )

    @property
    def tolerance(self) -> timedelta:
        """How old the last good data may be, with the default of the kind of source."""
        if self.max_staleness is not None:
            return self.max_staleness
        return timedelta() if isinstance(self, FILE_SOURCES) else LIVE_TOLERANCE


class SalesforceFilesSource(SalesforceFilesConfig, Operated):
    """Exports of Salesforce."""


class SalesforceApiSource(SalesforceApiConfig, Operated):
    """A live Salesforce org."""


class HubspotFilesSource(HubspotFilesConfig, Operated):
    """Exports of HubSpot."""


class HubspotApiSource(HubspotApiConfig, Operated):
    """A live HubSpot account."""


class SpreadsheetSource(SpreadsheetConfig, Operated):
    """Spreadsheet files."""


class GoogleSheetsSource(GoogleSheetsConfig, Operated):
    """Live Google Sheets."""


class RestSource(RestConfig, Operated):
    """A small REST service."""


class DltSource(DltConfig, Operated):
    """Any dlt resource."""


SourceConfig = Annotated[
    SalesforceFilesSource
    | SalesforceApiSource
    | HubspotFilesSource
    | HubspotApiSource
    | SpreadsheetSource
    | GoogleSheetsSource
    | RestSource
    | DltSource,
    Field(discriminator="type"),
]

FILE_SOURCES = (SalesforceFilesSource, HubspotFilesSource, SpreadsheetSource)
"""A person put these files there and can repair them at once: no tolerance."""

LIVE_TOLERANCE = timedelta(hours=24)

VENDOR_OF_TYPE = {
    "salesforce_files": "salesforce",
    "salesforce_api": "salesforce",
    "hubspot_files": "hubspot",
    "hubspot_api": "hubspot",
    "spreadsheet": "spreadsheet",
    "google_sheets": "spreadsheet",
    # What these land as a spreadsheet's object joins the warehouse; the rest is kept.
    "rest": "spreadsheet",
    "dlt": "spreadsheet",
}
"""Landing source type (the vendor) of each `type` that a source can have."""


def connector_config(source: Any) -> Any:
    """The connector's own configuration: what it hashes must not depend on ours."""
    base: type[BaseModel] = type(source).__mro__[1]
    return base.model_construct(
        source.model_fields_set & set(base.model_fields),
        **{name: getattr(source, name) for name in base.model_fields},
    )
