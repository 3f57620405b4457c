"""`tidycrm alerts`: tell what is the matter now, or try the channels."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from orchestration.cli.common import (
    ConfigOption,
    ExitCode,
    HomeOption,
    errors,
    reported,
    settings_of,
)

ORDER = 65

commands = typer.Typer()


@commands.command()
def alerts(
    test: Annotated[
        bool, typer.Option("--test", help="Send one test message to every channel.")
    ] = False,
    digest: Annotated[
        bool, typer.Option("--digest", help="Send the digest with the scorecard now.")
    ] = False,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Tell the configured channels what is due: late data, held warnings, what lasts.

    A sync does so by itself; run this from cron to hear of syncs that never started.
    """
    from orchestration.alerts import Alert, Message, Severity, send
    from orchestration.alerts.after_run import tell
    from orchestration.errors import AlertError
    from orchestration.workspace import open_workspace

    console = Console()
    with reported():
        workspace = open_workspace(settings_of(config, home))
    channels = workspace.config.alerts.channels
    if not channels:
        console.print("No channel is configured: add `alerts.channels` to tidycrm.yml.")
        return
    problems: list[str] = []
    if test:
        example = Alert(
            "test",
            Severity.WARNING,
            "This is a test",
            "somebody ran `tidycrm alerts --test`",
            "the channel works",
            "nothing",
        )
        for channel in channels:
            try:
                send(channel, Message(workspace.home.root.name, (example,)))
                console.print(f"[green]✓[/] {channel.type}")
            except AlertError as error:
                problems.append(str(error))
    elif digest:
        from orchestration.alerts.conditions import find_conditions
        from orchestration.alerts.digest import send_digest

        now = workspace.clock()
        found = tuple(find_conditions(workspace, now=now))
        told = send_digest(workspace, now=now, alerts=found)
        console.print(f"{told.sent} messages sent.")
        problems += told.problems
    else:
        done = tell(workspace)
        console.print(f"{done.sent} messages sent, {done.held} warnings held back.")
        problems += done.problems
    for problem in problems:
        errors.print(problem, markup=False, highlight=False, soft_wrap=True)
    if problems:
        raise typer.Exit(ExitCode.FAILED)
