"""`tidycrm review`: doubtful pairs out to a steward, rulings back in."""

from __future__ import annotations

import json
from pathlib import Path
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

ORDER = 50

commands = typer.Typer()
review = typer.Typer(
    no_args_is_help=True, help="Doubtful pairs: export them, read rulings back."
)
commands.add_typer(review, name="review")

AuthorOption = Annotated[
    str | None,
    typer.Option("--author", envvar="TIDYCRM_AUTHOR", help="Who decides."),
]


@review.command("export")
def export(  # noqa: PLR0917
    out: Annotated[
        Path, typer.Option("--out", "-o", help="A .xlsx, or a .csv per entity.")
    ] = Path("review.xlsx"),
    entity: Annotated[
        str | None, typer.Option(help="contact or account (both).")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most pairs per entity.")] = 500,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the pairs that a person should look at, the most valuable first."""
    from orchestration.review import ENTITIES, export_review
    from orchestration.workspace import open_workspace

    chosen = [each for each in ENTITIES if entity in {None, each}]
    if not chosen:
        raise typer.BadParameter("expected contact or account", param_hint="--entity")
    console = Console()
    with reported():
        workspace = open_workspace(settings_of(config, home))
        done = export_review(workspace, out, entities=chosen, limit=limit)
    if as_json:
        facts = {
            "files": [str(file) for file in done.files],
            "pairs": done.pairs,
            "waiting": done.waiting,
            "money": done.money,
        }
        console.print_json(json.dumps(facts))
        return
    currency = workspace.config.metrics.reporting_currency
    for each in chosen:
        console.print(
            f"{done.pairs[each]:,} of {done.waiting[each]:,} doubtful {each} pairs, "
            f"with {done.money[each]:,.0f} {currency} of revenue and pipeline behind them"
        )
    for file in done.files:
        console.print(f"Wrote {file}", markup=False, highlight=False, soft_wrap=True)
    console.print(
        "Fill in the column `ruling` (same, different, unsure), then: "
        f"tidycrm review import {done.files[0]} --author YOU",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


@review.command("import")
def import_(  # noqa: PLR0917
    files: Annotated[list[Path], typer.Argument(help="Filled-in exports.")],
    author: AuthorOption = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only check; keep nothing.")
    ] = False,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read rulings back: every row is right, or none is kept and all mistakes are named."""
    from orchestration.review import import_review
    from orchestration.workspace import open_workspace

    console = Console()
    with reported():
        workspace = open_workspace(settings_of(config, home))
        answers = import_review(
            workspace,
            files,
            author=author,
            ruled_at=workspace.clock(),
            check_only=check,
        )
    counts: dict[str, dict[str, int]] = {}
    for entity, rulings in answers.rulings.items():
        counts[entity] = {}
        for ruling in rulings:
            word = ruling.verdict.value
            counts[entity][word] = counts[entity].get(word, 0) + 1
    if as_json:
        facts = {
            "rulings": counts,
            "skipped": answers.skipped,
            "outdated": answers.outdated,
            "kept": not check,
        }
        console.print_json(json.dumps(facts))
        return
    verb = "would be kept" if check else "kept"
    for entity, found in counts.items():
        for word, count in sorted(found.items()):
            console.print(f"{count:,} {entity} rulings {verb}: {word}")
    console.print(f"{answers.skipped:,} rows without a ruling were skipped.")
    if answers.outdated:
        console.print(
            f"{answers.outdated:,} rulings are on data that changed after the export; "
            "they lapse at once. Export again to see those pairs as they are now."
        )
    if not check:
        console.print("They take effect with the next `tidycrm sync`.")


@review.command("status")
def status(
    config: ConfigOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Show every newest ruling: who, when, why, and whether it still holds."""
    from orchestration.rulings import list_rulings
    from orchestration.workspace import open_workspace

    console = Console()
    with reported():
        rulings = list_rulings(open_workspace(settings_of(config, home)).home)
    if as_json:
        console.print_json(json.dumps(rulings.to_dicts(), default=str))
        return
    table = Table("", box=None)
    for name in ("records", "ruling", "status", "by", "on", "reason"):
        table.add_column(name, overflow="fold")
    for row in rulings.iter_rows(named=True):
        table.add_row(
            row["entity_type"],
            f"{row['source_record_key_l']}\n{row['source_record_key_r']}",
            row["ruling"],
            row["status"],
            row["author"],
            str(row["ruled_at"])[:16],
            row["reason"],
        )
    console.print(table)
    lapsed = rulings.filter(rulings["status"] == "lapsed").height
    if lapsed:
        console.print(
            f"{lapsed:,} rulings lapsed because a record changed: they are in the next "
            "`tidycrm review export`."
        )
