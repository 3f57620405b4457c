"""`tidycrm model`: learn a matching model, and put it in force after looking at it."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from orchestration.training import Trained

ORDER = 54

commands = typer.Typer()

model = typer.Typer(
    no_args_is_help=True, help="Learn a matching model; put it in force."
)
commands.add_typer(model, name="model")

_SHOWN = 8


class EntityChoice(StrEnum):
    """What a model matches."""

    CONTACT = "contact"
    ACCOUNT = "account"


@model.command("train")
def model_train(
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder of the candidates; the home's by default."),
    ] = None,
    entity: Annotated[
        EntityChoice | None, typer.Option(help="Only this one; both by default.")
    ] = None,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Learn candidate models from the last sync's records; nothing else changes."""
    from orchestration.review import ENTITIES
    from orchestration.training import train_all
    from orchestration.workspace import open_workspace

    console = Console()
    with reported():
        workspace = open_workspace(settings_of(config, home))
        made = train_all(
            workspace,
            ENTITIES if entity is None else (entity.value,),
            now=workspace.clock(),
            out=out,
        )
    if as_json:
        console.print_json(json.dumps([asdict(each) for each in made], default=str))
        return
    for trained in made:
        _print_trained(console, trained)
    folder = made[0].file.parent
    for line in (
        "Nothing changed yet.",
        f"  tidycrm plan --models {folder}   shows what they would change",
        "  tidycrm model use" + (f" {out}" if out else "") + "   puts them in force",
    ):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


@model.command("use")
def model_use(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Folder of the candidates; the home's by default."),
    ] = None,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Put candidate models in force, from the next sync on."""
    from orchestration.training import use_models
    from orchestration.workspace import open_workspace

    console = Console()
    with reported():
        used = use_models(open_workspace(settings_of(config, home)), folder)
    for file in used:
        console.print(
            f"In force: {file}", markup=False, highlight=False, soft_wrap=True
        )
    console.print(
        "The next `tidycrm sync` matches by them. The models before are kept as "
        "*.previous.json.",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def _print_trained(console: Console, trained: Trained) -> None:
    report = trained.report
    console.print(
        f"[bold]{report.entity.capitalize()}s[/]: {report.version}, learned from "
        f"{report.records:,} records"
    )
    for columns, pairs, share in report.rules:
        console.print(
            f"  {pairs:,} pairs with equal {columns}, {share:.0%} of them matches",
            markup=False,
            highlight=False,
        )
    if report.untrained_comparisons:
        console.print(
            f"  as shipped: {', '.join(report.untrained_comparisons)}",
            markup=False,
            highlight=False,
        )
    table = Table("field", "finding", "bits now", "bits then", "change", box=None)
    for shift in trained.shifts[:_SHOWN]:
        table.add_row(
            shift.comparison.replace("_", " "),
            shift.level.replace("_", " "),
            f"{shift.before:+.1f}",
            f"{shift.after:+.1f}",
            f"{shift.after - shift.before:+.1f}",
        )
    if trained.shifts:
        console.print(table)
    console.print()
