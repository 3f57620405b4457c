"""What the help of the commands promises is what a person gets to read."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from rich.text import Text
from typer.main import get_command

from orchestration.cli import app


def _commands(
    command: click.Command, name: str = "tidycrm"
) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    for child, each in getattr(command, "commands", {}).items():
        yield from _commands(each, f"{name} {child}")


ALL = dict(_commands(get_command(app)))


@pytest.mark.parametrize("name", list(ALL))
def test_nothing_of_a_help_text_is_taken_for_markup(name: str) -> None:
    """Square brackets are markup to the terminal: `[./data]` would not be shown."""
    command = ALL[name]
    texts = [command.help, *(getattr(each, "help", None) for each in command.params)]
    for text in texts:
        assert text is None or Text.from_markup(text).plain == text


@pytest.mark.parametrize("name", [each for each in ALL if each != "tidycrm"])
def test_every_command_says_what_it_does(name: str) -> None:
    assert (ALL[name].help or "").strip()
