"""Folders of exported files as a sequence of snapshots, for every CRM connector.

The façade; import from here. A vendor's connector asks which files are there and which
snapshots are news, reads those, and hands them over to land.
"""

from connectors.snapshots.config import SnapshotFilesConfig
from connectors.snapshots.discovery import (
    InputFile,
    Listing,
    Snapshot,
    find_snapshots,
    natural_key,
)
from connectors.snapshots.extraction import (
    FileDone,
    PreparedObject,
    PreparedSnapshot,
    extract_snapshots,
)
from connectors.snapshots.parts import BAD_RECORD_ID, ObjectParts
from connectors.snapshots.pieces import Piece, count_members, is_zip, open_pieces
from connectors.snapshots.planning import SnapshotPlan, plan_snapshots
from connectors.snapshots.versions import SUPERSEDED, resolve_versions

__all__ = [
    "BAD_RECORD_ID",
    "SUPERSEDED",
    "FileDone",
    "InputFile",
    "Listing",
    "ObjectParts",
    "Piece",
    "PreparedObject",
    "PreparedSnapshot",
    "Snapshot",
    "SnapshotFilesConfig",
    "SnapshotPlan",
    "count_members",
    "extract_snapshots",
    "find_snapshots",
    "is_zip",
    "natural_key",
    "open_pieces",
    "plan_snapshots",
    "resolve_versions",
]
