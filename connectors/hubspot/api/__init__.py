"""HubSpot's CRM API as a source: synced incrementally, archived and merged records too.

The façade; import from here. `extraction` orders the work, `records` reads one object,
`links` the associations, `catalogue` what records refer to.
"""

from connectors.hubspot.api.check import check_api
from connectors.hubspot.api.config import HubspotApiConfig
from connectors.hubspot.api.extraction import extract_api

__all__ = ["HubspotApiConfig", "check_api", "extract_api"]
