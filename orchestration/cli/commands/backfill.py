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
    settings_of,
)

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
        with watched(has_json_logs=workspace.has_json_logs) as (_, observer):
            done = run_backfill(
                workspace,
                since=since.date(),
                names=tuple(source or ()),
                observer=observer,
                wait_seconds=wait,
            )
    for each in done.sources:
        console.print(
            f"{each.source_name}: {len(each.moved)} objects read from {since:%Y-%m-%d} "
            f"on, {len(each.forgotten)} in full.",
            highlight=False,
        )
    console.print(
        f"{done.outcome.rows_landed:,} rows were new or different; published in "
        f"{done.outcome.seconds:,.0f} seconds."
    )
    if done.outcome.stale:
        raise typer.Exit(ExitCode.STALE)
