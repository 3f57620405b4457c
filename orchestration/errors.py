"""What can go wrong while tidycrm is configured, run and published.

OrchestrationError
|-- ConfigError          tidycrm.yml cannot be used; carries every problem at once
|-- BusyError            another tidycrm process works on the same home folder
|-- PipelineError        a run ended without publishing; carries what failed and why
|-- AlertError           a channel did not take a message; never stops a run
|-- DeploymentError      a service of a shared deployment cannot start as configured
|-- StateError           the home was written by a version that this one cannot read
|-- BackupError          an archive cannot be written or restored
|-- ExportError          tables cannot be written as files for another tool
`-- PublishError         the new warehouse file did not pass its own verification

Messages never carry cell values: they name files, tables, columns and counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class OrchestrationError(Exception):
    """Base of every error that this package raises on purpose."""


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One mistake in tidycrm.yml: where it is, what is wrong, how to fix it."""

    path: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        where = f"{self.path} (line {self.line})" if self.line else self.path
        return f"{where}: {self.message}"


class ConfigError(OrchestrationError):
    """The configuration as a whole cannot be used."""

    def __init__(self, file: str, problems: Sequence[ConfigProblem]) -> None:
        self.file = file
        self.problems = tuple(problems)
        count = len(self.problems)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        noun = "problem" if count == 1 else "problems"
        super().__init__(
            f"{file} has {count} {noun}; nothing was run.\n{lines}\n"
            "Fix them and run the command again; `tidycrm init` writes a commented "
            "example."
        )


class BusyError(OrchestrationError):
    """Another process holds the home folder."""


class PipelineError(OrchestrationError):
    """A run ended without publishing."""

    def __init__(self, message: str, *, run_id: str | None = None) -> None:
        self.run_id = run_id
        super().__init__(message)


class PublishError(OrchestrationError):
    """The new published file was not the same as the warehouse; nothing was swapped."""


class BackupError(OrchestrationError):
    """An archive cannot be used, or there is nothing to back up; nothing was changed."""


class ExportError(OrchestrationError):
    """Tables cannot be exported as asked; files of an earlier export stay."""


class DeploymentError(OrchestrationError):
    """A service cannot start as it is configured; nothing was started."""


class StateError(OrchestrationError):
    """The state in the home folder is not of a version that can be used."""


class AlertError(OrchestrationError):
    """A channel did not take a message; names no address and no secret."""
