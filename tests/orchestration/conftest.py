"""Workspaces for operations: a configuration and a home, without running a pipeline."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration.settings import Settings
from orchestration.workspace import Workspace, open_workspace

TWO_SOURCES = """
version: 1
sources:
  - name: salesforce
    type: salesforce_files
    path: exports
  - name: hubspot
    type: hubspot_api
    access_token: not-a-real-token
    retry_delay: 0
    owner: revenue-operations
metrics: {as_of: 2026-01-15}
"""


@pytest.fixture
def make_workspace(tmp_path: Path) -> Callable[..., Workspace]:
    """Builds a workspace from the text of a tidycrm.yml."""

    def make(
        text: str = TWO_SOURCES, clock: Callable[[], datetime] | None = None
    ) -> Workspace:
        config = tmp_path / "tidycrm.yml"
        config.write_text(text)
        settings = Settings(config=config, home=tmp_path / "data")
        return open_workspace(
            settings,
            environment={},
            clock=clock or (lambda: datetime(2026, 1, 15, 6, tzinfo=UTC)),
        )

    return make
