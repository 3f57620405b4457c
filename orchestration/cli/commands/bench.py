"""`tidycrm bench`: measure tidycrm against known truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from orchestration.cli.common import JsonOption, reported

ORDER = 90

commands = typer.Typer()

bench = typer.Typer(no_args_is_help=True, help="Measure tidycrm against known truth.")
commands.add_typer(bench, name="bench")


@bench.command("accuracy")
def bench_accuracy(
    folder: Annotated[Path, typer.Option(help="Folder of a demo that was run.")] = Path(
        "demo"
    ),
    as_json: JsonOption = False,
) -> None:
    """Compare the golden records of a demo with the truth of its generator."""
    from orchestration.accuracy import demo_accuracy, print_accuracy

    console = Console()
    with reported():
        reports = demo_accuracy(folder)
    if as_json:
        console.print_json(json.dumps(reports))
    else:
        print_accuracy(console, reports)


@bench.command("hygiene")
def bench_hygiene(
    folder: Annotated[Path, typer.Option(help="Folder of a demo that was run.")] = Path(
        "demo"
    ),
    as_json: JsonOption = False,
) -> None:
    """Compare standardised values of a demo with what its generator dirtied."""
    from hygiene.accuracy import as_mapping
    from orchestration.accuracy import demo_repairs, print_repairs

    console = Console()
    with reported():
        report = demo_repairs(folder)
    if as_json:
        console.print_json(json.dumps(as_mapping(report)))
    else:
        print_repairs(console, report)
