"""A body that was streamed to disk.

Belongs here: the value, and writing the stream with its length check. Attempts and
verdicts are the client's.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import httpx

from connectors.errors import SpoolError

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One complete body on disk."""

    path: Path
    bytes: int
    sha256: str
    headers: httpx.Headers
    status: int


class ShortBodyError(Exception):
    """Fewer bytes arrived than the answer announced."""


def is_short(response: httpx.Response) -> bool:
    """Whether fewer raw bytes came than Content-Length announced."""
    announced = response.headers.get("content-length")
    received = response.num_bytes_downloaded
    # A transport of a test hands over bodies without downloading anything.
    return announced is not None and 0 < received != int(announced)


def stream_to_file(response: httpx.Response, target: Path) -> Download:
    """Write a streamed answer to `target` and check it against its announced length.

    Raises:
        ShortBodyError: The body is shorter than Content-Length.
        SpoolError: The disk does not take it.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with target.open("wb") as stream:
            for block in response.iter_bytes(_BLOCK):
                digest.update(block)
                size += len(block)
                stream.write(block)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise SpoolError(
            f"writing an answer to {target.name} after {size} bytes: the disk reported "
            f"{error.strerror or type(error).__name__}; free space where the landing "
            "zone lies and run again, nothing that was landed is lost"
        ) from error
    if is_short(response):
        raise ShortBodyError
    return Download(
        path=target,
        bytes=size,
        sha256=digest.hexdigest(),
        headers=response.headers,
        status=response.status_code,
    )
