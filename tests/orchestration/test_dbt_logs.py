"""The log files of dbt do not grow without end."""

from __future__ import annotations

import logging
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path

from dbt_common.events.logger import LoggerConfig, _TextLogger

from orchestration.dbt_build import LOG_BYTES, dbt_resource, log_options
from orchestration.workspace import Workspace
from tests.orchestration.conftest import TWO_SOURCES


def test_every_dbt_of_a_sync_is_told_where_its_log_ends(
    make_workspace: Callable[..., Workspace],
) -> None:
    workspace = make_workspace(TWO_SOURCES)
    options = log_options(workspace)
    assert options[-1] == str(LOG_BYTES)
    flags = dbt_resource(workspace).global_config_flags
    assert set(options) <= set(flags)
    # What a sync says is in the log of its step, and not in a file as well.
    assert flags[flags.index("--log-level-file") + 1] == "none"


def test_dbt_keeps_as_many_full_files_as_the_docs_say(tmp_path: Path) -> None:
    """Held by dbt itself: a release that keeps more shows here."""
    config = LoggerConfig(
        name="bounded",
        output_file_name=str(tmp_path / "dbt.log"),
        output_file_max_bytes=LOG_BYTES,
    )
    logger = _TextLogger(config)._python_logger
    assert isinstance(logger, logging.Logger)
    (handler,) = logger.handlers
    assert isinstance(handler, RotatingFileHandler)
    assert handler.maxBytes * (handler.backupCount + 1) == 12_000_000
