"""`tidycrm prune`: remove old runs, versions and leftovers."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from orchestration.cli.common import (
    ConfigOption,
    HomeOption,
    JsonOption,
    reported,
    settings_of,
)

ORDER = 62

commands = typer.Typer()


@commands.command("prune")
def prune_command(
    dry_run: Annotated[bool, typer.Option(help="Only tell what would go.")] = False,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove what `retention` and `publish.keep_versions` no longer keep."""
    from orchestration.pruning import prune
    from orchestration.sync import open_instance
    from orchestration.workspace import open_workspace

    console = Console()
    with reported():
        workspace = open_workspace(settings_of(config, home))
        with open_instance(workspace) as instance:
            done = prune(workspace, instance, now=workspace.clock(), dry_run=dry_run)
    if as_json:
        console.print_json(json.dumps(asdict(done)))
        return
    verb = "Would remove" if dry_run else "Removed"
    console.print(
        f"{verb} {done.runs} runs, {done.versions} published versions, {done.folders} "
        f"leftovers" + ("." if dry_run else f"; {done.bytes / 1e6:,.1f} MB freed.")
    )
