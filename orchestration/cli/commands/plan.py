"""`tidycrm plan`: what a changed tidycrm.yml would change, before it ships."""

from __future__ import annotations

import json
from dataclasses import asdict
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
    from hygiene.stewardship.impact import Impact

ORDER = 53

commands = typer.Typer()


@commands.command()
def plan(
    config: ConfigOption = None,
    home: HomeOption = None,
    top: Annotated[int, typer.Option(min=0, help="Moves to name.")] = 20,
    models: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Models to try: a folder."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what this tidycrm.yml and new rulings would change: ids, customers, money."""
    from orchestration.planning import make_plan
    from orchestration.workspace import open_workspace

    console = Console()
    with reported():
        workspace = open_workspace(settings_of(config, home))
        made = make_plan(workspace, top=top, models=models)
    if as_json:
        facts = asdict(made)
        for fact, impact in zip(facts["impacts"], made.impacts, strict=True):
            for side in ("before", "after"):
                totals = getattr(impact, side)
                fact[side]["revenue_per_customer"] = totals.revenue_per_customer
        console.print_json(json.dumps(facts, default=str))
        return
    currency = workspace.config.metrics.reporting_currency
    for impact in made.impacts:
        _print_impact(console, impact, currency)
        weight, reason = made.thresholds[impact.entity]
        console.print(
            f"Merged from {weight:.2f} bits ({made.model_sources[impact.entity]} model), "
            f"{made.reviews[impact.entity]:,} pairs for review. {reason}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        console.print()
    if not made.has_money:
        console.print("No warehouse yet: money is not known.")
    console.print("Nothing was changed. `tidycrm sync` with this file would do it.")


def _print_impact(console: Console, impact: Impact, currency: str) -> None:
    console.print(f"[bold]{impact.entity.capitalize()}s[/]")
    table = Table("", box=None)
    for side in ("now", "then", "change"):
        table.add_column(side, justify="right")
    for words, name in (
        ("golden records", "golden_records"),
        ("customers among them", "customers"),
        (f"revenue, {currency}", "revenue"),
        (f"revenue per customer, {currency}", "revenue_per_customer"),
        (f"largest customer, {currency}", "largest_customer"),
        ("with open pipeline", "with_pipeline"),
        (f"open pipeline, {currency}", "pipeline"),
    ):
        now, then = getattr(impact.before, name), getattr(impact.after, name)
        table.add_row(words, f"{now:,}", f"{then:,}", f"{then - now:+,}")
    console.print(table)
    console.print(
        f"Ids: {impact.carried:,} carried, {impact.merged:,} merged, {impact.split:,} "
        f"split, {impact.minted:,} new; {impact.records_moved:,} records would move."
    )
    if not impact.moves:
        return
    # One id below the other: whole, to be copied, on a terminal of 80 columns.
    moves = Table("", "from, to", box=None)
    for name in ("records", "revenue", "pipeline"):
        moves.add_column(name, justify="right")
    for move in impact.moves:
        moves.add_row(
            move.change,
            f"{move.golden_before}\n{move.golden_after}",
            f"{move.records:,}",
            f"{move.revenue:,}",
            f"{move.pipeline:,}",
        )
    console.print(moves)
