"""`tidycrm report`: the executive report of the published file."""

from __future__ import annotations

import typer
from rich.console import Console

from orchestration.cli.common import ConfigOption, HomeOption, reported, settings_of

ORDER = 36

commands = typer.Typer()


@commands.command()
def report(config: ConfigOption = None, home: HomeOption = None) -> None:
    """Write the executive report: customers, revenue, churn, pipeline, hygiene.

    One HTML file that needs no network. A sync writes it too; this command writes it
    anew, for instance after `tidycrm publish --rollback`.
    """
    from orchestration.executive import write_executive_report
    from orchestration.workspace import open_workspace

    with reported():
        workspace = open_workspace(settings_of(config, home))
        page = write_executive_report(
            workspace.home.published_file,
            workspace.home,
            currency=workspace.config.metrics.reporting_currency,
        )
    Console().print(f"Open it in a browser: {page}", soft_wrap=True, highlight=False)
