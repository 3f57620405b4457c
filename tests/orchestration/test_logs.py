"""Log lines for machines: valid JSON, the run's id, no text of foreign errors."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from orchestration.logs import JsonFormatter, held_stderr, json_console


def test_a_line_of_a_run_names_run_and_step() -> None:
    record = logging.LogRecord("tidycrm", logging.INFO, "", 1, "long %s", ("x",), None)
    record.dagster_meta = {
        "run_id": "r1",
        "job_name": "sync",
        "step_key": "landing",
        "orig_message": "3 rows\nlanded",
        "dagster_event": None,
    }
    text = JsonFormatter().format(record)
    assert "\n" not in text
    line = json.loads(text)
    assert (line["run_id"], line["step"]) == ("r1", "landing")
    assert line["message"] == "3 rows\nlanded"
    assert line["at"].endswith("+00:00")


def test_an_error_is_named_and_not_quoted() -> None:
    try:
        raise ValueError("Ada Lovelace")  # noqa: TRY301
    except ValueError:
        record = logging.LogRecord(
            "x", logging.ERROR, "", 1, "failed", None, sys.exc_info()
        )
    text = JsonFormatter().format(record)
    assert json.loads(text)["error"] == "ValueError"
    assert "Ada" not in text


def test_lines_reach_standard_error_while_it_is_redirected(
    capfd: pytest.CaptureFixture[str],
) -> None:
    import os

    import dagster as dg

    with held_stderr():
        saved, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 2)
        try:
            context = dg.build_init_logger_context({"log_level": "INFO"})
            json_console(context).info("hello")
        finally:
            os.dup2(saved, 2)
    assert json.loads(capfd.readouterr().err)["message"] == "hello"
