"""Run a command and watch the memory of its whole process tree."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

SAMPLE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Measured:
    """One finished command.

    Attributes:
        seconds: Wall clock.
        output: Standard output.
        samples: (Unix time, resident bytes of the process tree), five a second.
    """

    seconds: float
    output: str
    samples: tuple[tuple[float, int], ...]

    @property
    def peak_bytes(self) -> int:
        """Largest resident size of the process tree that was seen."""
        return max((size for _, size in self.samples), default=0)

    def peak_between(self, start: float, end: float) -> int:
        """Largest resident size between two instants."""
        return max((size for at, size in self.samples if start <= at <= end), default=0)


def measure(command: Sequence[str], *, cwd: Path) -> Measured:
    """Run a command to its end.

    Raises:
        RuntimeError: It failed; carries the end of what it printed.
    """
    samples: list[tuple[float, int]] = []
    began = time.monotonic()
    process = subprocess.Popen(
        list(command),
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    done = threading.Event()

    def watch() -> None:
        root = psutil.Process(process.pid)
        while not done.wait(SAMPLE_SECONDS):
            samples.append((time.time(), _resident(root)))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    output, errors = process.communicate()
    done.set()
    watcher.join()
    if process.returncode != 0:
        raise RuntimeError(
            f"{' '.join(command)} ended with {process.returncode}:\n{errors[-3000:]}"
        )
    return Measured(time.monotonic() - began, output, tuple(samples))


def _resident(root: psutil.Process) -> int:
    total = 0
    try:
        for process in [root, *root.children(recursive=True)]:
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
    except psutil.NoSuchProcess:
        return 0
    return total
