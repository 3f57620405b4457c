"""Spreadsheets: CSV, TSV, XLSX, XLS, XLSB, ODS and ZIPs of them, mapped and landed.

The façade; import from here.
"""

from connectors.mapped_tables import (
    SOURCE_TYPE,
    SpreadsheetObject,
    Suggestion,
    declared_columns,
    ensure_contracts,
)
from connectors.spreadsheet.config import SpreadsheetConfig, TableConfig
from connectors.spreadsheet.extraction import extract, inspect_source
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
