"""Which snapshots of a listing are news, so that state only ever moves forward.

Belongs here: the comparison of a listing with the receipt and the manifests. Reading an
older export after a newer one would bring old values back; that never happens silently.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from connectors.landing import InputFingerprint, Landing
from connectors.snapshots.discovery import Listing, Snapshot, natural_key


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotPlan:
    """What to read, in order; `is_unchanged` means the receipt knows everything."""

    to_read: tuple[Snapshot, ...]
    is_unchanged: bool = False
    warnings: tuple[str, ...] = ()


def plan_snapshots(
    listing: Listing,
    landing: Landing,
    *,
    source_type: str,
    source_name: str,
    settings: str,
) -> SnapshotPlan:
    """Choose the snapshots to read.

    The newest directory that was ever read is the watermark: later ones are read, it is
    read again when it changed, earlier ones never.

    Args:
        listing: What lies below the configured path now.
        landing: Landing zone of the source.
        source_type: Folder of the source type.
        source_name: Name of the source.
        settings: Fingerprint of everything else that decides what lands.
    """
    receipt = landing.receipt(source_type, source_name)
    if receipt is not None and receipt.matches(listing.fingerprints, settings):
        return SnapshotPlan(to_read=(), is_unchanged=True)
    seen = set(receipt.inputs) if receipt is not None else set()
    is_same_setting = receipt is not None and receipt.settings == settings
    for manifest in landing.manifests(source_type, source_name=source_name):
        seen |= {
            InputFingerprint(name=file.name, sha256=file.sha256, bytes=file.bytes)
            for file in manifest.files
        }
    known = {_directory(fingerprint) for fingerprint in seen}
    if not known:
        return SnapshotPlan(to_read=listing.snapshots)
    watermark = max(known, key=lambda name: (natural_key(name), name))
    to_read, warnings = [], []
    for snapshot in listing.snapshots:
        order = (natural_key(snapshot.directory), snapshot.directory)
        is_seen = all(file.fingerprint in seen for file in snapshot.files)
        if order >= (natural_key(watermark), watermark):
            if not (is_seen and is_same_setting):
                to_read.append(snapshot)
        elif not is_seen:
            warnings.append(
                f"folder {snapshot.directory!r} ({len(snapshot.files)} files) was "
                f"skipped: it sorts before {watermark!r}, which has been read already, "
                "and reading it now would bring older values back. To load it, give it "
                "a name that sorts later or configure it as a source of its own"
            )
    return SnapshotPlan(to_read=tuple(to_read), warnings=tuple(warnings))


def _directory(fingerprint: InputFingerprint) -> str:
    return str(PurePosixPath(fingerprint.name).parent)
