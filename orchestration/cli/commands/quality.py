"""`tidycrm quality`: which rules there are, and where the report lies."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from orchestration.cli.common import (
    ConfigOption,
    HomeOption,
    JsonOption,
    reported,
    settings_of,
)

ORDER = 41

commands = typer.Typer()

quality = typer.Typer(no_args_is_help=True, help="Rules about your data, and a report.")
commands.add_typer(quality, name="quality")


@quality.command("rules")
def list_rules(
    table: Annotated[
        str | None, typer.Option(help="Only rules about this table or object.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List every rule as tidycrm.yml has it: id, statement, severity, owner."""
    from orchestration.quality_rules import all_rules
    from orchestration.workspace import open_workspace

    console = Console()
    with reported():
        rules: list[dict[str, Any]] = [
            each
            for each in all_rules(
                open_workspace(settings_of(config, None)).config.quality
            )
            if table in {None, each["table"]}
        ]
    if as_json:
        console.print_json(json.dumps(rules))
        return
    shown = Table("Id", "Table", "Rule", "Dimension", "Severity", "Owner")
    for each in rules:
        severity = f"{each['severity']}{', blocks' if each['blocking'] else ''}"
        shown.add_row(
            each["id"], each["table"], each["name"], each["dimension"], severity,
            each["owner"],
        )  # fmt: skip
    console.print(shown)
    console.print(
        f"{len(rules)} rules. Change shipped ones under quality.changes in tidycrm.yml, "
        "write your own under quality.rules."
    )


@quality.command("report")
def show_report(config: ConfigOption = None, home: HomeOption = None) -> None:
    """Say where the report of the last sync lies."""
    from orchestration.errors import PipelineError
    from orchestration.home import Home

    with reported():
        file = (
            Home(settings_of(config, home).home.resolve()).reports / "data-quality.html"
        )
        if not file.is_file():
            raise PipelineError(
                f"Looking for the report: {file} does not exist yet. Run `tidycrm sync` "
                "first, or name the data folder with --home."
            )
    Console().print(str(file), soft_wrap=True, highlight=False)
