"""The way back out of quarantine: a file goes to a person, comes back, and is replayed.

The façade. Fixes are remembered by source record and field, applied again on every sync,
and give way to the source: one that contradicts a newer value there is shown, not applied.
"""

from __future__ import annotations

from hygiene.quarantine.annotate import annotate_quarantine, record_link
from hygiene.quarantine.fixes import (
    LINE,
    Fix,
    FixStatus,
    read_fixes,
    remember_fixes,
    write_statuses,
)
from hygiene.quarantine.fixit_file import (
    FixitReport,
    editable_fields,
    export_fixit,
    read_fixit,
)
from hygiene.quarantine.replay import apply_fixes

__all__ = [
    "LINE",
    "Fix",
    "FixStatus",
    "FixitReport",
    "annotate_quarantine",
    "apply_fixes",
    "editable_fields",
    "export_fixit",
    "read_fixes",
    "read_fixit",
    "record_link",
    "remember_fixes",
    "write_statuses",
]
