"""HubSpot: exported files of a portal, landed as they are.

The façade; import from here. Properties are in `objects.yml`, labels in `labels/`.
"""

from connectors.hubspot.config import HubspotFilesConfig
from connectors.hubspot.extraction import ensure_contracts, extract
from connectors.hubspot.labels import languages
from connectors.hubspot.reference import SOURCE_TYPE, declared_columns

__all__ = [
    "SOURCE_TYPE",
    "HubspotFilesConfig",
    "declared_columns",
    "ensure_contracts",
    "extract",
    "languages",
]
