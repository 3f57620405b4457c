"""`tidycrm demo` and `tidycrm sync`: run the whole pipeline once."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from orchestration.cli.common import (
    ConfigOption,
    ExitCode,
    HomeOption,
    JsonOption,
    need_config,
    reported,
    say_afterwards,
    settings_of,
)
from orchestration.errors import PipelineError
from orchestration.settings import Settings

if TYPE_CHECKING:
    from orchestration.workspace import Workspace

ORDER = 20

commands = typer.Typer()


@commands.command()
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
    from orchestration.demo import write_configuration, write_exports
    from orchestration.workspace import open_workspace

    console = Console(stderr=as_json)
    console.print(
        f"Making up a CRM of {people:,} people (Salesforce, HubSpot, spreadsheets) …"
    )
    settings = Settings(config=write_configuration(folder), home=folder / "data")
    parse_ahead(open_workspace(settings))
    write_exports(folder, people=people, seed=seed)
    _sync(settings, force=False, as_json=as_json)


@commands.command()
def sync(  # noqa: PLR0917 - Typer gives options by name
    config: ConfigOption = None,
    home: HomeOption = None,
    force: Annotated[
        bool, typer.Option(help="Build and publish even if nothing changed.")
    ] = False,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for another run to end.")
    ] = 0,
    accept_volume_drop: Annotated[
        list[str] | None,
        typer.Option(
            help="Object whose drop in records is meant, as <source>/<object>, or "
            "`all`; may be repeated."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Extract, clean, match, build, check and publish once.

    Exit code 0: all is well. 3: published, but older data stand in for a source that
    could not be read. 4: another run holds the home. 1: nothing was published.
    """
    _sync(
        settings_of(config, home),
        force=force,
        wait=wait,
        as_json=as_json,
        accept_volume_drop=tuple(accept_volume_drop or ()),
    )


def parse_ahead(workspace: Workspace) -> None:
    """Let dbt read its project, where it has to, while something else goes on.

    Whoever needs the manifest waits for the same lock, and meets the same error.
    """
    from orchestration.dbt_build import ensure_manifest

    def parse() -> None:
        with suppress(Exception):
            ensure_manifest(workspace)

    Thread(target=parse, name="parse-ahead", daemon=True).start()


def _sync(
    settings: Settings,
    *,
    force: bool,
    as_json: bool,
    wait: float = 0,
    accept_volume_drop: tuple[str, ...] = (),
) -> None:
    console = Console()
    with reported():
        # Before anything heavy is imported: a mistake in tidycrm.yml is told at once.
        need_config(settings)
        from orchestration.workspace import open_workspace

        workspace = open_workspace(settings)
        parse_ahead(workspace)
        from orchestration.summary import read_summary
        from orchestration.sync import run_sync
        from orchestration.terminal import print_summary, watched

        with watched(
            has_json_logs=workspace.has_json_logs, is_quiet=as_json
        ) as observer:
            try:
                outcome = run_sync(
                    workspace,
                    force=force,
                    observer=observer,
                    wait_seconds=wait,
                    accept_volume_drop=accept_volume_drop,
                )
            except PipelineError as error:
                say_afterwards(workspace, run_id=error.run_id, failure=str(error))
                raise
        say_afterwards(workspace, run_id=outcome.run_id, seconds=outcome.seconds)
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
                    "stale_sources": [each.as_dict() for each in outcome.stale],
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
    if outcome.stale:
        raise typer.Exit(ExitCode.STALE)
