"""How fast large objects land, and what small changes cost afterwards.

Starts the Salesforce sandbox with wide contacts in a process of its own, lands them with
one Bulk job, then syncs after no change, after some and after ten times as many; then the
same with HubSpot (`extraction_hubspot`), where our time above the service's own counts.
Prints JSON with both, and what was aimed at.

    python -m benchmarks.extraction --rows 1000000 --fields 60
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx

from connectors.landing import Landing
from connectors.salesforce import SalesforceApiConfig, extract_api
from connectors.sandbox.clock import SandboxClock
from connectors.sandbox.salesforce import Org, SalesforceSandbox, create_app
from connectors.sandbox.salesforce_fill import fill_wide
from connectors.sandbox.server import serve

START = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)
# What is aimed at, on two cores.
AIMS = {"rows": 1_000_000, "fields": 60, "seconds": 180, "peak_rss_mib": 1_024}


def serve_wide(rows: int, fields: int) -> None:
    """Serve wide contacts until the standard input ends; says the URL."""
    with tempfile.TemporaryDirectory() as folder:
        org = Org(SandboxClock(START))
        fill_wide(org, rows=rows, fields=fields)
        sandbox = SalesforceSandbox(org, Path(folder))
        with serve(create_app(sandbox)) as url:
            print(url, flush=True)
            sys.stdin.read()


def measure(rows: int, fields: int, changes: int, page_size: int) -> dict[str, object]:
    """Land everything, then the changes."""
    command = [sys.executable, "-m", "benchmarks.extraction", "--serve"]
    command += ["--rows", str(rows), "--fields", str(fields)]
    server = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    assert server.stdin is not None
    try:
        url = server.stdout.readline().strip()
        with tempfile.TemporaryDirectory() as folder:
            return _measure(
                url, Path(folder), rows, fields, changes, page_size=page_size
            )
    finally:
        server.stdin.close()
        server.wait(timeout=60)


def _measure(
    url: str, folder: Path, rows: int, fields: int, changes: int, *, page_size: int
) -> dict[str, object]:
    config = SalesforceApiConfig.model_validate(
        {
            "name": "crm",
            "instance_url": url,
            "auth": {"kind": "token", "access_token": "sandbox-access-token"},
            "objects": ("Contact",),
            "bulk_page_size": page_size,
        }
    )
    landing = Landing(folder)
    started = time.perf_counter()
    first = extract_api(config, landing, extracted_at=START)
    seconds = time.perf_counter() - started
    spent = resource.getrusage(resource.RUSAGE_SELF)
    peak = spent.ru_maxrss / 1024
    assert first.usage is not None
    later = [
        _after_changes(url, config, landing, rows, count)
        for count in (0, changes, 10 * changes)
    ]
    return {
        "rows": rows,
        "fields": fields,
        "landed": first.counts["contact"].new,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(spent.ru_utime + spent.ru_stime, 1),
        "seconds_of_the_service": round(first.usage.seconds, 1),
        "bytes": first.usage.bytes_received,
        "calls": first.usage.calls,
        "peak_rss_mib": round(peak),
        "aims": AIMS,
        "incremental": later,
        "load_average": round(os.getloadavg()[0], 1),
        "peak_rss_mib_after_changes": round(
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        ),
    }


def _after_changes(
    url: str, config: SalesforceApiConfig, landing: Landing, rows: int, changes: int
) -> dict[str, object]:
    """Change some records an hour later, and sync."""
    with httpx.Client(base_url=url, timeout=60) as http:
        http.post("/sandbox/clock", json={"advance_seconds": 3_600})
        for number in range(changes):
            record = f"003Sbx{number * (rows // changes):09d}AAA"
            what = {"what": "edit", "object": "Contact", "id": record}
            values = {"LastName": f"Changed {changes}"}
            http.post("/sandbox/do", json={**what, "values": values})
        http.post("/sandbox/clock", json={"advance_seconds": 5})
    started = time.perf_counter()
    report = extract_api(config, landing, extracted_at=START)
    assert report.usage is not None
    return {
        "changes": changes,
        "landed": report.counts["contact"].changed,
        "seconds": round(time.perf_counter() - started, 1),
        "calls": report.usage.calls,
        "rows_received": report.usage.rows,
    }


def main() -> None:
    """Parse arguments, measure once, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--fields", type=int, default=60)
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--page-size", type=int, default=100_000)
    parser.add_argument(
        "--hubspot-rows", type=int, default=20_000, help="0 leaves HubSpot out"
    )
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve_wide(given.rows, given.fields)
        return
    result = {
        "salesforce": measure(given.rows, given.fields, given.changes, given.page_size)
    }
    if given.hubspot_rows:
        result["hubspot"] = _measure_hubspot(
            given.hubspot_rows, given.fields, given.changes
        )
    print(json.dumps(result, indent=2))


def _measure_hubspot(rows: int, fields: int, changes: int) -> dict[str, object]:
    """Measure in a process of its own, so that each peak of memory is its own."""
    command = [sys.executable, "-m", "benchmarks.extraction_hubspot"]
    command += ["--rows", str(rows), "--fields", str(fields), "--changes", str(changes)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
