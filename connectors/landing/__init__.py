"""Landing: raw records as received, append-only, written once and atomically.

The façade; import from here. `Landing` writes and reads, everything else is a value.
"""

from connectors.landing.capture import quote_identifier, row_hash_expression
from connectors.landing.cursors import Cursor
from connectors.landing.erasing import Rescreened, rescreen
from connectors.landing.model import (
    ColumnInfo,
    DeclaredDrift,
    DriftEvent,
    DriftKind,
    LoadCounts,
    LoadMode,
    LoadResult,
    Manifest,
    Progress,
    SnapshotBatch,
    SourceFile,
    SourceReport,
)
from connectors.landing.packing import Packed, pack_landing
from connectors.landing.receipts import (
    InputFingerprint,
    Receipt,
    fingerprint_file,
    fingerprint_text,
)
from connectors.landing.rewinding import Rewound, rewind
from connectors.landing.schema import (
    METADATA_SCHEMA,
    REJECTED_INPUT,
    REJECTED_SCHEMA,
    SOURCE_NAME_PATTERN,
    DeleteKind,
    TypeHint,
    check_source_name,
    slug_column,
    unique_names,
)
from connectors.landing.screening import Screen
from connectors.landing.store import Landing
from connectors.landing.suppression import Origin, Suppression, keyed_hash

__all__ = [
    "METADATA_SCHEMA",
    "REJECTED_INPUT",
    "REJECTED_SCHEMA",
    "SOURCE_NAME_PATTERN",
    "ColumnInfo",
    "Cursor",
    "DeclaredDrift",
    "DeleteKind",
    "DriftEvent",
    "DriftKind",
    "InputFingerprint",
    "Landing",
    "LoadCounts",
    "LoadMode",
    "LoadResult",
    "Manifest",
    "Origin",
    "Packed",
    "Progress",
    "Receipt",
    "Rescreened",
    "Rewound",
    "Screen",
    "SnapshotBatch",
    "SourceFile",
    "SourceReport",
    "Suppression",
    "TypeHint",
    "check_source_name",
    "fingerprint_file",
    "fingerprint_text",
    "keyed_hash",
    "pack_landing",
    "quote_identifier",
    "rescreen",
    "rewind",
    "row_hash_expression",
    "slug_column",
    "unique_names",
]
