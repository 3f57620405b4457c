"""`tidycrm backup` and `tidycrm restore`: what cannot be rebuilt, out and back in."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
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

ORDER = 60

commands = typer.Typer()


@commands.command()
def backup(
    target: Annotated[
        Path | None,
        typer.Argument(
            help="Archive to write (backups/tidycrm-<time>.tar.gz in the home)."
        ),
    ] = None,
    with_secrets: Annotated[
        bool, typer.Option(help="Also keep tokens that services rotate.")
    ] = False,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write ids, rulings, repairs, cursors and models into one archive.

    Copy it to another machine: the default place is on the same disk.
    """
    from orchestration.backup import write_backup
    from orchestration.workspace import open_workspace

    console = Console()
    with reported():
        workspace = open_workspace(settings_of(config, home))
        now = workspace.clock()
        name = f"tidycrm-{now:%Y%m%dT%H%M%SZ}.tar.gz"
        done = write_backup(
            workspace.home,
            target or workspace.home.backups / name,
            at=now,
            with_secrets=with_secrets,
        )
    if as_json:
        console.print_json(json.dumps(asdict(done), default=str))
        return
    console.print(
        f"Wrote [bold]{done.file}[/]: {done.files} files, {done.bytes / 1e6:,.1f} MB"
        + (", with secrets" if done.has_secrets else ""),
        soft_wrap=True,
    )


@commands.command()
def restore(
    archive: Annotated[Path, typer.Argument(help="Archive of `tidycrm backup`.")],
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Replace present state; it is kept beside."),
    ] = False,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Put an archive in place; the next sync rebuilds everything else."""
    from orchestration.backup import restore_backup
    from orchestration.workspace import open_workspace

    with reported():
        workspace = open_workspace(settings_of(config, home))
        done = restore_backup(
            workspace.home, archive, at=workspace.clock(), replace=replace
        )
    Console().print(
        f"Restored {done.files} files of {done.created_at}. Next: `tidycrm sync`.",
        soft_wrap=True,
    )
