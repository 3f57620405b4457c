"""Tables as people export them, read as raw text with every oddity named.

The façade; import from here. Text files: `read_delimited`. Workbooks: `read_workbook`,
`list_sheets`. ZIPs: `open_archive_members`. Any of them by content: `read_tables`.
"""

from connectors.tabular.archive import FileKind, detect_kind, open_archive_members
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
from connectors.tabular.workbook import list_sheets, read_workbook

__all__ = [
    "LINE",
    "ArchiveLimits",
    "ArchiveMember",
    "FileKind",
    "Header",
    "HeaderColumn",
    "Note",
    "NoteCode",
    "ReadOptions",
    "RejectReason",
    "SheetInfo",
    "TableRead",
    "detect_kind",
    "list_sheets",
    "open_archive_members",
    "read_delimited",
    "read_workbook",
    "reject_damaged_ids",
    "reject_rows",
]
