"""Structured logs: one JSON object per line, with the run's id on every line.

Belongs here: the console logger of runs and its format. Which events there are is decided
where they happen; they carry counts and names, never contents of records.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TextIO

import dagster as dg

from orchestration.workspace import Workspace

CONSOLE = "console"
NAMED_CONSOLE: dict[str, Any] = {"loggers": {CONSOLE: {}}}
"""Configuration of every job: Dagster gives a run only those loggers that it names, and
its own, which knows no format, to a run that names none."""

_held: list[TextIO] = []


@contextmanager
def held_stderr() -> Iterator[None]:
    """Let lines reach the present standard error while it is redirected elsewhere."""
    with os.fdopen(os.dup(sys.stderr.fileno()), "w", buffering=1) as stream:
        _held.append(stream)
        try:
            yield
        finally:
            _held.remove(stream)


class JsonFormatter(logging.Formatter):
    """Turns a record of Dagster, or of any library, into one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Give time (UTC), level, message, and where in which run it happened."""
        meta = getattr(record, "dagster_meta", None) or {}
        event = meta.get("dagster_event")
        message = meta.get("orig_message") or record.getMessage()
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname.lower(),
            "logger": record.name,
            "run_id": meta.get("run_id"),
            "job": meta.get("job_name"),
            "step": meta.get("step_key"),
            "event": getattr(event, "event_type_value", None),
            "message": message,
        }
        if record.exc_info and record.exc_info[0] is not None:
            # The class only: the text of a foreign error may quote data.
            line["error"] = record.exc_info[0].__name__
        return json.dumps({key: each for key, each in line.items() if each is not None})


@dg.logger(
    config_schema={
        "log_level": dg.Field(str, is_required=False, default_value="INFO"),
        "name": dg.Field(str, is_required=False, default_value="tidycrm"),
    },
    description="One JSON object per line on standard error, with the run's id.",
)
def json_console(context: dg.InitLoggerContext) -> logging.Logger:
    """Console logger for machines that collect logs."""
    level = str(context.logger_config["log_level"])
    logger = logging.Logger(str(context.logger_config["name"]), level=level)
    handler = logging.StreamHandler(_held[-1] if _held else sys.stderr)
    handler.setFormatter(JsonFormatter())
    logger.addHandler(handler)
    return logger


def console_of(workspace: Workspace) -> dict[str, dg.LoggerDefinition]:
    """The loggers of a code location."""
    chosen = json_console if workspace.has_json_logs else dg.colored_console_logger
    return {CONSOLE: chosen}
