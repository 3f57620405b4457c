"""Versioned reference data as files, and the one way to open them.

Each file opens with a comment that states its source, licence and date. Loaders that
give the data meaning live with their users (`hygiene.standardise.vocabulary`).
"""

from __future__ import annotations

from hygiene.reference.files import (
    ReferenceFile,
    read_reference_csv,
    read_reference_yaml,
    reference_files,
    reference_fingerprint,
    reference_header,
)

__all__ = [
    "ReferenceFile",
    "read_reference_csv",
    "read_reference_yaml",
    "reference_files",
    "reference_fingerprint",
    "reference_header",
]
