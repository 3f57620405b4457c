"""`tidycrm dbt`: run dbt by hand, as a run would, without meeting one."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.cli.common import ConfigOption, HomeOption, reported, settings_of

ORDER = 75

commands = typer.Typer()


@commands.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
def dbt(
    context: typer.Context,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for another run to end.")
    ] = 0,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Run dbt on this home with the variables of a sync, holding the home meanwhile.

    Everything after `--` goes to dbt: tidycrm dbt -- build --select dim_contacts
    """
    from orchestration.dbt_build import run_by_hand
    from orchestration.workspace import open_workspace

    with reported():
        workspace = open_workspace(settings_of(config, home))
        code = run_by_hand(workspace, context.args, wait_seconds=wait)
    raise typer.Exit(code)
