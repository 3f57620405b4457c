"""`tidycrm doctor`: does the configuration fit the real world, and if not, what to do.

Looks, never changes. Files are extracted into a scratch folder with the real code, so
what the doctor accepts, the sync accepts; a live service is asked the least that tells.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import connectors.spreadsheet
from connectors.errors import ConnectorError
from connectors.findings import Level
from connectors.landing import Landing
from orchestration.config import VENDOR_OF_TYPE, SourceConfig, connector_config
from orchestration.dbt_build import dbt_executable
from orchestration.errors import BusyError, ConfigError
from orchestration.fx import write_fx_rates
from orchestration.home import exclusive
from orchestration.settings import Settings
from orchestration.sources import SOURCE_KINDS
from orchestration.workspace import Workspace, open_workspace

MINIMUM_FREE_BYTES = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked."""

    topic: str
    is_ok: bool
    text: str

    def as_dict(self) -> dict[str, Any]:
        """The finding for `--json`."""
        return asdict(self)


def examine(settings: Settings) -> Iterator[Finding]:
    """Check everything that a sync will need, in the order in which it needs it."""
    try:
        workspace = open_workspace(settings)
    except ConfigError as error:
        for problem in error.problems:
            yield Finding("configuration", False, f"{error.file}: {problem}")
        return
    count = len(workspace.config.sources)
    yield Finding(
        "configuration",
        True,
        f"{workspace.config_file.name} is valid: {count} sources",
    )
    yield from _sources(workspace)
    yield from _rates(workspace)
    yield from _machine(workspace)


def _sources(workspace: Workspace) -> Iterator[Finding]:
    for source in workspace.config.sources:
        vendor = VENDOR_OF_TYPE[source.type]
        check = SOURCE_KINDS[source.type].check
        if check is not None:
            for found in check(source, workspace.clock(), workspace.home):
                fix = f"; {found.fix}" if found.fix else ""
                yield Finding(
                    source.name,
                    found.level is not Level.FAIL,
                    f"{source.name} ({vendor}): {found.what}{fix}",
                )
            continue
        try:
            for line in _try_source(source, workspace):
                yield Finding(source.name, True, f"{source.name} ({vendor}): {line}")
        except ConnectorError as error:
            yield Finding(source.name, False, f"{source.name} ({vendor}): {error}")


def _try_source(source: SourceConfig, workspace: Workspace) -> Iterator[str]:
    """Extract into a landing zone that is thrown away: the real code, no trace."""
    if source.type == "spreadsheet":
        yield from connectors.spreadsheet.inspect_source(source)
    with tempfile.TemporaryDirectory(prefix="tidycrm-doctor-") as scratch:
        report = SOURCE_KINDS[source.type].extract(
            connector_config(source),
            Landing(Path(scratch)),
            workspace.clock(),
            None,
            workspace.home,
        )
        for name, counts in sorted(report.counts.items()):
            rejected = f", {counts.rejected:,} set aside" if counts.rejected else ""
            yield f"{name}: {counts.new:,} records{rejected}"
        yield from (*report.warnings, *report.notes)


def _rates(workspace: Workspace) -> Iterator[Finding]:
    configured = workspace.config.metrics.fx_rates
    if configured is None:
        return
    scratch = workspace.home.stage("fx_rates").with_name(".fx_rates.doctor.parquet")
    try:
        report = write_fx_rates(
            Path(configured), scratch, config_file=str(workspace.config_file)
        )
    except ConfigError as error:
        for problem in error.problems:
            yield Finding("fx_rates", False, str(problem))
    else:
        yield Finding(
            "fx_rates",
            True,
            f"exchange rates: {report.rows} rates of {report.currencies} currencies",
        )
    finally:
        scratch.unlink(missing_ok=True)


def _machine(workspace: Workspace) -> Iterator[Finding]:
    home = workspace.home.root
    home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(home).free
    yield Finding(
        "disk",
        free >= MINIMUM_FREE_BYTES,
        f"{free / 1024**3:,.1f} GiB free at {home}"
        + ("" if free >= MINIMUM_FREE_BYTES else "; at least 2 GiB are needed"),
    )
    try:
        with exclusive(workspace.home, purpose="tidycrm doctor"):
            yield Finding("lock", True, f"{home} is free for a sync")
    except BusyError as error:
        yield Finding("lock", False, str(error))
    found = subprocess.run(  # noqa: S603 - our own executable
        [str(dbt_executable()), "--version"],
        capture_output=True,
        check=False,
        timeout=120,
    )
    yield Finding(
        "dbt",
        found.returncode == 0,
        "dbt starts"
        if found.returncode == 0
        else f"{dbt_executable()} does not start; install tidycrm again",
    )
