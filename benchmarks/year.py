"""A year of syncs on a CRM that lives: faults, kills, readers, and what must hold.

Both sandbox services live between the syncs and misbehave on command. Most syncs run in
one long-lived process; some are killed at a random moment with SIGKILL, sometimes with
their dbt, sometimes without. After each sync the published file is compared with the
services and with the file before, while a reader in a process of its own opens it again
and again.

    python -m benchmarks.year --syncs 300 --folder year --out year.json
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from benchmarks.year_checks import Ledger, check_published
from connectors.sandbox import hubspot, hubspot_fill, salesforce, salesforce_fill
from connectors.sandbox.clock import SandboxClock
from connectors.sandbox.faults import Fault, FaultKind, FaultPlan
from connectors.sandbox.hubspot_clock import PortalClock
from connectors.sandbox.hubspot_life import PortalLife
from connectors.sandbox.salesforce_life import live
from connectors.sandbox.server import serve
from connectors.synthetic import generate
from orchestration.sandbox import configuration
from orchestration.status import folder_bytes

START = datetime(2026, 1, 15, 6, tzinfo=UTC)
KILL_RATE = 0.12
FAULT_RATE = 0.3
IDLE_RATE = 0.6
"""Share of hours in which nobody touches the CRM, unless the command line says another:
nights, weekends, quiet hours."""
BLOCK = 12
"""Hourly syncs in a row; between two blocks the clocks jump, so that a year passes."""
_FAULTS = (
    FaultKind.SERVER_ERROR,
    FaultKind.CUT,
    FaultKind.TRUNCATE,
    FaultKind.LOST_ANSWER,
    FaultKind.HTML,
    FaultKind.UNAUTHORISED,
)


@dataclass
class World:
    """Both services, their clocks and the configuration that reads them."""

    org: salesforce.Org
    portal: hubspot.Portal
    clock: SandboxClock
    portal_clock: PortalClock
    life: PortalLife
    plans: tuple[FaultPlan, FaultPlan]
    config: Path

    def advance(self, seconds: float) -> None:
        """Move both clocks and the as-of date of the configuration."""
        self.clock.advance(seconds)
        self.portal_clock.advance(seconds)
        document = yaml.safe_load(self.config.read_text())
        today = self.clock.now().date()
        if document["metrics"]["as_of"] != today:
            document["metrics"]["as_of"] = today
            self.config.write_text(yaml.safe_dump(document, sort_keys=False))

    def living(self) -> dict[str, set[str]]:
        """Ids that the services hold now."""
        stores = self.portal.stores
        return {
            "salesforce:contact": {*self.org.ids("Contact"), *self.org.ids("Lead")},
            "salesforce:account": set(self.org.ids("Account")),
            "hubspot:contact": _living_of(stores["contacts"]),
            "hubspot:account": _living_of(stores["companies"]),
        }


def _living_of(store: Any) -> set[str]:
    return {str(item[-1]) for item in store.by_update}


@dataclass
class Year:
    """What happened."""

    syncs: list[dict[str, Any]] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    disk: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def world(folder: Path, *, people: int) -> Iterator[World]:
    """Serve both services for as long as the context lasts."""
    clock = SandboxClock(START)
    portal_clock = PortalClock(round(START.timestamp() * 1000))
    org, portal = salesforce.Org(clock), hubspot.Portal(portal_clock)
    plans = (FaultPlan(), FaultPlan())
    with tempfile.TemporaryDirectory(prefix="tidycrm-year-") as scratch:
        exports = Path(scratch) / "exports"
        generate(exports, people=people, seed=7, as_of=START.date())
        salesforce_fill.fill_from_export(org, exports / "salesforce")
        hubspot_fill.fill_from_exports(portal, exports / "hubspot", seed=7)
        folder.mkdir(parents=True, exist_ok=True)
        _rates(exports / "fx_rates.csv", folder / "fx_rates.csv")
        service = salesforce.SalesforceSandbox(org, Path(scratch))
        service.faults = plans[0]
        app = hubspot.create_app(portal, clock=portal_clock, plan=plans[1])
        with serve(salesforce.create_app(service)) as org_url, serve(app) as url:
            config = folder / "tidycrm.yml"
            document = yaml.safe_load(configuration(org_url, url, START))
            for source in document["sources"]:
                source |= {"retries": 2, "retry_delay": "0s"}
            document["publish"] = {"keep_versions": 3}
            document["retention"] = {
                "runs": "20m",
                "leftovers": "20m",
                "landing_files": 12,
            }
            config.write_text(yaml.safe_dump(document, sort_keys=False))
            life = PortalLife(portal, random.Random(11))  # noqa: S311 - made-up life
            yield World(org, portal, clock, portal_clock, life, plans, config)


def _rates(source: Path, target: Path) -> None:
    """Carry the last rate of every currency on through the year."""
    header, *rows = source.read_text().splitlines()
    names = header.split(",")
    last: dict[str, list[str]] = {}
    for row in rows:
        values = row.split(",")
        last[values[names.index("currency")]] = values
    place = names.index("rate_date")
    for month in range(1, 14):
        day = (START + timedelta(days=30 * month)).date().isoformat()
        for values in last.values():
            rows.append(",".join([*values[:place], day, *values[place + 1 :]]))
    target.write_text("\n".join([header, *rows]) + "\n")


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
) -> Year:
    """Run the year; ends early when the minutes are over."""
    dice = random.Random(seed)  # noqa: S311 - decides made-up faults
    year, ledger = Year(), Ledger()
    deadline = time.monotonic() + minutes * 60
    blocks = max(1, -(-syncs // BLOCK))
    jump = 365 * 86400 / blocks - BLOCK * 3600
    home = folder / "data"
    published = home / "published" / "crm.duckdb"
    with world(folder, people=people) as here:
        worker = Worker(here.config, home, folder / "worker.log")
        reader = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.year_checks", str(published)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        usual = 60.0
        for number in range(syncs):
            if time.monotonic() > deadline:
                break
            is_jump = number > 0 and number % BLOCK == 0
            if number:
                here.advance(3600 + (jump if is_jump else 0))
            if is_jump or (number and dice.random() >= idle):
                live(here.org, dice.randint(1, 12), dice.randrange(2**31))
                here.life.live(dice.randint(1, 10))
            elif number:
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
                _report(year, out, people=people, starts=worker.starts, seen=None)
        for plan in here.plans:
            plan.clear()
        last = worker.answer(worker.order({"force": True, "prune": True})) or {}
        _judge(year, len(year.syncs), last, here, ledger, published)
        worker.stop()
        told, _ = reader.communicate("", timeout=120)
    year.disk.append({"sync": len(year.syncs), **_sizes(home)})
    _report(year, out, people=people, starts=worker.starts, seen=json.loads(told))
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


def _report(
    year: Year, out: Path, *, people: int, starts: int, seen: dict[str, Any] | None
) -> None:
    done = [each for each in year.syncs if each.get("ok")]

    def middle(name: str, *, published: bool) -> float | None:
        values = sorted(each[name] for each in done if each["published"] is published)
        return values[len(values) // 2] if values else None

    out.write_text(
        json.dumps(
            {
                "people": people,
                "syncs": len(year.syncs),
                "processes": starts,
                "events": dict(sorted(year.events.items())),
                "problems": year.problems,
                "reader": seen,
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
    )
    print(f"{len(year.syncs)} syncs, {len(year.problems)} problems: {arguments.out}")
    sys.exit(bool(year.problems))


if __name__ == "__main__":
    main()
