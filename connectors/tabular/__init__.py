"""Tables as people export them, read as raw text with every oddity named.

The façade; import from here. Text files: `read_delimited`. Workbooks: `read_workbook`,
`list_sheets`. ZIPs: `open_archive_members`. Any of them by content: `read_tables`.
"""

from connectors.tabular.delimited import read_delimited
from connectors.tabular.finish import reject_damaged_ids, reject_rows
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

__all__ = [
    "LINE",
    "ArchiveLimits",
    "ArchiveMember",
    "Header",
    "HeaderColumn",
    "Note",
    "NoteCode",
    "ReadOptions",
    "RejectReason",
    "SheetInfo",
    "TableRead",
    "read_delimited",
    "reject_damaged_ids",
    "reject_rows",
]
