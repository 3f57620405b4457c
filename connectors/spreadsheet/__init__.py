"""Spreadsheets: CSV, TSV, XLSX, XLS, XLSB, ODS and ZIPs of them, mapped and landed.

The façade; import from here.
"""

from connectors.spreadsheet.config import SpreadsheetConfig, TableConfig
from connectors.spreadsheet.extraction import (
    ensure_contracts,
    extract,
    inspect_source,
)
from connectors.spreadsheet.mapping import Suggestion
from connectors.spreadsheet.reference import (
    SOURCE_TYPE,
    SpreadsheetObject,
    declared_columns,
)
from connectors.spreadsheet.suggestion import MappingSuggestion, suggest_mapping

__all__ = [
    "SOURCE_TYPE",
    "MappingSuggestion",
    "SpreadsheetConfig",
    "SpreadsheetObject",
    "Suggestion",
    "TableConfig",
    "declared_columns",
    "ensure_contracts",
    "extract",
    "inspect_source",
    "suggest_mapping",
]
