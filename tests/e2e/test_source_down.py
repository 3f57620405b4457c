"""One live service is down: the other goes on, and everybody can see what is old."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
import yaml

from tests.e2e.conftest import Project, personal_leaks

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def configure(project: Project, **hubspot: Any) -> dict[str, str]:
    """Operate HubSpot as given; returns the addresses of both services."""
    document = yaml.safe_load(project.config.read_text())
    salesforce, portal = document["sources"]
    portal.update({"retries": 0, **hubspot})
    project.configure(document)
    return {"salesforce": salesforce["instance_url"], "hubspot": portal["base_url"]}


def stale_sources(project: Project) -> dict[str, Any]:
    rows = project.query(
        "select split_part(item_name, '/', 1), bool_and(is_stale), any_value(stale_reason),"
        " min(synced_at) < min(stale_since) from publication where item_type = 'source' "
        "group by 1 order by 1"
    )
    return {name: rest for name, *rest in rows}


def test_hubspot_is_down_and_salesforce_goes_on(sandbox: Project) -> None:
    address = configure(sandbox)
    sandbox.sync()
    assert stale_sources(sandbox) == {
        "hubspot": [False, None, None],
        "salesforce": [False, None, None],
    }
    down = {"kind": "server_error", "count": 10_000, "status": 503}
    faults = f"{address['hubspot']}/sandbox/faults"
    httpx.post(faults, json={"seed": 1, "faults": [down]}).raise_for_status()
    httpx.post(
        f"{address['salesforce']}/sandbox/do",
        json={"what": "live", "steps": 20, "seed": 3},
        timeout=60,
    ).raise_for_status()

    second = sandbox.sync(code=3)
    assert second["published"] is True
    assert second["rows_landed"] > 0
    (told,) = second["stale_sources"]
    assert (told["name"], told["reason"]) == ("hubspot", "service_unavailable")
    assert stale_sources(sandbox) == {
        "hubspot": [True, "service_unavailable", True],
        "salesforce": [False, None, None],
    }
    state = json.loads(sandbox.run("status", "--json").stdout)
    assert [each["reason"] for each in state["sources"]] == [
        None,
        "service_unavailable",
    ]

    # Nothing else changes: nothing is built again, and still nobody may miss it.
    third = sandbox.run("sync")
    assert third.returncode == 3
    assert "Nothing changed" in third.stdout
    assert "Stale: hubspot" in third.stdout

    # Beyond the tolerance the publication stops, with the last one left in place.
    before = sandbox.published.read_bytes()
    configure(sandbox, max_staleness="1s")
    fourth = sandbox.run("sync")
    assert fourth.returncode == 1
    assert "max_staleness" in fourth.stderr
    assert sandbox.published.read_bytes() == before

    configure(sandbox, max_staleness="24h")
    httpx.delete(faults).raise_for_status()
    healed = sandbox.sync()
    assert healed["stale_sources"] == []
    assert stale_sources(sandbox)["hubspot"] == [False, None, None]
    # What went wrong was told in events and logs, without a word of the records.
    assert personal_leaks(sandbox, least=300) == set()
