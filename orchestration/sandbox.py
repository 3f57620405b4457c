"""`tidycrm sandbox`: live look-alikes of Salesforce and HubSpot with one made-up CRM.

Starts both servers on the same people, writes a tidycrm.yml that reads them through the
real connectors, and lets the CRM live on command. Nothing leaves this machine.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
import yaml

from connectors.sandbox import hubspot, hubspot_fill, salesforce, salesforce_fill
from connectors.sandbox.clock import SandboxClock
from connectors.sandbox.hubspot_clock import PortalClock
from connectors.sandbox.server import serve
from connectors.synthetic import generate
from orchestration.errors import PipelineError
from orchestration.home import replace_text

SEED = 7
_SALESFORCE_LOGIN = salesforce.Logins.__dataclass_fields__


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Two running servers and the configuration that reads them."""

    salesforce_url: str
    hubspot_url: str
    config: Path


@contextmanager
def run_sandbox(
    folder: Path,
    *,
    people: int,
    now: datetime,
    salesforce_port: int = 0,
    hubspot_port: int = 0,
) -> Iterator[Sandbox]:
    """Serve both look-alikes for as long as the context lasts.

    Args:
        folder: Where tidycrm.yml is written.
        people: How many people the CRM holds.
        now: Where the clocks of both services begin; they flow from there.
        salesforce_port: Port on 127.0.0.1; 0 takes any free one.
        hubspot_port: The same for HubSpot.
    """
    org = salesforce.Org(SandboxClock(now, elapsed=time.monotonic))
    clock = PortalClock(round(now.timestamp() * 1000), time.monotonic)
    portal = hubspot.Portal(clock)
    with tempfile.TemporaryDirectory(prefix="tidycrm-sandbox-") as scratch:
        exports = Path(scratch) / "exports"
        generate(exports, people=people, seed=SEED, as_of=now.date())
        salesforce_fill.fill_from_export(org, exports / "salesforce")
        hubspot_fill.fill_from_exports(portal, exports / "hubspot", seed=SEED)
        folder.mkdir(parents=True, exist_ok=True)
        rates = folder / "fx_rates.csv"
        rates.write_bytes((exports / "fx_rates.csv").read_bytes())
        service = salesforce.SalesforceSandbox(org, Path(scratch))
        with (
            serve(salesforce.create_app(service), port=salesforce_port) as org_url,
            serve(hubspot.create_app(portal, clock=clock), port=hubspot_port) as url,
        ):
            config = folder / "tidycrm.yml"
            replace_text(config, configuration(org_url, url, now))
            yield Sandbox(org_url, url, config)


def let_live(config: Path, *, steps: int, seed: int | None = None) -> dict[str, object]:
    """Let random, plausible things happen in both services of a running sandbox.

    Raises:
        PipelineError: No sandbox runs at the addresses of the configuration.
    """
    sources = yaml.safe_load(config.read_text(encoding="utf-8"))["sources"]
    chosen = random.randrange(2**31) if seed is None else seed  # noqa: S311
    done: dict[str, object] = {}
    for source in sources:
        try:
            if source["type"] == "salesforce_api":
                answer = httpx.post(
                    f"{source['instance_url']}/sandbox/do",
                    json={"what": "live", "steps": steps, "seed": chosen},
                    timeout=60,
                )
            else:
                answer = httpx.post(
                    f"{source['base_url']}/sandbox/live",
                    json={"steps": steps},
                    timeout=60,
                )
            done[source["name"]] = answer.raise_for_status().json()
        except httpx.HTTPError as error:
            raise PipelineError(
                f"letting {source['name']} live: no sandbox answers at the address in "
                f"{config} ({type(error).__name__}); start `tidycrm sandbox` and leave "
                "it running in another terminal"
            ) from error
    return done


def configuration(salesforce_url: str, hubspot_url: str, now: datetime) -> str:
    """A tidycrm.yml that reads two sandbox services."""
    document = {
        "version": 1,
        "sources": [
            {
                "name": "salesforce",
                "type": "salesforce_api",
                "login_url": salesforce_url,
                "instance_url": salesforce_url,
                "auth": {
                    "kind": "client_credentials",
                    "client_id": _SALESFORCE_LOGIN["client_id"].default,
                    "client_secret": _SALESFORCE_LOGIN["client_secret"].default,
                },
            },
            {
                "name": "hubspot",
                "type": "hubspot_api",
                "base_url": hubspot_url,
                "access_token": hubspot.TOKEN,
            },
        ],
        "metrics": {
            "as_of": now.date(),
            "reporting_currency": "EUR",
            "fx_rates": "fx_rates.csv",
        },
    }
    header = (
        "# Written by `tidycrm sandbox`: two local look-alikes with a made-up CRM. Their\n"
        "# credentials open nothing else; write your own as ${NAME} references.\n"
    )
    return header + yaml.safe_dump(document, sort_keys=False)
