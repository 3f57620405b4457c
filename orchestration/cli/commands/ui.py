"""`tidycrm ui`: the Dagster webserver and scheduler on one home folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from orchestration.cli.common import ConfigOption, HomeOption, reported, settings_of

ORDER = 40

commands = typer.Typer()


@commands.command()
def ui(
    config: ConfigOption = None,
    home: HomeOption = None,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000,
) -> None:
    """Open the Dagster UI (and its scheduler) on this home."""
    from orchestration.instance import open_instance
    from orchestration.report_pages import served_reports
    from orchestration.workspace import open_workspace

    with reported():
        workspace = open_workspace(settings_of(config, home))
        open_instance(workspace).dispose()
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(workspace.home.dagster),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        # `dagster dev` recommends its successor at every start.
        "PYTHONWARNINGS": "ignore:Function `dev_command` is superseded",
        "TIDYCRM_HOME": str(workspace.home.root),
        "TIDYCRM_CONFIG": str(workspace.config_file),
    }
    command = [
        str(Path(sys.executable).parent / "dagster"),
        "dev",
        "-m",
        "orchestration.definitions",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    with served_reports(workspace.home.reports, port + 1) as reports:
        environment["TIDYCRM_REPORTS_URL"] = reports
        console = Console()
        console.print(f"Dagster UI: http://127.0.0.1:{port}  (stop with Ctrl+C)")
        if (workspace.home.reports / "executive.html").exists():
            console.print(f"Reports:    {reports}/executive.html")
        code = _run(command, environment)
    raise typer.Exit(code)


def _run(command: list[str], environment: dict[str, str]) -> int:
    """Run Dagster, and let it stop its own processes however this one is stopped."""
    process = subprocess.Popen(command, env=environment)  # noqa: S603
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        return process.wait()
    except KeyboardInterrupt:
        # The terminal told Dagster as well.
        return process.wait()
