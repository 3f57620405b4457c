"""`tidycrm drift`: go on although matching behaves unlike before."""

from __future__ import annotations

import typer
from rich.console import Console

from orchestration.cli.common import ConfigOption, HomeOption, reported, settings_of

ORDER = 54

commands = typer.Typer()
drift = typer.Typer(
    no_args_is_help=True, help="Runs that matching stopped for being unlike before."
)
commands.add_typer(drift, name="drift")


@drift.callback()
def _group() -> None:
    """Runs that matching stopped for being unlike before."""


@drift.command("accept")
def accept(config: ConfigOption = None, home: HomeOption = None) -> None:
    """Make what stopped the last run the new normal; then sync again."""
    from orchestration.matching_history import accept_stopped
    from orchestration.review import ENTITIES
    from orchestration.workspace import open_workspace

    with reported():
        workspace = open_workspace(settings_of(config, home))
        accepted = accept_stopped(workspace.home, ENTITIES)
    names = " and ".join(f"{each}s" for each in accepted)
    Console().print(f"Accepted for {names}. Run `tidycrm sync` again.")
