"""Land a folder of Salesforce exports.

Belongs here: the two public functions of this connector. Reading is in `reading`.
"""

from __future__ import annotations

from datetime import datetime

from connectors.landing import Landing, Progress, SourceReport
from connectors.salesforce.config import SalesforceFilesConfig
from connectors.salesforce.reading import SnapshotReader
from connectors.salesforce.reference import SOURCE_TYPE, declared_columns
from connectors.snapshots import extract_snapshots

# Counts up when the same files would land differently, so that receipts expire.
READER_VERSION = 1
SUFFIXES = frozenset({".csv", ".zip"})


def ensure_contracts(landing: Landing) -> None:
    """Write the zero-row files of every modelled object, for readers of the zone."""
    for object_name, columns in declared_columns().items():
        landing.ensure_contract(SOURCE_TYPE, object_name, columns)


def extract(
    config: SalesforceFilesConfig,
    landing: Landing,
    *,
    extracted_at: datetime,
    progress: Progress | None = None,
) -> SourceReport:
    r"""Read a folder of Salesforce exports and land what is new.

    Args:
        config: Where the exports lie and how to read them.
        landing: Where to land.
        extracted_at: When this extraction takes place (UTC).
        progress: Called with a label, the number done and the total.

    Returns:
        What was read, landed, left aside and warned about.

    Raises:
        PermanentError: A file cannot be used; nothing was landed.

    Example:
        >>> import tempfile
        >>> from datetime import UTC
        >>> from pathlib import Path
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "Account.csv").write_text("Id,Name\n001x0000002xLCVAA2,Acme\n")
        >>> report = extract(
        ...     SalesforceFilesConfig(name="crm", path=str(folder)),
        ...     Landing(folder / "landing"),
        ...     extracted_at=datetime(2026, 1, 15, tzinfo=UTC))
        >>> report.counts["account"].new
        1
    """
    report = extract_snapshots(
        config,
        landing,
        source_type=SOURCE_TYPE,
        suffixes=SUFFIXES,
        reader_version=READER_VERSION,
        read=SnapshotReader(config, extracted_at),
        extracted_at=extracted_at,
        progress=progress,
    )
    ensure_contracts(landing)
    return report
