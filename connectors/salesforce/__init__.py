"""Salesforce: exported files of an org, landed as they are.

The façade; import from here. Object and column names are in `objects.yml`.
"""

from connectors.salesforce.config import SalesforceFilesConfig
from connectors.salesforce.extraction import ensure_contracts, extract
from connectors.salesforce.ids import SalesforceId, is_record_id, to_18
from connectors.salesforce.reference import SOURCE_TYPE, declared_columns

__all__ = [
    "SOURCE_TYPE",
    "SalesforceFilesConfig",
    "SalesforceId",
    "declared_columns",
    "ensure_contracts",
    "extract",
    "is_record_id",
    "to_18",
]
