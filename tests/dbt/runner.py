"""Run dbt the way orchestration does: in a process of its own, with variables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.dbt.home import PROJECT


def dbt(home: Path, as_of_date: str, *arguments: str) -> str:
    """Run one dbt command against a data folder and return what it printed."""
    variables = {"tidycrm_home": str(home), "as_of_date": as_of_date}
    finished = subprocess.run(
        [
            str(Path(sys.executable).parent / "dbt"),
            "--no-use-colors",
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
        env=os.environ | {"TIDYCRM_WAREHOUSE": str(home / "warehouse.duckdb")},
        capture_output=True,
        text=True,
        check=False,
    )
    output = finished.stdout + finished.stderr
    assert finished.returncode == 0, output[-6000:]
    return output
