"""`tidycrm serve`: one service of a deployment, for a container or a systemd unit."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from orchestration.cli.common import ConfigOption, HomeOption, reported, settings_of

ORDER = 45

commands = typer.Typer()


@commands.command()
def serve(  # noqa: PLR0917 - Typer gives options by name
    role: Annotated[
        str, typer.Argument(help="code, web or daemon; see docs/deployment.md.")
    ],
    config: ConfigOption = None,
    home: HomeOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(help="Port to listen on (code 4000, web 3000).")
    ] = None,
    code_host: Annotated[
        str, typer.Option(help="Where web and daemon find code.")
    ] = "127.0.0.1",
    code_port: Annotated[int, typer.Option(help="Its port.")] = 4000,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="web shows, and starts nothing.")
    ] = False,
) -> None:
    """Run one service of a shared deployment in the foreground.

    `code` runs the pipeline, `web` is the Dagster UI, `daemon` schedules. With
    TIDYCRM_POSTGRES_URL they keep runs in Postgres, else in the home folder.
    """
    from orchestration.errors import DeploymentError
    from orchestration.serving import CODE_PORT, WEB_PORT, Role, prepare_service

    with reported():
        try:
            known = Role(role)
        except ValueError:
            raise DeploymentError(
                f"Starting the service {role!r}: there is none of that name; expected is "
                f"{', '.join(Role)}. See docs/deployment.md."
            ) from None
        service = prepare_service(
            known,
            settings_of(config, home),
            host=host,
            port=port or (CODE_PORT if known is Role.CODE else WEB_PORT),
            code_host=code_host,
            code_port=code_port,
            read_only=read_only,
        )
    # Becomes the service, so that its supervisor signals the right process.
    os.execve(  # noqa: S606 - our own program and arguments
        service.command[0], service.command, {**os.environ, **service.environment}
    )
