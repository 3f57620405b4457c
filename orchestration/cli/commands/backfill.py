"""`tidycrm backfill`: read the sources again from a day on, and rebuild."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console

from orchestration.cli.common import (
    ConfigOption,
    ExitCode,
    HomeOption,
    need_config,
    reported,
    say_afterwards,
    settings_of,
)
from orchestration.errors import PipelineError

ORDER = 25

commands = typer.Typer()


@commands.command()
def backfill(
    since: Annotated[
        datetime,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First day to read again."),
    ],
    source: Annotated[
        list[str] | None, typer.Option(help="Only this source; may be repeated.")
    ] = None,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for another run to end.")
    ] = 0,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Read what changed since a day again, then build and publish everything.

    Records that are the same land nothing, so history and golden ids stay.
    """
    console = Console()
    settings = settings_of(config, home)
    with reported():
        need_config(settings)
        from orchestration.backfill import run_backfill
        from orchestration.terminal import watched
        from orchestration.workspace import open_workspace

        workspace = open_workspace(settings)
        with watched(has_json_logs=workspace.has_json_logs) as observer:
            try:
                done = run_backfill(
                    workspace,
                    since=since.date(),
                    names=tuple(source or ()),
                    observer=observer,
                    wait_seconds=wait,
                )
            except PipelineError as error:
                if error.run_id is not None:
                    say_afterwards(workspace, run_id=error.run_id, failure=str(error))
                raise
        outcome = done.outcome
        say_afterwards(workspace, run_id=outcome.run_id, seconds=outcome.seconds)
    for each in done.sources:
        told = (
            f"{len(each.moved)} objects read from {since:%Y-%m-%d} on, "
            f"{len(each.forgotten)} in full"
            if each.moved or each.forgotten
            else "read in full, as always"
        )
        console.print(f"{each.source_name}: {told}.", highlight=False)
    console.print(
        f"{outcome.rows_landed:,} rows were new or different; published in "
        f"{outcome.seconds:,.0f} seconds."
    )
    if outcome.stale:
        raise typer.Exit(ExitCode.STALE)
