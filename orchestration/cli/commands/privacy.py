"""`tidycrm consent`, `retention` and `audit`: what holds, what went, who decided."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from orchestration.cli.common import (
    ConfigOption,
    ExitCode,
    HomeOption,
    JsonOption,
    reported,
    settings_of,
)

ORDER = 72
_RUN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

commands = typer.Typer()
audit = typer.Typer(no_args_is_help=True, help="The log of decisions: verify, show.")
commands.add_typer(audit, name="audit")


@commands.command()
def consent(
    subject: Annotated[
        str | None,
        typer.Option(
            "--subject", help="One person: address, number, golden id or key."
        ),
    ] = None,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who objected to what: counts by channel and purpose, or one person's entries.

    After a merge the restrictive value wins. A source that says nothing has not said yes.
    """
    import polars as pl

    from orchestration.privacy.consent import merge_consent, read_ledger
    from orchestration.privacy.subject import find_subject
    from orchestration.workspace import open_workspace

    console = Console()
    with reported():
        place = open_workspace(settings_of(config, home)).home
        ledger = read_ledger(place)
        if subject is not None:
            keys = list(find_subject(place, subject).keys)
            shown = ledger.filter(pl.col("source_record_key").is_in(keys)).select(
                "known_at", "source_record_key", "channel", "purpose", "status",
                "legal_basis", "source_column",
            )  # fmt: skip
        else:
            shown = (
                merge_consent(ledger)
                .group_by("channel", "purpose", "status")
                .agg(pl.len().alias("people"))
                .sort("channel", "purpose", "status")
            )
    if as_json:
        console.print_json(json.dumps(shown.to_dicts(), default=str))
        return
    table = Table(*(name.replace("_", " ") for name in shown.columns), box=None)
    for row in shown.iter_rows():
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console.print(table if shown.height else "No source says anything about consent.")


@commands.command()
def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Clear personal data that is older than `retention` allows; write a report."""
    from orchestration.privacy.retention import enforce_retention
    from orchestration.workspace import open_workspace

    console = Console()
    with reported():
        workspace = open_workspace(settings_of(config, home))
        done = enforce_retention(workspace, dry_run=dry_run)
    if as_json:
        console.print_json(json.dumps(asdict(done), default=str))
        return
    table = Table("Class", "Kept for", "Would go" if dry_run else "Went", box=None)
    for each in done.classes:
        limit = "always" if each.limit_days is None else f"{each.limit_days:g} days"
        table.add_row(each.name, limit, f"{each.cleared:,}")
    console.print(table)
    if done.file is not None:
        console.print(f"Report: {done.file}", soft_wrap=True, highlight=False)


@audit.command()
def verify(
    config: ConfigOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Check that no line of the log was changed, removed or put in."""
    from orchestration.privacy import audit as log
    from orchestration.workspace import open_workspace

    console = Console()
    with reported():
        verdict = log.verify(open_workspace(settings_of(config, home)).home)
    if as_json:
        console.print_json(json.dumps(asdict(verdict)))
    elif verdict.problem is None:
        console.print(
            f"The log is whole: {verdict.entries} entries. Its head is {verdict.head}; "
            "note it elsewhere, so that a log that was cut or made anew shows.",
            soft_wrap=True,
            highlight=False,
        )
    else:
        console.print(
            f"[bold red]The log is not whole:[/] {verdict.problem}. The {verdict.entries} "
            "entries before it are in order. Keep the file, and compare it with a backup.",
            soft_wrap=True,
            highlight=False,
        )
    if verdict.problem is not None:
        raise typer.Exit(ExitCode.FAILED)


@audit.command()
def show(
    last: Annotated[int, typer.Option("--last", "-n", min=1, help="How many.")] = 20,
    action: Annotated[
        str | None, typer.Option("--action", help="Only this kind, such as erasure.")
    ] = None,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the newest decisions: who did what, and when."""
    from orchestration.privacy import audit as log
    from orchestration.workspace import open_workspace

    console = Console()
    with reported():
        entries = log.read(open_workspace(settings_of(config, home)).home)
    entries = [each for each in entries if action in (None, each.action)][-last:]
    if as_json:
        console.print_json(json.dumps([asdict(each) for each in entries]))
        return
    table = Table("#", "When (UTC)", "What", "Who", "Details", box=None)
    for each in entries:
        details = "; ".join(
            f"{name}: {_in_words(value)}" for name, value in each.details.items()
        )
        table.add_row(
            str(each.seq),
            each.at[:16].replace("T", " "),
            each.action,
            each.actor,
            escape(details if len(details) <= 100 else f"{details[:99]}…"),
        )
    console.print(table)


def _in_words(value: object) -> str:
    """A detail of the log as a person reads it; run ids as short as elsewhere."""
    if isinstance(value, list):
        return ", ".join(map(_in_words, value))
    text = "none" if value is None else str(value)
    return text[:8] if _RUN_ID.fullmatch(text) else text
