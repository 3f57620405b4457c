"""Which standardiser made a value: the code's version and all that its results depend on."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from typing import Final

from hygiene.reference import reference_fingerprint
from hygiene.standardise.hooks import hook_source
from hygiene.standardise.settings import StandardiseSettings

# Raise on every change of a rule, so that records are standardised again.
STANDARDISER_VERSION: Final = "8"
# Libraries whose data decide verdicts.
_LIBRARIES: Final = (
    "anyascii", "babel", "email-validator", "idna", "phonenumbers", "rapidfuzz", "tldextract",
    "usaddress",
)  # fmt: skip
# Settings that change the way to a result, not the result.
_NEUTRAL: Final = {"chunk_rows", "workers", "max_names_per_identifier"}


def standardiser_version(settings: StandardiseSettings) -> str:
    """Return the version that stands beside each standardised record.

    Args:
        settings: The user's settings.

    Returns:
        `<code version>-<fingerprint>` of settings, reference data and libraries.

    Example:
        >>> standardiser_version(StandardiseSettings()).startswith(f"{STANDARDISER_VERSION}-")
        True
    """
    digest = hashlib.sha256()
    digest.update(settings.model_dump_json(exclude=_NEUTRAL).encode())
    digest.update(reference_fingerprint().encode())
    for field in settings.fields:
        if field.hook is not None:
            # A changed function means changed results, as a changed rule of ours does.
            digest.update(hook_source(field.hook))
    for library in _LIBRARIES:
        digest.update(f"\0{library}={version(library)}".encode())
    return f"{STANDARDISER_VERSION}-{digest.hexdigest()[:12]}"
