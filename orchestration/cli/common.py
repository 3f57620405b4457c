"""What the commands share: options, settings, and how errors end a command.

No command belongs here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from orchestration.disk_errors import disk_trouble
from orchestration.errors import (
    BusyError,
    ConfigError,
    ConfigProblem,
    OrchestrationError,
)
from orchestration.settings import Settings

if TYPE_CHECKING:
    from orchestration.workspace import Workspace

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Configuration file (tidycrm.yml)."),
]
HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Data folder (./data).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]

errors = Console(stderr=True)


class ExitCode(IntEnum):
    """What the end of a command tells a scheduler."""

    OK = 0
    FAILED = 1
    """Nothing was published, or the command was not carried out; the message says why."""
    USAGE = 2
    """The command line was not understood."""
    STALE = 3
    """The published file is whole, but older data stand in for a source that is down."""
    BUSY = 4
    """Another process works on the same home; nothing was done."""


@contextmanager
def reported() -> Iterator[None]:
    """Turn errors raised on purpose, or by the disk, into a message and an exit code."""
    try:
        yield
    except Exception as error:
        told = str(error) if _is_ours(error) else disk_trouble(error)
        if told is None:
            raise
        errors.print("[bold red]Not done.[/]", end=" ")
        errors.print(told, markup=False, highlight=False, soft_wrap=True)
        busy = isinstance(error, BusyError)
        raise typer.Exit(ExitCode.BUSY if busy else ExitCode.FAILED) from error


def say_afterwards(
    workspace: Workspace,
    *,
    run_id: str | None,
    failure: str | None = None,
    seconds: float | None = None,
) -> None:
    """Metrics and alerts after a run: neither may turn a good one into a failed one.

    Args:
        workspace: Whose run.
        run_id: Its id, as far as it got.
        failure: Why it ended without publishing; None if it did not.
        seconds: How long it took.
    """
    from orchestration.alerts.after_run import tell
    from orchestration.last_run import remember_run
    from orchestration.metrics_file import write_metrics

    try:
        remember_run(
            workspace.home, at=workspace.clock(), run_id=run_id, failure=failure
        )
        write_metrics(
            workspace,
            at=workspace.clock(),
            succeeded=failure is None,
            seconds=seconds,
        )
    except OSError as error:
        errors.print(f"The metrics file was not written ({type(error).__name__}).")
    try:
        problems = tell(workspace, failure=failure, run_id=run_id).problems
    except OSError as error:
        problems = (f"The alerts could not be told ({type(error).__name__}).",)
    for problem in problems:
        errors.print(problem, markup=False, highlight=False, soft_wrap=True)


def _is_ours(error: Exception) -> bool:
    if isinstance(error, OrchestrationError):
        return True
    from connectors.errors import ConnectorError
    from hygiene.errors import HygieneError

    return isinstance(error, ConnectorError | HygieneError)


def settings_of(config: Path | None, home: Path | None) -> Settings:
    """Settings of the environment, with what the command line says instead."""
    given: dict[str, Any] = {}
    if config is not None:
        given["config"] = config
    if home is not None:
        given["home"] = home
    return Settings(**given)


def need_config(settings: Settings) -> None:
    """Say at once that the configuration is missing: importing its models costs seconds.

    Raises:
        ConfigError: There is no file.
    """
    if not settings.config.is_file():
        raise ConfigError(
            str(settings.config.resolve()),
            [ConfigProblem("file", "not found; `tidycrm init` writes a commented one")],
        )
