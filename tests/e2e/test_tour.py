"""The five-minute tour without an account: sandbox, sync, edits, sync."""

from __future__ import annotations

import subprocess

import pytest

from tests.e2e.conftest import TIDYCRM, Project, differences, found_in, personal_leaks

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def live(project: Project, steps: int) -> None:
    command = [str(TIDYCRM), "sandbox", "live", "--folder", str(project.folder)]
    subprocess.run(
        [*command, "--steps", str(steps), "--seed", "3"],
        check=True,
        capture_output=True,
    )


def test_two_live_services_from_first_load_to_an_incremental_sync(
    sandbox: Project,
) -> None:
    first = sandbox.sync()
    assert first["published"] is True
    before = sandbox.tables()
    sources = {
        name
        for (name,) in sandbox.query(
            "select distinct source_name from bridge_contact_source_records"
        )
    }
    assert sources == {"salesforce", "hubspot"}
    assert sandbox.query("select count(*) from dim_accounts")[0][0] > 100
    ((revenue,),) = sandbox.query(
        "select sum(amount_reporting) from fct_revenue_events"
    )
    assert revenue > 0
    # Owners, stages and associations arrive as objects of their own over the API.
    assert sandbox.query(
        "select count(*) from fct_opportunities where source_type = 'hubspot' "
        "and golden_account_id is not null and status = 'won'"
    )[0][0]
    engaged = sandbox.query(
        "select activity_type from fct_activities where source_type = 'hubspot' "
        "and golden_contact_id is not null group by 1 order by 1"
    )
    assert [kind for (kind,) in engaged] == [
        *("call", "email", "meeting", "message", "note", "task"),
    ]
    assert sandbox.query(
        "select count(*) from fct_opportunity_line_items where source_type = 'hubspot' "
        "and is_counted and opportunity_id is not null and total_price_amount > 0"
    )[0][0]
    # Each of them is associated with one contact, and counted there.
    assert sandbox.query(
        "select count(*) from fct_activities where source_type = 'hubspot' "
        "and activity_type <> 'message'"
    ) == sandbox.query(
        "select sum(count_engagement_notes + count_engagement_tasks "
        "+ count_engagement_calls + count_engagement_meetings "
        "+ count_engagement_emails) from hubspot__contacts"
    )

    live(sandbox, 30)
    second = sandbox.sync()
    assert second["published"] is True
    assert 0 < second["rows_landed"] < first["rows_landed"] / 10
    changed = differences(before, sandbox.tables())
    assert {"dim_contacts", "bridge_contact_source_records"} & set(changed)
    kept = {row[0] for row in before["dim_contacts"]}
    redirected = {
        row[0] for row in sandbox.query("select old_id from identity_redirects")
    }
    now = {row[0] for row in sandbox.tables()["dim_contacts"]}
    assert kept <= now | redirected, "no golden id vanishes without a redirect"

    secrets = [b"sandbox-secret", b"sandbox-service-key", b"sandbox-access-token"]
    assert found_in(sandbox.home, secrets) == {}
    assert personal_leaks(sandbox, least=300) == set()

    third = sandbox.sync()
    assert (third["published"], third["rows_landed"]) == (False, 0)
