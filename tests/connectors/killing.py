"""Syncs in processes of their own that are killed, and seeds that are told.

Belongs here: helpers of the tests of kills and of random lives. No test.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

SALESFORCE = ("connectors.salesforce", "SalesforceApiConfig")
HUBSPOT = ("connectors.hubspot", "HubspotApiConfig")

# Says a line when everything is imported, so that a kill hits the sync and not the start.
_RUN = """
import importlib, json, sys
from datetime import datetime
from pathlib import Path
from connectors.landing import Landing
vendor = importlib.import_module(sys.argv[1])
config = getattr(vendor, sys.argv[2]).model_validate(json.loads(sys.argv[3]))
print("started", flush=True)
vendor.extract_api(config, Landing(Path(sys.argv[4])),
                   extracted_at=datetime.fromisoformat(sys.argv[5]),
                   sleep=lambda seconds: None)
"""


@contextmanager
def seed_told(seed: int) -> Iterator[None]:
    """Say the seed when what is inside fails."""
    try:
        yield
    except BaseException:
        sys.stderr.write(f"seed {seed}\n")
        raise


@dataclass
class Sync:
    """One sync in a process of its own."""

    process: subprocess.Popen[str]

    @classmethod
    def start(
        cls,
        vendor: tuple[str, str],
        settings: Mapping[str, Any],
        landing: Path,
        moment: datetime,
    ) -> Sync:
        """Start it, and wait until it begins to read."""
        arguments = [*vendor, json.dumps(settings), str(landing), moment.isoformat()]
        process = subprocess.Popen(
            [sys.executable, "-c", _RUN, *arguments], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        return cls(process)

    def kill(self) -> bool:
        """Kill it as kill -9 does; whether it was still at work."""
        self.process.send_signal(signal.SIGKILL)
        return self._wait() == -signal.SIGKILL

    def finish(self) -> float:
        """Let it end by itself; seconds since this call."""
        began = time.monotonic()
        assert self._wait() == 0
        return time.monotonic() - began

    def _wait(self) -> int:
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait(timeout=300)
