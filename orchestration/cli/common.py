"""What the commands share: options, settings, and how errors end a command.

No command belongs here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from orchestration.errors import OrchestrationError
from orchestration.settings import Settings

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Configuration file [tidycrm.yml]."),
]
HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Data folder [./data].")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]

errors = Console(stderr=True)


@contextmanager
def reported() -> Iterator[None]:
    """Turn errors that tidycrm raises on purpose into one message and exit code 1."""
    from connectors.errors import ConnectorError
    from hygiene.errors import HygieneError

    try:
        yield
    except (OrchestrationError, ConnectorError, HygieneError) as error:
        errors.print("[bold red]Not done.[/]", end=" ")
        errors.print(str(error), markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error


def settings_of(config: Path | None, home: Path | None) -> Settings:
    """Settings of the environment, with what the command line says instead."""
    given: dict[str, Any] = {}
    if config is not None:
        given["config"] = config
    if home is not None:
        given["home"] = home
    return Settings(**given)
