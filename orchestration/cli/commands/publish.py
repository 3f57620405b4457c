"""`tidycrm publish`: the versions of the published file, back and forth."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from orchestration.cli.common import (
    ConfigOption,
    HomeOption,
    JsonOption,
    errors,
    reported,
    settings_of,
)

ORDER = 35

commands = typer.Typer()


@commands.command()
def publish(  # noqa: PLR0917  # Typer reads the signature
    version: Annotated[
        str | None,
        typer.Argument(
            help="With --rollback: run id or its beginning (the one before)."
        ),
    ] = None,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Show an older version and pin it.")
    ] = False,
    latest: Annotated[
        bool, typer.Option("--latest", help="Show the newest version, remove the pin.")
    ] = False,
    listed: Annotated[
        bool, typer.Option("--list", help="List the kept versions (the default).")
    ] = False,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the published versions, go back to an older one, or forward again.

    A sync publishes. After a rollback the older version stays until --latest: later
    syncs keep their versions beside it.
    """
    from orchestration.home import exclusive
    from orchestration.privacy import audit
    from orchestration.publishing import Shelf
    from orchestration.workspace import open_workspace

    console = Console()
    if (rollback + latest + listed) > 1 or (version is not None and not rollback):
        errors.print(
            "[bold red]Not done.[/] Use one of --list, --latest and "
            "--rollback \\[VERSION]."
        )
        raise typer.Exit(2)
    with reported():
        workspace = open_workspace(settings_of(config, home))
        shelf = Shelf(workspace.home.published)
        if rollback or latest:
            with exclusive(workspace.home, purpose="tidycrm publish"):
                if rollback:
                    shown = shelf.roll_back(version, at=workspace.clock())
                    action = audit.Action.ROLLBACK
                else:
                    shown = shelf.release()
                    action = audit.Action.ROLLBACK_RELEASED
                audit.record(workspace.home, action, {"version": shown.run_id})
        known = shelf.versions()
    if as_json:
        console.print_json(json.dumps([asdict(each) for each in known], default=str))
        return
    table = Table("Version", "Published (UTC)", "As of", "Contract", "MB", "")
    for each in known:
        marks = [
            "current" if each.is_current else "",
            "pinned" if each.is_pinned else "",
            "masked file" if each.has_masked else "",
        ]
        table.add_row(
            each.run_id[:8],
            f"{each.published_at:%Y-%m-%d %H:%M}",
            str(each.as_of),
            str(each.contract_version),
            f"{each.bytes / 1e6:,.1f}",
            ", ".join(mark for mark in marks if mark),
        )
    console.print(table)
    if any(each.is_pinned for each in known):
        console.print(
            "An older version is pinned: later syncs do not replace it. "
            "`tidycrm publish --latest` releases it."
        )
