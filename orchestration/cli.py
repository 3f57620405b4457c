"""The `tidycrm` command: one verb per capability, exit code 0 only when it worked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from orchestration.errors import OrchestrationError
from orchestration.settings import Settings

app = typer.Typer(
    name="tidycrm",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
    help="Turn messy CRM exports into one clean customer warehouse.",
)
bench = typer.Typer(no_args_is_help=True, help="Measure tidycrm against known truth.")
app.add_typer(bench, name="bench")
sandbox = typer.Typer(
    help="Live look-alikes of Salesforce and HubSpot on this machine."
)
app.add_typer(sandbox, name="sandbox")

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Configuration file [tidycrm.yml]."),
]
HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Data folder [./data].")
]
SandboxFolder = Annotated[
    Path, typer.Option(help="Where the sandbox writes its tidycrm.yml.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]

_errors = Console(stderr=True)


def main() -> None:
    """Entry point of the command."""
    app()


@contextmanager
def _reported() -> Iterator[None]:
    """Turn errors that tidycrm raises on purpose into one message and exit code 1."""
    from connectors.errors import ConnectorError
    from hygiene.errors import HygieneError

    try:
        yield
    except (OrchestrationError, ConnectorError, HygieneError) as error:
        _errors.print("[bold red]Not done.[/]", end=" ")
        _errors.print(str(error), markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error


def _settings(config: Path | None, home: Path | None) -> Settings:
    given: dict[str, Any] = {}
    if config is not None:
        given["config"] = config
    if home is not None:
        given["home"] = home
    return Settings(**given)


@app.command()
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
        _errors.print(
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


@app.command()
def doctor(
    config: ConfigOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Check the configuration against the real world: files, columns, disk, dbt."""
    from orchestration.doctor import examine

    console = Console()
    with _reported():
        findings = list(examine(_settings(config, home)))
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


@app.command()
def demo(
    folder: Annotated[
        Path, typer.Option(help="Where the exports and the result go.")
    ] = Path("demo"),
    people: Annotated[
        int, typer.Option(min=1000, max=5_000_000, help="How many people to make up.")
    ] = 20_000,
    seed: Annotated[int, typer.Option(help="Another seed, another CRM.")] = 7,
    as_json: JsonOption = False,
) -> None:
    """Make up a messy CRM and run the whole pipeline on it."""
    from orchestration.demo import prepare_demo

    console = Console(stderr=as_json)
    console.print(
        f"Making up a CRM of {people:,} people (Salesforce, HubSpot, spreadsheets) …"
    )
    config = prepare_demo(folder, people=people, seed=seed)
    _sync(Settings(config=config, home=folder / "data"), force=False, as_json=as_json)


@app.command()
def sync(
    config: ConfigOption = None,
    home: HomeOption = None,
    force: Annotated[
        bool, typer.Option(help="Build and publish even if nothing changed.")
    ] = False,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for another run to end.")
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Extract, clean, match, build, check and publish once."""
    _sync(_settings(config, home), force=force, wait=wait, as_json=as_json)


def _sync(settings: Settings, *, force: bool, as_json: bool, wait: float = 0) -> None:
    from orchestration.summary import read_summary
    from orchestration.sync import run_sync
    from orchestration.terminal import only_ours, print_summary, progress
    from orchestration.workspace import open_workspace

    console = Console()
    with _reported():
        workspace = open_workspace(settings)
        with only_ours() as terminal, progress(terminal, shown=not as_json) as observer:
            outcome = run_sync(
                workspace, force=force, observer=observer, wait_seconds=wait
            )
        published = workspace.home.published_file
        summary = read_summary(published)
    if as_json:
        console.print_json(
            json.dumps(
                {
                    "run_id": outcome.run_id,
                    "published": outcome.published,
                    "seconds": round(outcome.seconds, 1),
                    "rows_landed": outcome.rows_landed,
                    "file": str(published),
                    "summary": summary.as_dict(),
                }
            )
        )
    else:
        print_summary(
            console,
            outcome,
            summary,
            currency=workspace.config.metrics.reporting_currency,
            published=published,
        )


@app.command()
def status(
    config: ConfigOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Show sources, freshness, the last publication and sizes."""
    from orchestration.status import read_status
    from orchestration.terminal import print_status
    from orchestration.workspace import open_workspace

    console = Console()
    with _reported():
        state = read_status(open_workspace(_settings(config, home)))
    if as_json:
        console.print_json(json.dumps(state.as_dict(), default=str))
    else:
        print_status(console, state)


@app.command()
def ui(
    config: ConfigOption = None,
    home: HomeOption = None,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000,
) -> None:
    """Open the Dagster UI (and its scheduler) on this home."""
    from orchestration.sync import open_instance
    from orchestration.workspace import open_workspace

    with _reported():
        workspace = open_workspace(_settings(config, home))
        open_instance(workspace).dispose()
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(workspace.home.dagster),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "TIDYCRM_HOME": str(workspace.home.root),
        "TIDYCRM_CONFIG": str(workspace.config_file),
    }
    Console().print(f"Dagster UI: http://127.0.0.1:{port}  (stop with Ctrl+C)")
    command = [
        str(Path(sys.executable).parent / "dagster"),
        "dev",
        "-m",
        "orchestration.definitions",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    finished = subprocess.run(command, env=environment, check=False)  # noqa: S603
    raise typer.Exit(finished.returncode)


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
        _reported(),
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

    with _reported():
        done = let_live(folder / "tidycrm.yml", steps=steps, seed=seed)
    Console().print_json(json.dumps(done, default=str))


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
    with _reported():
        reports = demo_accuracy(folder)
    if as_json:
        console.print_json(json.dumps(reports))
    else:
        print_accuracy(console, reports)
