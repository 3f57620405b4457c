"""Serves a sandbox on this machine: 127.0.0.1, a free port, a thread, a clean stop.

Belongs here: the life of the server. What it answers is the application's.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn
from starlette.types import ASGIApp

HOST = "127.0.0.1"
_START_SECONDS = 30.0


@contextmanager
def serve(app: ASGIApp, *, port: int = 0, is_dated: bool = False) -> Iterator[str]:
    """Serve an application in a thread for as long as the context lasts.

    Args:
        app: An ASGI application.
        port: 0 takes any free port.
        is_dated: Tell this machine's time in the Date header, for an application that has
            no clock of its own.

    Yields:
        The base URL, such as `http://127.0.0.1:40123`.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with listener:
        listener.bind((HOST, port))
        server = uvicorn.Server(server_config(app, is_dated=is_dated))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            deadline = time.monotonic() + _START_SECONDS
            while not server.started and thread.is_alive():
                if time.monotonic() > deadline:
                    raise TimeoutError("the sandbox did not start in 30 s")
                time.sleep(0.01)
            yield f"http://{HOST}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            server.force_exit = True
            thread.join(timeout=10.0)


def server_config(app: ASGIApp, *, is_dated: bool = False) -> uvicorn.Config:
    """Configure the server: quiet, and dated by the sandbox's own clock if at all."""
    return uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        lifespan="off",
        server_header=False,
        date_header=is_dated,
        timeout_graceful_shutdown=2,
    )
