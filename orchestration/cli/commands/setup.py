"""`tidycrm init` and `tidycrm doctor`: write a configuration, check it against the world."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
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

ORDER = 10

commands = typer.Typer()


@commands.command()
def init(
    config: ConfigOption = None,
    force: Annotated[
        bool, typer.Option(help="Overwrite an existing configuration.")
    ] = False,
    schema: Annotated[
        bool, typer.Option(help="Print the JSON Schema for editors instead.")
    ] = False,
) -> None:
    """Write a commented tidycrm.yml to start from."""
    console = Console()
    if schema:
        from orchestration.config import json_schema

        console.print_json(json.dumps(json_schema()))
        return
    target = config or Path("tidycrm.yml")
    if target.exists() and not force:
        errors.print(
            f"[bold red]Not done.[/] {target} exists already; nothing was changed. "
            "Use --force to overwrite it, or --config to name another file."
        )
        raise typer.Exit(1)
    template = files("orchestration").joinpath("tidycrm_template.yml").read_text()
    target.write_text(template, encoding="utf-8")
    console.print(
        f"Wrote [bold]{target}[/]. Next: put the path of your exports in it, then "
        "`tidycrm doctor`, then `tidycrm sync`."
    )


@commands.command()
def doctor(
    config: ConfigOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Check the configuration against the real world: files, columns, disk, dbt."""
    from orchestration.doctor import examine

    console = Console()
    with reported():
        findings = list(examine(settings_of(config, home)))
    failed = [finding for finding in findings if not finding.is_ok]
    if as_json:
        console.print_json(json.dumps([finding.as_dict() for finding in findings]))
    else:
        for finding in findings:
            mark = "[green]✓[/]" if finding.is_ok else "[red]✗[/]"
            console.print(mark, end=" ")
            console.print(finding.text, markup=False, highlight=False, soft_wrap=True)
    if failed:
        raise typer.Exit(1)
