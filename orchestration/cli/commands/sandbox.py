"""`tidycrm sandbox`: live look-alikes of Salesforce and HubSpot on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from orchestration.cli.common import reported

ORDER = 80

commands = typer.Typer()

sandbox = typer.Typer(
    help="Live look-alikes of Salesforce and HubSpot on this machine."
)
commands.add_typer(sandbox, name="sandbox")

SandboxFolder = Annotated[
    Path, typer.Option(help="Where the sandbox writes its tidycrm.yml.")
]


@sandbox.callback(invoke_without_command=True)
def sandbox_serve(
    context: typer.Context,
    folder: SandboxFolder = Path("sandbox"),
    people: Annotated[
        int, typer.Option(min=1000, max=200_000, help="How many people to make up.")
    ] = 1000,
    salesforce_port: Annotated[int, typer.Option(help="0: any free port.")] = 0,
    hubspot_port: Annotated[int, typer.Option(help="0: any free port.")] = 0,
) -> None:
    """Serve look-alikes of Salesforce and HubSpot: try live syncs without an account."""
    if context.invoked_subcommand is not None:
        return
    import signal
    import threading
    from datetime import UTC, datetime

    from orchestration.sandbox import run_sandbox

    console = Console()
    console.print(f"Making up a CRM of {people:,} people …")
    with (
        reported(),
        run_sandbox(
            folder,
            people=people,
            now=datetime.now(UTC),
            salesforce_port=salesforce_port,
            hubspot_port=hubspot_port,
        ) as running,
    ):
        where = f"--config {running.config} --home {folder / 'data'}"
        for line in (
            f"Salesforce look-alike: {running.salesforce_url}",
            f"HubSpot look-alike:    {running.hubspot_url}",
            "In another terminal:",
            f"  tidycrm sync {where}",
            f"  tidycrm sandbox live --folder {folder}   (edits, merges, deletions …)",
            f"  tidycrm sync {where}",
            "Stop with Ctrl+C.",
        ):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        stop.wait()


@sandbox.command("live")
def sandbox_live(
    folder: SandboxFolder = Path("sandbox"),
    steps: Annotated[int, typer.Option(min=1, help="How many things happen.")] = 20,
    seed: Annotated[
        int | None, typer.Option(help="Repeats what happened in Salesforce.")
    ] = None,
) -> None:
    """Let records be edited, created, merged, deleted and linked in a running sandbox."""
    from orchestration.sandbox import let_live

    with reported():
        done = let_live(folder / "tidycrm.yml", steps=steps, seed=seed)
    Console().print_json(json.dumps(done, default=str))
