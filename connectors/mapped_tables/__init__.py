"""Tables that people keep by hand: columns mapped, rows identified, one snapshot each.

The façade; import from here. Where a table comes from (a file, an online sheet) is the
connector's; whatever it is, it lands as source type `spreadsheet` in the same shape.
"""

from connectors.mapped_tables.mapping import (
    MappedBy,
    Suggestion,
    TableMapping,
    map_columns,
)
from connectors.mapped_tables.preparing import FoundTable, ReadyTable, prepare_table
from connectors.mapped_tables.reference import (
    SOURCE_TYPE,
    SpreadsheetObject,
    declared_columns,
)
from connectors.mapped_tables.settings import TableSettings, check_modes_agree
from connectors.mapped_tables.snapshot import (
    check_rows,
    ensure_contracts,
    make_batches,
    notes_of,
    warnings_of,
)

__all__ = [
    "SOURCE_TYPE",
    "FoundTable",
    "MappedBy",
    "ReadyTable",
    "SpreadsheetObject",
    "Suggestion",
    "TableMapping",
    "TableSettings",
    "check_modes_agree",
    "check_rows",
    "declared_columns",
    "ensure_contracts",
    "make_batches",
    "map_columns",
    "notes_of",
    "prepare_table",
    "warnings_of",
]
