"""Receipts: the inputs that a source showed last time, so that the same are not re-read.

Belongs here: fingerprints of files and the receipt file per source. A receipt is only a
short cut: when it is lost, everything is read again and nothing new lands.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from connectors.landing.atomic import write_json

_RECEIPTS = "_receipts"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class InputFingerprint:
    """Identity of one input file by content."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a source looked like when it was last read in full.

    `settings` is a fingerprint of everything besides the files that decides what lands:
    the configuration of the source and the version of its reader.
    """

    source_type: str
    source_name: str
    settings: str
    inputs: tuple[InputFingerprint, ...]
    synced_at: datetime
    rows: dict[str, int] = field(default_factory=dict)

    def matches(self, inputs: Sequence[InputFingerprint], settings: str) -> bool:
        """Whether the same files are there under the same settings."""
        return settings == self.settings and sorted(inputs) == sorted(self.inputs)


def fingerprint_file(path: Path) -> InputFingerprint:
    """Hash one file in blocks."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return InputFingerprint(name=path.name, sha256=digest, bytes=path.stat().st_size)


def fingerprint_text(text: str) -> str:
    """Hash settings, given as canonical text (for example a model's sorted JSON)."""
    return hashlib.sha256(text.encode()).hexdigest()


def receipt_path(root: Path, source_type: str, source_name: str) -> Path:
    """Where the receipt of a source lies."""
    return root / _RECEIPTS / source_type / f"{source_name}.json"


def read_receipt(root: Path, source_type: str, source_name: str) -> Receipt | None:
    """Read a receipt; an absent or unreadable one only means that files are re-read."""
    try:
        document = json.loads(
            receipt_path(root, source_type, source_name).read_text(encoding="utf-8")
        )
        return Receipt(
            source_type=document["source_type"],
            source_name=document["source_name"],
            settings=document["settings"],
            inputs=tuple(InputFingerprint(**item) for item in document["inputs"]),
            synced_at=datetime.fromisoformat(document["synced_at"]),
            rows=document["rows"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_receipt(root: Path, receipt: Receipt) -> None:
    """Replace the receipt of a source."""
    document = asdict(receipt)
    document["synced_at"] = receipt.synced_at.isoformat()
    write_json(receipt_path(root, receipt.source_type, receipt.source_name), document)
