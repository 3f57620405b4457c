"""The services of a deployment: what to start, with which arguments and environment.

Belongs here: the three roles and their command lines, the same for a container and a
systemd unit. Only `code` knows the configuration, its secrets and the data; `web` shows
what happened, `daemon` decides when something runs. Nothing is started here.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from orchestration.errors import DeploymentError
from orchestration.home import Home, replace_text
from orchestration.instance import POSTGRES_VARIABLE, with_driver, write_instance
from orchestration.settings import Settings

CODE_PORT = 4000
WEB_PORT = 3000
LOCATION = "tidycrm"


class Role(StrEnum):
    """What one service of a deployment does."""

    CODE = "code"
    """Loads tidycrm.yml and runs the pipeline; needs the data folder and the secrets."""
    WEB = "web"
    """The Dagster UI; put an authenticating proxy in front of it."""
    DAEMON = "daemon"
    """Schedules, sensors, the queue of runs."""


@dataclass(frozen=True, slots=True)
class Service:
    """One process to start."""

    command: tuple[str, ...]
    environment: dict[str, str]


def prepare_service(
    role: Role,
    settings: Settings,
    *,
    host: str,
    port: int,
    code_host: str,
    code_port: int,
    read_only: bool = False,
) -> Service:
    """Write what a service reads at its start, and say how to start it.

    Args:
        role: Which service.
        settings: Home and configuration; `web` and `daemon` need no configuration.
        host: Address that `code` and `web` listen on.
        port: Their port.
        code_host: Where `web` and `daemon` find `code`.
        code_port: Its port.
        read_only: `web` shows everything and starts nothing.

    Raises:
        DeploymentError: The configuration file is missing, or Postgres cannot be used.
    """
    home = Home(settings.home.resolve())
    is_shared = settings.postgres_url is not None
    write_instance(home.dagster, is_shared=is_shared)
    environment = {
        "DAGSTER_HOME": str(home.dagster),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "TIDYCRM_HOME": str(home.root),
    }
    if settings.postgres_url is not None:
        environment[POSTGRES_VARIABLE] = with_driver(
            settings.postgres_url.get_secret_value()
        )
    programs = Path(sys.executable).parent
    if role is Role.CODE:
        config = settings.config.resolve()
        if not config.is_file():
            raise DeploymentError(
                f"Starting the service `code`: there is no configuration at {config}. "
                "Set TIDYCRM_CONFIG or --config; `tidycrm init` writes one."
            )
        environment["TIDYCRM_CONFIG"] = str(config)
        arguments = ("api", "grpc", "-m", "orchestration.definitions")
        where = ("-h", host, "-p", str(port), "--location-name", LOCATION)
        return Service((str(programs / "dagster"), *arguments, *where), environment)
    workspace = str(_workspace_file(home, code_host, code_port))
    if role is Role.DAEMON:
        return Service(
            (str(programs / "dagster-daemon"), "run", "-w", workspace), environment
        )
    web = ("-h", host, "-p", str(port), "-w", workspace)
    extra = ("--read-only",) if read_only else ()
    return Service((str(programs / "dagster-webserver"), *web, *extra), environment)


def _workspace_file(home: Home, host: str, port: int) -> Path:
    target = home.dagster / "workspace.yaml"
    # JSON is YAML; written whole, because two services may start at once.
    server = {"host": host, "port": port, "location_name": LOCATION}
    replace_text(target, json.dumps({"load_from": [{"grpc_server": server}]}, indent=1))
    return target
