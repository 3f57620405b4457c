"""The sync job of a folder, for tests that let Dagster build it again by its name."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg

from orchestration.definitions import JOB, build_defs
from orchestration.settings import Settings
from orchestration.workspace import Workspace, open_workspace

FOLDER = "TIDYCRM_TEST_FOLDER"
"""Environment variable that names the folder."""


def workspace() -> Workspace:
    """Open the folder's configuration and home."""
    folder = Path(os.environ[FOLDER])
    settings = Settings(config=folder / "tidycrm.yml", home=folder / "data")
    return open_workspace(settings, environment=dict(os.environ))


def sync_job() -> dg.JobDefinition:
    """Give the job that `tidycrm sync` and the schedule run."""
    return build_defs(workspace()).resolve_job_def(JOB)
