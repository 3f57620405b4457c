"""`tidycrm erase` and `tidycrm access-request`: the rights of one person."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from orchestration.cli.common import (
    ConfigOption,
    HomeOption,
    JsonOption,
    errors,
    reported,
    settings_of,
)

ORDER = 70

commands = typer.Typer()

SubjectOption = Annotated[
    str | None,
    typer.Option(
        "--subject",
        help="Who: an address, a phone number, a golden id or a source record key.",
    ),
]
AllOption = Annotated[
    bool,
    typer.Option("--all", help="Everybody who has the address or number is meant."),
]


@commands.command()
def erase(  # noqa: PLR0917
    subject: SubjectOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and stop.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Complete erasures that were interrupted.")
    ] = False,
    all_matches: AllOption = False,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase one person everywhere, and keep them from coming back.

    Landed records, stages, ledger, rulings, reports, logs, every published version and
    the backups in the home are rewritten; sums of the books stay. Ends with a search
    of every file and a certificate that names nobody. The next sync rebuilds the rest.
    """
    from orchestration.privacy import erasure
    from orchestration.privacy.masked import masking_of
    from orchestration.workspace import open_workspace

    console = Console()
    if resume == (subject is not None):
        errors.print("[bold red]Not done.[/] Use either --subject or --resume.")
        raise typer.Exit(2)

    def told(step: str) -> None:
        if not as_json:
            console.print(f"  {step} …", highlight=False)

    with reported():
        workspace = open_workspace(settings_of(config, home))
        masking = masking_of(workspace)
        pending = erasure.unfinished(workspace.home)
        if pending and not dry_run:
            console.print(
                f"{len(pending)} interrupted erasures are completed first."
            ) if not as_json else None
            finished = erasure.resume(
                workspace.home, clock=workspace.clock, masking=masking, step=told
            )
        else:
            finished = []
        if subject is not None:
            shown = None
            if dry_run or not (yes or as_json):
                shown = erasure.preview(
                    workspace.home, subject, all_matches=all_matches
                )
                if as_json:
                    console.print_json(json.dumps(asdict(shown), default=str))
                else:
                    _print_preview(console, shown)
            if dry_run:
                return
            if not yes and not as_json:
                typer.confirm("Erase for good?", abort=True)
            if as_json and not yes:
                errors.print("[bold red]Not done.[/] --json needs --yes or --dry-run.")
                raise typer.Exit(2)
            finished.append(
                erasure.erase(
                    workspace.home,
                    subject,
                    at=workspace.clock(),
                    clock=workspace.clock,
                    all_matches=all_matches,
                    masking=masking,
                    step=told,
                )
            )
    if as_json:
        console.print_json(
            json.dumps([{**done.content, "file": str(done.file)} for done in finished])
        )
        return
    for done in finished:
        searched = done.content["search"]["files"]
        console.print(
            f"Erased. {searched} files were searched, nothing was found.\n"
            f"Certificate: {done.file}\n"
            "Next: erase the person at the sources too, then `tidycrm sync`.",
            soft_wrap=True,
            highlight=False,
        )
    if not finished:
        console.print("No erasure was interrupted.")


def _print_preview(console: Console, shown: object) -> None:
    from orchestration.privacy.erasure import Preview

    assert isinstance(shown, Preview)  # noqa: S101
    table = Table("What", "How much", box=None)
    for name, count in sorted(shown.records.items()):
        table.add_row(f"records {name}", str(count))
    table.add_row("golden ids that end", str(len(shown.golden_ids)))
    table.add_row("landed rows removed", str(shown.landed_rows[0]))
    table.add_row("landed rows kept without the person", str(shown.landed_rows[1]))
    for store in shown.stores:
        table.add_row(
            f"{store.store}: rows removed / rewritten",
            f"{store.removed} / {store.rewritten} in {store.files} files",
        )
    table.add_row("revenue rows kept without the person", str(shown.facts_kept))
    for kind, count in sorted(shown.shared.items()):
        table.add_row(f"{kind} that others have too: kept there", str(count))
    for name in shown.backups:
        table.add_row("backup to rewrite", name)
    console.print(table)


@commands.command("access-request")
def access_request(  # noqa: PLR0917
    subject: Annotated[
        str,
        typer.Option(
            "--subject",
            help="Who: an address, a phone number, a golden id or a source record key.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Folder of the two files (reports/access in the home)."
        ),
    ] = None,
    all_matches: AllOption = False,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write everything that is kept of one person, with its sources: JSON and HTML."""
    from orchestration.privacy.access import answer_request
    from orchestration.workspace import open_workspace

    console = Console()
    with reported():
        workspace = open_workspace(settings_of(config, home))
        answer = answer_request(
            workspace, subject, out=out, at=workspace.clock(), all_matches=all_matches
        )
    if as_json:
        console.print_json(json.dumps(asdict(answer), default=str))
        return
    console.print(
        f"{answer.records} records of {answer.sources} sources.\n"
        f"For the person: {answer.page}\nFor machines:   {answer.document}\n"
        "Both hold personal data: hand them over safely, then delete them.",
        soft_wrap=True,
        highlight=False,
    )
