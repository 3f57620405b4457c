"""Salesforce: an org's records, from exported files or over its API, as they are.

The façade; import from here. Object and column names are in `objects.yml`.
"""

from connectors.salesforce.api_config import SalesforceApiConfig
from connectors.salesforce.api_extraction import extract_api
from connectors.salesforce.check import check_api
from connectors.salesforce.config import SalesforceFilesConfig
from connectors.salesforce.extraction import ensure_contracts, extract
from connectors.salesforce.ids import SalesforceId, is_record_id, to_18
from connectors.salesforce.reference import SOURCE_TYPE, declared_columns

__all__ = [
    "SOURCE_TYPE",
    "SalesforceApiConfig",
    "SalesforceFilesConfig",
    "SalesforceId",
    "check_api",
    "declared_columns",
    "ensure_contracts",
    "extract",
    "extract_api",
    "is_record_id",
    "to_18",
]
