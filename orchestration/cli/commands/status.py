"""`tidycrm status`: how a home folder stands."""

from __future__ import annotations

import json

import typer
from rich.console import Console

from orchestration.cli.common import (
    ConfigOption,
    HomeOption,
    JsonOption,
    reported,
    settings_of,
)

ORDER = 30

commands = typer.Typer()


@commands.command()
def status(
    config: ConfigOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Show sources, freshness, the last publication and sizes."""
    from orchestration.status import read_status
    from orchestration.terminal import print_status
    from orchestration.workspace import open_workspace

    console = Console()
    with reported():
        state = read_status(open_workspace(settings_of(config, home)))
    if as_json:
        console.print_json(json.dumps(state.as_dict(), default=str))
    else:
        print_status(console, state)
