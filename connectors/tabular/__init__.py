"""Tables as people export them, read as raw text with every oddity named.

The façade; import from here. Text files: `read_delimited`. Workbooks: `read_workbook`,
`list_sheets`. Cells from elsewhere: `read_grid`. ZIPs: `open_archive_members`.
"""

from connectors.tabular.archive import FileKind, detect_kind, open_archive_members
from connectors.tabular.delimited import read_delimited
from connectors.tabular.finish import reject_damaged_ids, reject_rows
from connectors.tabular.grid import Grid, read_grid
from connectors.tabular.header import Merge, name_columns
from connectors.tabular.model import (
    LINE,
    ArchiveLimits,
    ArchiveMember,
    Header,
    HeaderColumn,
    Note,
    NoteCode,
    ReadOptions,
    RejectReason,
    SheetInfo,
    TableRead,
)
from connectors.tabular.workbook import list_sheets, read_workbook

__all__ = [
    "LINE",
    "ArchiveLimits",
    "ArchiveMember",
    "FileKind",
    "Grid",
    "Header",
    "HeaderColumn",
    "Merge",
    "Note",
    "NoteCode",
    "ReadOptions",
    "RejectReason",
    "SheetInfo",
    "TableRead",
    "detect_kind",
    "list_sheets",
    "name_columns",
    "open_archive_members",
    "read_delimited",
    "read_grid",
    "read_workbook",
    "reject_damaged_ids",
    "reject_rows",
]
