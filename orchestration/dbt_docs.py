"""The documentation of every table as one HTML file that needs no network.

Belongs here: asking dbt for its documentation of this home's warehouse. Does not belong
here: the descriptions, which stand beside the models.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from orchestration.dbt_build import dbt_environment, dbt_executable, log_options
from orchestration.disk_errors import disk_trouble_in
from orchestration.errors import PipelineError
from orchestration.home import exclusive
from orchestration.workspace import Workspace


def build_docs(workspace: Workspace) -> Path:
    """Write tables, columns, tests, exposures and lineage as one HTML file.

    Args:
        workspace: Home with a warehouse that a sync has built.

    Returns:
        `reports/tables.html` of the home. Everything it needs is inside.

    Raises:
        PipelineError: There is no warehouse yet, or dbt failed; its own words follow.
        BusyError: A sync holds the home.
    """
    home = workspace.home
    if not home.warehouse.exists():
        raise PipelineError(
            f"Writing the documentation of tables: {home.warehouse} does not exist, "
            "and the documentation describes what a sync has built. Run `tidycrm sync`."
        )
    target = home.dbt / "docs"
    variables = workspace.dbt_vars(workspace.as_of(workspace.clock()))
    with exclusive(home, purpose="tidycrm docs"):
        finished = subprocess.run(  # noqa: S603 - our own executable and arguments
            [
                str(dbt_executable()),
                *log_options(workspace),
                "docs",
                "generate",
                "--static",
                "--target-path",
                str(target),
                "--vars",
                json.dumps(variables),
            ],
            cwd=workspace.dbt_project,
            env={
                **os.environ,
                **dbt_environment(workspace),
                "DBT_PROFILES_DIR": str(workspace.dbt_project),
            },
            capture_output=True,
            text=True,
            check=False,
        )
    page = target / "static_index.html"
    if finished.returncode != 0 or not page.exists():
        if told := disk_trouble_in(finished.stdout + finished.stderr):
            raise PipelineError(f"Writing {target}: {told}.")
        raise PipelineError(
            "dbt could not write the documentation of tables. Its words:\n"
            f"{finished.stdout[-2000:]}{finished.stderr[-500:]}"
        )
    home.reports.mkdir(parents=True, exist_ok=True)
    out = home.reports / "tables.html"
    shutil.copyfile(page, out.with_suffix(".tmp"))
    out.with_suffix(".tmp").replace(out)
    return out
