"""A year of syncs on a CRM that lives: faults, kills, readers, and what must hold.

Both sandbox services live between the syncs and misbehave on command. Most syncs run in
one long-lived process; some are killed at a random moment with SIGKILL, sometimes with
their dbt, sometimes without. After each sync the published file is compared with the
services and with the file before, while a reader in a process of its own opens it again
and again.

    python -m benchmarks.year --syncs 300 --folder year --out year.json

A year may be run in several sittings: with `--resume` the services live through what was
(their life is drawn from the seed alone), and the syncs go on where they ended.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.year_checks import Ledger, check_published
from benchmarks.year_world import (
    BLOCK,
    World,
    fingerprint,
    jump_between,
    live_an_hour,
    world,
)
from connectors.sandbox.faults import Fault, FaultKind
from orchestration.status import folder_bytes

KILL_RATE = 0.12
FAULT_RATE = 0.3
IDLE_RATE = 0.6
"""Share of hours in which nobody touches the CRM, unless the command line says another:
nights, weekends, quiet hours."""
_FAULTS = (
    FaultKind.SERVER_ERROR,
    FaultKind.CUT,
    FaultKind.TRUNCATE,
    FaultKind.LOST_ANSWER,
    FaultKind.HTML,
    FaultKind.UNAUTHORISED,
)


@dataclass
class Year:
    """What happened, in all sittings."""

    syncs: list[dict[str, Any]] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    disk: list[dict[str, Any]] = field(default_factory=list)
    readers: list[dict[str, Any]] = field(default_factory=list)
    planned: int = 0
    sittings: int = 1
    processes: int = 0

    def keep(self, file: Path, here: World, ledger: Ledger) -> None:
        """Write down what another sitting needs, so that a kill leaves the last state."""
        state = {
            # A Counter does not survive `asdict`.
            "year": asdict(replace(self, events=Counter())) | {"events": self.events},
            "golden": ledger.golden,
            "seen": {entity: sorted(ids) for entity, ids in ledger.seen.items()},
            "portal_clock": here.portal_clock(),
            "living": fingerprint(here),
        }
        beside = file.with_suffix(".new")
        beside.write_text(json.dumps(state))
        beside.replace(file)


def _resumed(file: Path, here: World, dice: random.Random, idle: float) -> Any:
    """Let the services live through the past; gives what was written down of it.

    Raises:
        SystemExit: Their life was another one, so nothing could be compared.
    """
    state = json.loads(file.read_text())
    year = Year(**state["year"] | {"events": Counter(state["year"]["events"])})
    for number in range(1, len(year.syncs)):
        live_an_hour(here, number, dice, idle, jump=jump_between(year.planned))
    here.portal_clock.advance((state["portal_clock"] - here.portal_clock()) / 1000)
    if fingerprint(here) != state["living"]:
        sys.exit(f"{file}: the services did not live as before; start a new year")
    ledger = Ledger(
        golden=state["golden"],
        seen={entity: set(ids) for entity, ids in state["seen"].items()},
    )
    year.sittings += 1
    return year, ledger


class Worker:
    """The process that syncs; started again after a kill."""

    def __init__(self, config: Path, home: Path, log: Path) -> None:
        self._command = [
            sys.executable,
            "-m",
            "benchmarks.year_worker",
            str(config),
            str(home),
        ]
        self._log = log
        self._process: subprocess.Popen[str] | None = None
        self.starts = 0

    def order(self, order: dict[str, Any]) -> subprocess.Popen[str]:
        """Start a sync; the answer is read with `answer`."""
        process = self._process
        if process is None or process.poll() is not None:
            with self._log.open("ab") as log:
                process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    start_new_session=True,
                    env={**os.environ, "DAGSTER_DISABLE_TELEMETRY": "1"},
                )
            self._process = process
            self.starts += 1
            assert process.stdout is not None
            process.stdout.readline()
        assert process.stdin is not None
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        return process

    def answer(self, process: subprocess.Popen[str]) -> dict[str, Any] | None:
        """Wait for the end of a sync; None if the process died."""
        assert process.stdout is not None
        line = process.stdout.readline()
        return json.loads(line) if line else None

    def kill(self, process: subprocess.Popen[str], *, with_children: bool) -> None:
        """End it without a word."""
        if with_children:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
        self._process = None

    def stop(self) -> None:
        """End it kindly."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(timeout=120)


