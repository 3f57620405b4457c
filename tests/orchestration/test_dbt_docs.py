"""`tidycrm docs` without a warehouse; with one it is tested on the demo."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.dbt_docs import build_docs
from orchestration.errors import PipelineError
from orchestration.settings import Settings
from orchestration.workspace import open_workspace


def test_without_a_warehouse_the_message_says_to_sync(tmp_path: Path) -> None:
    config = tmp_path / "tidycrm.yml"
    config.write_text(
        "sources:\n- {name: crm, type: salesforce_files, path: exports}\n"
    )
    workspace = open_workspace(Settings(home=tmp_path / "data", config=config))
    with pytest.raises(PipelineError, match="tidycrm sync"):
        build_docs(workspace)
