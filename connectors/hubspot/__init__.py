"""HubSpot: exported files of a portal or its live API, landed as they are.

The façade; import from here. Properties are in `objects.yml`, labels in `labels/`, the
live API in `api/`.
"""

from connectors.hubspot.api import HubspotApiConfig, check_api, extract_api
from connectors.hubspot.config import HubspotFilesConfig
from connectors.hubspot.extraction import ensure_contracts, extract
from connectors.hubspot.labels import languages
from connectors.hubspot.reference import SOURCE_TYPE, declared_columns

__all__ = [
    "SOURCE_TYPE",
    "HubspotApiConfig",
    "HubspotFilesConfig",
    "check_api",
    "declared_columns",
    "ensure_contracts",
    "extract",
    "extract_api",
    "languages",
]