def simulate(
    folder: Path,
    *,
    syncs: int,
    people: int,
    seed: int,
    minutes: float,
    out: Path,
    idle: float = IDLE_RATE,
    tests_every: int = 1,
    resume: bool = False,
) -> Year:
    """Run the year; ends early when the minutes are over."""
    deadline = time.monotonic() + minutes * 60
    home = folder / "data"
    state = folder / "year_so_far.json"
    published = home / "published" / "crm.duckdb"
    lives = random.Random(seed)  # noqa: S311 - decides what happens in the services
    with world(folder, people=people) as here:
        year, ledger = Year(planned=syncs), Ledger()
        if resume:
            year, ledger = _resumed(state, here, lives, idle)
        dice = random.Random(seed + year.sittings)  # noqa: S311 - decides made-up faults
        worker = Worker(here.config, home, folder / "worker.log")
        reader = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.year_checks", str(published)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        usual = 60.0
        before = year.processes
        for number in range(len(year.syncs), syncs):
            if time.monotonic() > deadline:
                break
            if number and not live_an_hour(
                here, number, lives, idle, jump=jump_between(year.planned)
            ):
                year.events["nothing happened"] += 1
            _plan_faults(here, dice, year, is_first=number == 0)
            order = {
                "prune": number % BLOCK == BLOCK - 1,
                "tests": number % tests_every == tests_every // 2,
            }
            process = worker.order(order)
            answer = None
            if number and dice.random() < KILL_RATE:
                answer = _killed(worker, process, dice, year, usual)
                for plan in here.plans:
                    plan.clear()
            if answer is None:
                answer = worker.answer(process) if process.poll() is None else None
            if answer is None:
                again = {"tests": order["tests"]}
                answer = worker.answer(worker.order(again)) or {"ok": False}
                year.events["repeated after a kill"] += 1
            _judge(year, number, answer, here, ledger, published)
            if answer.get("published"):
                usual = 0.7 * usual + 0.3 * float(answer["seconds"])
            if number % 5 == 0 or number == syncs - 1:
                year.disk.append({"sync": number + 1, **_sizes(home)})
            year.processes = before + worker.starts
            year.keep(state, here, ledger)
            _report(year, out, people=people)
        if len(year.syncs) >= syncs:
            for plan in here.plans:
                plan.clear()
            last = worker.answer(worker.order({"force": True, "prune": True})) or {}
            _judge(year, len(year.syncs), last, here, ledger, published)
            year.disk.append({"sync": len(year.syncs), **_sizes(home)})
        worker.stop()
        told, _ = reader.communicate("", timeout=120)
        year.readers.append(json.loads(told))
        year.keep(state, here, ledger)
    _report(year, out, people=people)
    return year


def _plan_faults(
    here: World, dice: random.Random, year: Year, *, is_first: bool
) -> None:
    for plan in here.plans:
        plan.clear()
        if is_first or dice.random() >= FAULT_RATE:
            continue
        kind = dice.choice(_FAULTS)
        # Mostly so few that retries heal it, sometimes so many that the source falls out.
        count = dice.choice((1, 1, 2, 40))
        plan.add(Fault(kind=kind, count=count, after=dice.randint(0, 20)))
        year.events[f"fault {kind}"] += 1


def _killed(
    worker: Worker,
    process: subprocess.Popen[str],
    dice: random.Random,
    year: Year,
    usual: float,
) -> dict[str, Any] | None:
    """Kill at a random moment; gives the answer of a sync that ended before."""
    import select

    assert process.stdout is not None
    moment = dice.uniform(0.02, 1.0) * usual
    if select.select([process.stdout], [], [], moment)[0]:
        return worker.answer(process)
    alone = dice.random() < 0.3
    worker.kill(process, with_children=not alone)
    year.events["killed, dbt went on" if alone else "killed"] += 1
    return None


def _judge(  # noqa: PLR0917 - one call, in order
    year: Year,
    number: int,
    answer: dict[str, Any],
    here: World,
    ledger: Ledger,
    published: Path,
) -> None:
    year.syncs.append(answer)
    if not answer.get("ok"):
        year.events["sync failed"] += 1
        year.problems.append(f"sync {number + 1}: {answer.get('error', 'no answer')}")
        return
    for name in answer["stale"]:
        year.events[f"stale {name}"] += 1
    year.events["published" if answer["published"] else "nothing to do"] += 1
    found = check_published(
        published, here.living(), ledger, is_current=not answer["stale"]
    )
    year.problems += [f"sync {number + 1}: {each}" for each in found]


def _sizes(home: Path) -> dict[str, float]:
    parts = ("landing", "stages", "state", "published", "dagster", "dbt", "reports")
    sizes = {name: round(folder_bytes(home / name) / 1e6, 2) for name in parts}
    sizes["warehouse"] = round(folder_bytes(home / "warehouse.duckdb") / 1e6, 2)
    return {**sizes, "files": sum(1 for _ in home.rglob("*"))}


def _report(year: Year, out: Path, *, people: int) -> None:
    done = [each for each in year.syncs if each.get("ok")]

    def middle(name: str, *, published: bool) -> float | None:
        values = sorted(each[name] for each in done if each["published"] is published)
        return values[len(values) // 2] if values else None

    out.write_text(
        json.dumps(
            {
                "people": people,
                "syncs": len(year.syncs),
                "sittings": year.sittings,
                "processes": year.processes,
                "events": dict(sorted(year.events.items())),
                "problems": year.problems,
                "readers": year.readers,
                "rows_landed": sum(each["rows_landed"] for each in done),
                "median_seconds_published": middle("seconds", published=True),
                "median_cpu_seconds_published": middle("cpu_seconds", published=True),
                "median_seconds_nothing": middle("seconds", published=False),
                "median_cpu_seconds_nothing": middle("cpu_seconds", published=False),
                "peak_rss_mb": max((each["rss_mb"] for each in done), default=None),
                "disk_mb": year.disk,
            },
            indent=1,
        )
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--syncs", type=int, default=300)
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=24 * 60)
    parser.add_argument(
        "--tests-every",
        type=int,
        default=1,
        help="Run dbt's tests in every n-th sync only: they take most of its time.",
    )
    parser.add_argument("--idle", type=float, default=IDLE_RATE)
    parser.add_argument(
        "--resume", action="store_true", help="Go on with the year of this folder."
    )
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    year = simulate(
        arguments.folder,
        syncs=arguments.syncs,
        people=arguments.people,
        seed=arguments.seed,
        minutes=arguments.minutes,
        out=arguments.out,
        idle=arguments.idle,
        tests_every=arguments.tests_every,
        resume=arguments.resume,
    )
    print(f"{len(year.syncs)} syncs, {len(year.problems)} problems: {arguments.out}")
    sys.exit(bool(year.problems))


if __name__ == "__main__":
    main()
