"""`tidycrm docs`: the documentation of every table."""

from __future__ import annotations

import typer
from rich.console import Console

from orchestration.cli.common import ConfigOption, HomeOption, reported, settings_of

ORDER = 36

commands = typer.Typer()


@commands.command()
def docs(config: ConfigOption = None, home: HomeOption = None) -> None:
    """Write one HTML file with every table, column, test and where it comes from.

    The file needs no network and may be mailed; it holds names and descriptions, no data.
    """
    from orchestration.dbt_docs import build_docs
    from orchestration.workspace import open_workspace

    with reported():
        page = build_docs(open_workspace(settings_of(config, home)))
    Console().print(f"Open it in a browser: {page}", soft_wrap=True)
