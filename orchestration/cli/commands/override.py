"""`tidycrm override`: golden values set by hand, with an end and a reason."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated

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

ORDER = 52

commands = typer.Typer()
override = typer.Typer(
    no_args_is_help=True, help="Golden values set by hand: set, list, remove."
)
commands.add_typer(override, name="override")

NameArgument = Annotated[
    str, typer.Argument(metavar="RECORD", help="A golden id or a source record key.")
]
FieldArgument = Annotated[str, typer.Argument(metavar="FIELD", help="As in the table.")]


@override.command("set")
def set_(  # noqa: PLR0917
    name: NameArgument,
    field: FieldArgument,
    value: Annotated[str, typer.Argument(help="The value; '' empties the field.")],
    author: Annotated[
        str, typer.Option("--author", envvar="TIDYCRM_AUTHOR", help="Who sets it.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    until: Annotated[
        datetime | None,
        typer.Option(
            "--until", formats=["%Y-%m-%d"], help="Last day on which it holds."
        ),
    ] = None,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Set a field of a golden record; it wins over every rule from the next sync on."""
    from orchestration.overriding import set_override
    from orchestration.workspace import open_workspace

    with reported():
        workspace = open_workspace(settings_of(config, home))
        made = set_override(
            workspace,
            name,
            field,
            value,
            author=author,
            reason=reason,
            set_at=workspace.clock(),
            until=until.date() if until else None,
        )
    end = f"until {made.until}" if made.until else "until it is removed"
    Console().print(
        f"{field} is set {end}, from the next `tidycrm sync` on. "
        f"To undo:  tidycrm override remove {name} {field}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


@override.command("list")
def list_(
    config: ConfigOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Show what was set by hand, by whom, why, and whether it holds today."""
    from orchestration.overriding import list_overrides
    from orchestration.workspace import open_workspace

    console = Console()
    with reported():
        workspace = open_workspace(settings_of(config, home))
        found = list_overrides(workspace, today=workspace.as_of(workspace.clock()))
    if as_json:
        console.print_json(json.dumps(found, default=str))
        return
    table = Table(box=None)
    names = ("golden_id", "field", "value", "until", "status", "author", "reason")
    for column in names:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in found:
        table.add_row(*(str(row[column] or "") for column in names))
    console.print(table)


@override.command("remove")
def remove(
    name: NameArgument,
    field: FieldArgument,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Remove what was set by hand; the rules decide again from the next sync on."""
    from orchestration.overriding import remove_override
    from orchestration.workspace import open_workspace

    with reported():
        count = remove_override(open_workspace(settings_of(config, home)), name, field)
    Console().print(f"{count} removed. The rules decide with the next `tidycrm sync`.")
