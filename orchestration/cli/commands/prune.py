"""`tidycrm prune`: remove old runs, versions and leftovers; pack landed files."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from orchestration.cli.common import (
    ConfigOption,
    HomeOption,
    JsonOption,
    errors,
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
    """Remove what is no longer kept, pack landed files, and tell the size."""
    from orchestration.instance import open_instance
    from orchestration.pruning import prune
    from orchestration.workspace import open_workspace

    console = Console()
    with reported():
        workspace = open_workspace(settings_of(config, home))
        with ExitStack() as opened:
            done = prune(
                workspace,
                lambda: opened.enter_context(open_instance(workspace)),
                now=workspace.clock(),
                dry_run=dry_run,
            )
    if as_json:
        console.print_json(json.dumps(asdict(done)))
        return
    verb = "Would remove" if dry_run else "Removed"
    console.print(
        f"{verb} {done.runs} runs, {done.versions} published versions, {done.folders} "
        f"leftovers, {'pack' if dry_run else 'packed'} {done.landing_files} landed files"
        + ("." if dry_run else f"; {done.bytes / 1e6:,.1f} MB freed.")
    )
    budget = (
        "" if done.budget_bytes is None else f" of {done.budget_bytes / 1e6:,.0f} MB"
    )
    console.print(f"The home takes {done.size_bytes / 1e6:,.1f} MB{budget}.")
    if done.is_over_budget:
        errors.print("That is more than `retention.size_budget_gb` allows.")
