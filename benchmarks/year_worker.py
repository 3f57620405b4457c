"""The process that syncs in the year simulation: one line in, one sync, one line out.

Belongs here: running syncs one after the other in one process, because starting Python
costs more than a small sync. The year itself, the faults and the kills are in `year`.

    {"force": false, "prune": false, "tests": true}  ->  {"published": true, "seconds": 9.1, ...}
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster_dbt import DbtCliResource

from orchestration.errors import BusyError, OrchestrationError
from orchestration.instance import open_instance
from orchestration.settings import Settings
from orchestration.sync import run_sync
from orchestration.workspace import open_workspace


def _once(config: Path, home: Path, order: dict[str, Any]) -> dict[str, Any]:
    from orchestration.pruning import prune

    began, cpu = time.monotonic(), _cpu_seconds()
    workspace = open_workspace(Settings(config=config, home=home))
    answer: dict[str, Any] = {}
    try:
        with _tests(bool(order.get("tests", True))):
            outcome = run_sync(
                workspace, force=bool(order.get("force")), wait_seconds=900
            )
        answer = {
            "ok": True,
            "published": outcome.published,
            "rows_landed": outcome.rows_landed,
            "stale": [each.name for each in outcome.stale],
        }
        if order.get("prune"):
            with open_instance(workspace) as instance:
                prune(workspace, instance, now=workspace.clock())
    except OrchestrationError as error:
        answer = {
            "ok": False,
            "busy": isinstance(error, BusyError),
            "error": str(error)[:1500],
        }
    answer |= {
        "seconds": round(time.monotonic() - began, 2),
        "cpu_seconds": round(_cpu_seconds() - cpu, 2),
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    return answer


@contextmanager
def _tests(wanted: bool) -> Iterator[None]:
    """Let dbt build the models with or without their tests."""
    usual = DbtCliResource.cli

    def models_only(self: Any, args: list[str], **rest: Any) -> Any:
        return usual(self, [*args, "--exclude-resource-type", "test"], **rest)

    if not wanted:
        DbtCliResource.cli = models_only  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        DbtCliResource.cli = usual  # type: ignore[method-assign]


def _cpu_seconds() -> float:
    used = [
        resource.getrusage(who)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> None:
    """Answer orders from standard input until it ends."""
    config, home = Path(sys.argv[1]), Path(sys.argv[2])
    # Dagster and dbt write to standard output: answers go to a descriptor of their own.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    answers.write('{"ready": true}\n')
    answers.flush()
    for line in sys.stdin:
        answers.write(json.dumps(_once(config, home, json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
