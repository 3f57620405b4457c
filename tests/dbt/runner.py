"""Run dbt the way orchestration does: in a process of its own, with variables.

All paths are relative to the data folder, so that every folder has the same variables and
what dbt parsed for one serves the others: a parse costs as much as a build.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.dbt.home import PROJECT


def dbt(
    home: Path, as_of_date: str, *arguments: str, parsed: Path | None = None
) -> str:
    """Run one dbt command against a data folder and return what it printed.

    Args:
        home: The data folder; dbt runs in it.
        as_of_date: Day the tables are computed for.
        arguments: Command and options of dbt.
        parsed: A data folder whose parsed project this one may begin with.
    """
    variables = {"tidycrm_home": ".", "as_of_date": as_of_date}
    if parsed is not None and not (home / "target").exists():
        (home / "target").mkdir(parents=True)
        shutil.copy(parsed / "target" / "partial_parse.msgpack", home / "target")
    finished = subprocess.run(
        [
            str(Path(sys.executable).parent / "dbt"),
            "--no-use-colors",
            # Writing down every event costs a third of a build that is small.
            "--log-level-file",
            "none",
            *arguments,
            "--vars",
            json.dumps(variables),
            "--project-dir",
            str(PROJECT),
            "--profiles-dir",
            str(PROJECT),
            "--target-path",
            str(home / "target"),
            "--log-path",
            str(home / "logs"),
        ],
        cwd=home,
        env=os.environ | {"TIDYCRM_WAREHOUSE": "warehouse.duckdb"},
        capture_output=True,
        text=True,
        check=False,
    )
    output = finished.stdout + finished.stderr
    assert finished.returncode == 0, output[-6000:]
    return output
