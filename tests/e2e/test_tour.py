"""The five-minute tour without an account: sandbox, sync, edits, sync."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import TIDYCRM, Project, differences, found_in

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def tour(tmp_path: Path) -> Iterator[Project]:
    """The folder of a running `tidycrm sandbox`."""
    server = subprocess.Popen(
        [str(TIDYCRM), "sandbox", "--folder", str(tmp_path)],
        env={**os.environ, "NO_COLOR": "1"},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    project = Project(tmp_path)
    try:
        deadline = time.monotonic() + 180
        while not project.config.exists():
            assert server.poll() is None, "the sandbox ended by itself"
            assert time.monotonic() < deadline, "the sandbox did not start"
            time.sleep(0.2)
        yield project
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def live(project: Project, steps: int) -> None:
    command = [str(TIDYCRM), "sandbox", "live", "--folder", str(project.folder)]
    subprocess.run(
        [*command, "--steps", str(steps), "--seed", "3"],
        check=True,
        capture_output=True,
    )


def test_two_live_services_from_first_load_to_an_incremental_sync(
    tour: Project,
) -> None:
    first = tour.sync()
    assert first["published"] is True
    before = tour.tables()
    sources = {
        name
        for (name,) in tour.query(
            "select distinct source_name from bridge_contact_source_records"
        )
    }
    assert sources == {"salesforce", "hubspot"}
    assert tour.query("select count(*) from dim_accounts")[0][0] > 100
    ((revenue,),) = tour.query("select sum(amount_reporting) from fct_revenue_events")
    assert revenue > 0
    # Owners, stages and associations arrive as objects of their own over the API.
    assert tour.query(
        "select count(*) from fct_opportunities where source_type = 'hubspot' "
        "and golden_account_id is not null and status = 'won'"
    )[0][0]

    live(tour, 30)
    second = tour.sync()
    assert second["published"] is True
    assert 0 < second["rows_landed"] < first["rows_landed"] / 10
    changed = differences(before, tour.tables())
    assert {"dim_contacts", "bridge_contact_source_records"} & set(changed)
    kept = {row[0] for row in before["dim_contacts"]}
    redirected = {row[0] for row in tour.query("select old_id from identity_redirects")}
    now = {row[0] for row in tour.tables()["dim_contacts"]}
    assert kept <= now | redirected, "no golden id vanishes without a redirect"

    secrets = [b"sandbox-secret", b"sandbox-service-key", b"sandbox-access-token"]
    assert found_in(tour.home, secrets) == {}

    third = tour.sync()
    assert (third["published"], third["rows_landed"]) == (False, 0)
