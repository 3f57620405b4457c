"""How fast a HubSpot object lands beside the service's own time, and what changes cost.

Starts the HubSpot sandbox with contacts in a process of its own, without rate limits, so
that what is left is our overhead; `allowed_seconds` is what the calls would take at the
configured rate. Then syncs after no change, after some and after ten times as many. Prints
JSON.

    python -m benchmarks.extraction_hubspot --rows 20000 --fields 60
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx

from connectors.hubspot import HubspotApiConfig, extract_api
from connectors.landing import Landing
from connectors.sandbox.hubspot import TOKEN, Portal, PortalClock, create_app
from connectors.sandbox.hubspot_limits import NO_LIMITS
from connectors.sandbox.hubspot_portal import Record
from connectors.sandbox.hubspot_schema import PropertyDefinition
from connectors.sandbox.server import serve

START_MS = 1_780_000_000_000
FIRST_ID, STEP = 2_000_000, 17


def serve_portal(rows: int, fields: int) -> None:
    """Serve made-up contacts until the standard input ends; says the URL."""
    clock = PortalClock(START_MS)
    portal = Portal(clock)
    names = [f"custom_{number:03d}" for number in range(fields - 6)]
    for name in ("email", *names):
        portal.define("contacts", PropertyDefinition(name=name, label=name))
    records = []
    for number in range(rows):
        values = dict.fromkeys(names, f"value {number * 7 % 10007}")
        values["email"] = f"person{number}@company{number % 900}.example"
        moment = START_MS - 40_000_000_000 + number * 1_000
        records.append(
            Record(
                id=FIRST_ID + number * STEP,
                properties=values,
                created=moment,
                updated=moment,
            )
        )
    portal.load("contacts", records)
    with serve(create_app(portal, clock=clock, limits=NO_LIMITS)) as url:
        print(url, flush=True)
        sys.stdin.read()


def measure(rows: int, fields: int, changes: int) -> dict[str, object]:
    """Land everything, then changes."""
    command = [sys.executable, "-m", "benchmarks.extraction_hubspot", "--serve"]
    command += ["--rows", str(rows), "--fields", str(fields)]
    server = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    assert server.stdin is not None
    try:
        url = server.stdout.readline().strip()
        with tempfile.TemporaryDirectory() as folder:
            return _measure(url, Path(folder), rows, fields, changes)
    finally:
        server.stdin.close()
        server.wait(timeout=60)


def _measure(
    url: str, folder: Path, rows: int, fields: int, changes: int
) -> dict[str, object]:
    config = HubspotApiConfig(
        name="portal",
        access_token=TOKEN,
        base_url=url,
        objects=("contacts",),
        associations={},
        custom_objects=False,
        marketing=(),
        history_properties={},
        calls_per_10_seconds=1_000_000,
        searches_per_second=1_000_000,
    )
    landing = Landing(folder)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=url, timeout=60, headers=headers) as http:
        first = _sync(config, landing, http)
        _sync(config, landing, http)  # the overlap after the first load goes by
        later = [
            _after_changes(config, landing, http, rows, count)
            for count in (0, changes, 10 * changes)
        ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    default = HubspotApiConfig(name="portal", access_token=TOKEN).calls_per_10_seconds
    allowed = int(str(first["calls"])) / default * 10
    return {
        "rows": rows,
        "fields": fields,
        **first,
        "overhead_us_per_row": round(
            float(str(first["overhead_seconds"])) / rows * 1e6
        ),
        "allowed_seconds": round(allowed, 1),
        "incremental": later,
        "peak_rss_mib": round(peak),
    }


def _after_changes(
    config: HubspotApiConfig,
    landing: Landing,
    http: httpx.Client,
    rows: int,
    changes: int,
) -> dict[str, object]:
    """Change some records, and sync an hour later."""
    path = "/crm/objects/2026-03/contacts/batch/update"
    ids = [FIRST_ID + n * (rows // changes) * STEP for n in range(changes)]
    for start in range(0, len(ids), 100):
        inputs = [
            {"id": str(each), "properties": {"custom_000": f"changed {changes}"}}
            for each in ids[start : start + 100]
        ]
        http.post(path, json={"inputs": inputs}).raise_for_status()
    return {"changes": changes, **_sync(config, landing, http)}


def _sync(
    config: HubspotApiConfig, landing: Landing, http: httpx.Client
) -> dict[str, object]:
    now = http.post("/sandbox/clock", json={"advance_seconds": 3_600}).json()["now"]
    started = time.perf_counter()
    report = extract_api(
        config, landing, extracted_at=datetime.fromtimestamp(now / 1000, UTC)
    )
    seconds = time.perf_counter() - started
    assert report.usage is not None
    assert report.warnings == ()
    counts = report.counts.get("contacts")
    landed = counts.landed if counts is not None else 0
    return {
        "landed": landed,
        "seconds": round(seconds, 1),
        "seconds_of_the_service": round(report.usage.seconds, 1),
        "overhead_seconds": round(seconds - report.usage.seconds, 1),
        "calls": report.usage.calls,
    }


def main() -> None:
    """Parse arguments, measure once, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--fields", type=int, default=60)
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve_portal(given.rows, given.fields)
        return
    print(json.dumps(measure(given.rows, given.fields, given.changes), indent=2))


if __name__ == "__main__":
    main()
