"""Exports: tables of the published file as files for other tools.

The façade; import from here. `exporting` is the one way out: it decides what leaves and
in which form; `formats` writes Parquet, CSV and Hyper; `workbook` writes the XLSX report.
"""

from orchestration.exports.exporting import (
    REPORT_TABLES,
    ExportKind,
    ExportReport,
    Restriction,
    export_tables,
    published_tables,
)

__all__ = [
    "REPORT_TABLES",
    "ExportKind",
    "ExportReport",
    "Restriction",
    "export_tables",
    "published_tables",
]
