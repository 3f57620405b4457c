"""`tidycrm why`, `merge`, `unmerge`: one question, one decision, one way back."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from orchestration.cli.common import (
    ConfigOption,
    HomeOption,
    JsonOption,
    reported,
    settings_of,
)

if TYPE_CHECKING:
    from hygiene.stewardship.decisions import Decision

ORDER = 51

commands = typer.Typer()

_NAME_HELP = "A golden id, also one that was merged, or a source record key."
OneArgument = Annotated[str, typer.Argument(metavar="A", help=_NAME_HELP)]
AuthorOption = Annotated[
    str, typer.Option("--author", envvar="TIDYCRM_AUTHOR", help="Who decides.")
]
ReasonOption = Annotated[
    str, typer.Option("--reason", help="Why, for whoever asks later.")
]


@commands.command()
def why(  # noqa: PLR0917
    one: OneArgument,
    other: Annotated[
        str | None, typer.Argument(metavar="[B]", help="The other one.")
    ] = None,
    chart: Annotated[
        Path | None,
        typer.Option("--chart", help="Also draw the weights: an HTML file, offline."),
    ] = None,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why A and B are one customer or two, field by field, and how to undo it."""
    from orchestration.explanation import print_why, why_as_dict, write_chart
    from orchestration.rulings import why as explain
    from orchestration.workspace import open_workspace

    console = Console()
    with reported():
        answer = explain(open_workspace(settings_of(config, home)), one, other)
        if chart is not None:
            write_chart(answer, chart)
    command = command_line(answer.undo, config, home)
    if as_json:
        console.print_json(
            json.dumps({**why_as_dict(answer), "undo": command}, default=str)
        )
        return
    print_why(console, answer, undo=command)
    if chart is not None:
        console.print(f"Chart: {chart}", markup=False, highlight=False, soft_wrap=True)


@commands.command()
def merge(  # noqa: PLR0917
    one: OneArgument,
    other: Annotated[str, typer.Argument(metavar="B", help=_NAME_HELP)],
    author: AuthorOption,
    reason: ReasonOption,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rule that A and B are one; from the next sync on they are."""
    from orchestration.rulings import merge_records
    from orchestration.workspace import open_workspace

    with reported():
        workspace = open_workspace(settings_of(config, home))
        decision = merge_records(
            workspace,
            one,
            other,
            author=author,
            reason=reason,
            ruled_at=workspace.clock(),
        )
    said = "They are one already; the ruling keeps it so."
    _print_decision(
        decision,
        said if decision.was_one else "They become one with the next `tidycrm sync`.",
        command_line(decision.undo, config, home),
        as_json=as_json,
    )


@commands.command()
def unmerge(  # noqa: PLR0917
    one: OneArgument,
    author: AuthorOption,
    reason: ReasonOption,
    other: Annotated[
        str | None,
        typer.Argument(metavar="[B]", help="From what; everything else by default."),
    ] = None,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rule that A is not B, or not what it was merged with; from the next sync on."""
    from orchestration.rulings import unmerge_records
    from orchestration.workspace import open_workspace

    with reported():
        workspace = open_workspace(settings_of(config, home))
        decision = unmerge_records(
            workspace,
            one,
            other,
            author=author,
            reason=reason,
            ruled_at=workspace.clock(),
        )
    said = "They are two already; the ruling keeps them apart."
    _print_decision(
        decision,
        "They come apart with the next `tidycrm sync`." if decision.was_one else said,
        command_line(decision.undo, config, home),
        as_json=as_json,
    )


def command_line(
    arguments: Sequence[str], config: Path | None, home: Path | None
) -> str:
    """Write out a whole command, with the places that this one was given."""
    if not arguments:
        return ""
    words = ["tidycrm", *arguments]
    if arguments[0] in {"merge", "unmerge"}:
        words += ["--author", "YOU", "--reason", "WHY"]
    if config is not None:
        words += ["--config", str(config)]
    if home is not None:
        words += ["--home", str(home)]
    return shlex.join(words)


def _print_decision(
    decision: Decision, effect: str, undo: str, *, as_json: bool
) -> None:
    console = Console()
    if as_json:
        facts = {
            "entity": decision.entity,
            "rulings": [
                {"a": item.key_l, "b": item.key_r, "ruling": item.verdict.value}
                for item in decision.rulings
            ],
            "was_one": decision.was_one,
            "undo": undo,
        }
        console.print_json(json.dumps(facts))
        return
    for item in decision.rulings:
        console.print(
            f"{item.verdict.value}: {item.key_l}  {item.key_r}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    if decision.withdrawn:
        console.print(f"{decision.withdrawn} older rulings were taken back.")
    console.print(effect)
    console.print(f"To undo:  {undo}", markup=False, highlight=False, soft_wrap=True)
