"""The `tidycrm` command: one verb per capability, exit code 0 only when it worked.

Belongs here: the command as a whole. Every module of `orchestration.cli.commands` that
has a Typer named `commands` joins by itself; what modules share is in `common`.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

import typer

from orchestration.cli import commands

LATE = 100
"""Place in the help of modules that name none."""


def build_app() -> typer.Typer:
    """Put the commands of all modules together, by their `ORDER`, then by name."""
    app = typer.Typer(
        name="tidycrm",
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,
        rich_markup_mode="rich",
        help="Turn messy CRM exports into one clean customer warehouse.",
    )
    modules = [
        import_module(f"{commands.__name__}.{found.name}")
        for found in pkgutil.iter_modules(commands.__path__)
    ]
    for module in sorted(modules, key=lambda each: getattr(each, "ORDER", LATE)):
        app.add_typer(module.commands)
    return app


app = build_app()


def main() -> None:
    """Entry point of the command."""
    app()
