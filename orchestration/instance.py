"""The Dagster instance of a home: where runs and events are kept, and its dagster.yaml.

Belongs here: the two ways to keep them, SQLite in the home folder and Postgres. Starting
runs is the business of `sync`, starting services that of `serving`.
"""

from __future__ import annotations

import json
import os
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template

import dagster as dg

from orchestration.errors import DeploymentError
from orchestration.home import replace_text
from orchestration.workspace import Workspace

POSTGRES_VARIABLE = "TIDYCRM_POSTGRES_URL"
"""Named in dagster.yaml instead of its value: the file holds no password."""

EVENTS_PER_BATCH = 1_000

_EMBEDDED = """\
event_log_storage: # Dagster's own, with its statements compiled once
  module: orchestration.dagster_storage
  class: KeptEngineEventLogStorage
  config:
    base_dir: {event_logs}
"""
_SHARED = """\
storage:
  postgres:
    postgres_url:
      env: {variable}
"""


def with_driver(url: str) -> str:
    """Name the driver in the address: SQLAlchemy's default is another one.

    Example:
        >>> with_driver("postgresql://u:p@host/name")
        'postgresql+psycopg2://u:p@host/name'
    """
    scheme, separator, rest = url.partition("://")
    if scheme in ("postgres", "postgresql"):
        scheme = "postgresql+psycopg2"
    return f"{scheme}{separator}{rest}"


def write_instance(folder: Path, *, is_shared: bool) -> Path:
    """Write dagster.yaml, if it is not as it should be.

    Args:
        folder: DAGSTER_HOME.
        is_shared: Keep runs and events in the Postgres that the environment names.

    Raises:
        DeploymentError: Postgres is wanted, and its driver is not installed.
    """
    if is_shared and find_spec("dagster_postgres") is None:
        raise DeploymentError(
            f"Keeping runs in Postgres ({POSTGRES_VARIABLE} is set): the driver is not "
            'installed; expected is dagster-postgres. Install "tidycrm[postgres]", or '
            "unset the variable to keep runs in the home folder."
        )
    folder.mkdir(parents=True, exist_ok=True)
    storage = (
        _SHARED.format(variable=POSTGRES_VARIABLE)
        if is_shared
        else _EMBEDDED.format(event_logs=json.dumps(str(folder / "history" / "runs")))
    )
    template = Template(files("orchestration").joinpath("dagster.yaml").read_text())
    wanted = template.substitute(storage=storage.rstrip())
    configuration = folder / "dagster.yaml"
    if not configuration.exists() or configuration.read_text() != wanted:
        replace_text(configuration, wanted)
    return configuration


def open_instance(workspace: Workspace) -> dg.DagsterInstance:
    """The Dagster instance of this home, with its configuration written first.

    Raises:
        DeploymentError: Postgres is wanted and cannot be used.
    """
    folder = workspace.home.dagster
    write_instance(folder, is_shared=workspace.is_shared)
    if workspace.is_shared and POSTGRES_VARIABLE in os.environ:
        # Dagster reads the variable that dagster.yaml names, here and in its children.
        os.environ[POSTGRES_VARIABLE] = with_driver(os.environ[POSTGRES_VARIABLE])
    # The plan of a run is hundreds of events, which are stored together.
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", str(EVENTS_PER_BATCH))
    try:
        return dg.DagsterInstance.from_config(str(folder))
    except Exception as error:
        if not workspace.is_shared or not _is_about_postgres(error):
            raise
        raise DeploymentError(
            f"Opening the run storage that {POSTGRES_VARIABLE} names: Postgres did not "
            f"answer as expected ({type(error).__name__}). Check that the server runs, "
            "that host, user and database are right, and that the password is valid."
        ) from None


def _is_about_postgres(error: BaseException) -> bool:
    link: BaseException | None = error
    while link is not None:
        name = f"{type(link).__module__}.{type(link).__name__}"
        if name.startswith(("psycopg2", "sqlalchemy.exc", "dagster_postgres")):
            return True
        link = link.__cause__ or link.__context__
    return False
