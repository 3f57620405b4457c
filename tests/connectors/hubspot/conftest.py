"""An export folder, a landing zone, and an extraction of the one into the other."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connectors.hubspot import HubspotFilesConfig, extract
from connectors.landing import Landing, SourceReport
from tests.connectors.hubspot.exports import Sync


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """An empty export folder."""
    folder = tmp_path / "exports"
    folder.mkdir()
    return folder


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    """An unused landing zone."""
    return Landing(tmp_path / "landing")


@pytest.fixture
def sync(exports: Path, landing: Landing, extracted_at: datetime) -> Sync:
    """Extract the export folder; each call is a minute later."""
    moments = [extracted_at]

    def run(**settings: object) -> SourceReport:
        config = HubspotFilesConfig(
            **{"name": "portal", "path": str(exports), **settings}
        )
        moments.append(moments[-1] + timedelta(minutes=1))
        return extract(config, landing, extracted_at=moments[-1])

    return run
