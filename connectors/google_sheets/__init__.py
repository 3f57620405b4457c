"""Google Sheets, read through the API with a service account, landed as spreadsheets.

The façade; import from here.
"""

from connectors.google_sheets.check import check
from connectors.google_sheets.config import GoogleSheetsConfig, GoogleTableConfig
from connectors.google_sheets.extraction import extract
from connectors.mapped_tables import SOURCE_TYPE, declared_columns, ensure_contracts

__all__ = [
    "SOURCE_TYPE",
    "GoogleSheetsConfig",
    "GoogleTableConfig",
    "check",
    "declared_columns",
    "ensure_contracts",
    "extract",
]
