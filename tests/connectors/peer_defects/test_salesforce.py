"""What others lose or repeat when they read Salesforce, and we do not.

Each docstring names the defect and where it was reported. Where it is cheap, the test
first does what the other tool does, and shows that it fails on the same org.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from simple_salesforce.bulk2 import SFBulk2Handler
from simple_salesforce.exceptions import SalesforceExpiredSession

from connectors.landing import DriftKind
from connectors.salesforce.querying import QueryReader
from connectors.salesforce.service import SalesforceService
from connectors.sandbox.salesforce_bulk import BulkJobs
from connectors.sandbox.salesforce_schema import Field
from tests.connectors.salesforce.live import LiveOrg, live_org

TOKEN = "sandbox-access-token"


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveOrg]:
    with live_org(tmp_path) as org:
        yield org


def ask(live: LiveOrg, soql: str) -> httpx.Response:
    """Ask as other tools do: one REST query."""
    return httpx.get(
        f"{live.url}/services/data/v62.0/queryAll",
        params={"q": soql},
        headers={"Authorization": f"Bearer {TOKEN}"},
    )


def test_no_object_is_read_again_as_a_whole(live) -> None:
    """dlt's Salesforce source replaces contact, lead, user and campaign at each run.

    https://github.com/dlt-hub/verified-sources (sources/salesforce)
    """
    live.org.add_object("Lead", "00Q", ["LastName", "Company"])
    live.org.add_object("Campaign", "701", ["Name"])
    fields = {"Contact": "LastName", "Lead": "LastName", "User": "Name"}
    fields["Campaign"] = "Name"
    ids = {name: [live.org.create(name, {}) for _ in range(12)] for name in fields}
    live.clock.advance(7_200)
    live.sync(objects=tuple(fields))
    live.clock.advance(7_200)
    for name, field in fields.items():
        live.org.edit(name, ids[name][3], {field: "Changed"})
    report = live.sync(objects=tuple(fields))
    assert report.usage is not None
    assert report.usage.rows == len(fields)
    for name in fields:
        live.check(name)


def test_rows_at_the_edge_of_the_cursor_are_not_missed(live) -> None:
    """Records whose stamp equals, or lies just below, the saved cursor are lost.

    https://github.com/airbytehq/airbyte/issues/27146 and .../42490; dlt's Salesforce
    source asks with `>` as well.
    """
    live.contact("One")
    live.sync(overlap_seconds=0)
    saved = max(str(row["systemmodstamp"]) for row in live.landed().values())
    tie = live.contact("Tie")  # the clock stands: the very same stamp
    live.org.edit("Contact", tie, {}, seconds_ago=2)  # committed late, two seconds back
    theirs = ask(live, f"SELECT Id FROM Contact WHERE SystemModstamp > {saved}")
    assert theirs.json()["totalSize"] == 0
    live.sync()
    assert live.landed()[tie]["lastname"] == "Tie"
    live.check()


def test_a_change_of_schema_loses_no_row_and_no_history(live) -> None:
    """Opportunity rows are lost after the schema of the object changed.

    https://github.com/airbytehq/airbyte/issues/77627
    """
    live.org.add_object("Opportunity", "006", ["Name", "Score__c", "Old__c"])
    ids = [
        live.org.create("Opportunity", {"Name": f"Deal {n}", "Old__c": f"old {n}"})
        for n in range(20)
    ]
    live.clock.advance(7_200)
    live.sync(objects=("Opportunity",))
    live.clock.advance(7_200)
    live.org.remove_field("Opportunity", "Old__c")
    live.org.add_field("Opportunity", Field(name="New__c"), "filled without a stamp")
    live.org.retype_field("Opportunity", "Score__c", "double")
    live.org.edit("Opportunity", ids[0], {"Score__c": "5.0"})
    live.org.create("Opportunity", {"Name": "Born after the change"})
    live.org.delete("Opportunity", ids[1])
    report = live.sync(objects=("Opportunity",))
    assert report.warnings == ()
    live.check("Opportunity")
    assert {row["new__c"] for row in live.landed("opportunity").values()} >= {
        "filled without a stamp"
    }
    versions = live.landing.versions("salesforce", "opportunity", "crm").collect()
    assert versions["old__c"].drop_nulls().len() == 20
    kinds = {event.kind for event in live.landing.drift()}
    assert kinds == {
        DriftKind.COLUMN_ADDED,
        DriftKind.COLUMN_REMOVED,
        DriftKind.COLUMN_RETYPED,
    }


@pytest.mark.parametrize("threshold", [2_000, 0], ids=["rest", "bulk"])
def test_a_field_that_goes_between_description_and_query_loses_no_row(
    live, threshold, monkeypatch
) -> None:
    """The same report: the schema is known from earlier than the query.

    https://github.com/airbytehq/airbyte/issues/77627
    """
    live.contact("One")
    original = SalesforceService.get

    def get(service: SalesforceService, path: str, **options: object) -> object:
        found = original(service, path, **options)
        if path.endswith("/Contact/describe") and "Email" in (
            live.org.objects["Contact"].fields
        ):
            live.org.remove_field("Contact", "Email")
        return found

    monkeypatch.setattr(SalesforceService, "get", get)
    report = live.sync(bulk_threshold=threshold)
    assert report.warnings == ()
    live.check()


@pytest.mark.parametrize("threshold", [2_000, 0], ids=["rest", "bulk"])
def test_an_object_too_large_for_one_query_is_read_in_parts(live, threshold) -> None:
    """QUERY_TIMEOUT on a large Task object ends the sync.

    https://github.com/airbytehq/airbyte/issues/19947
    """
    live.org.add_object("Task", "00T", ["Subject", "Status"])
    for number in range(90):
        live.org.create("Task", {"Subject": f"Call {number}"})
        live.clock.advance(86_400)
    live.sandbox.bulk.slow_above = live.sandbox.queries.slow_above = 40
    theirs = ask(live, "SELECT Id, Subject FROM Task ORDER BY SystemModstamp")
    assert theirs.json()[0]["errorCode"] == "QUERY_TIMEOUT"
    objects = ("Task", "Contact")
    report = live.sync(objects=objects, bulk_threshold=threshold)
    assert report.warnings == ()
    assert any(" parts" in note for note in report.notes)
    live.check("Task")
    # So are the ids when they are compared, and nothing seems to be gone.
    live.clock.advance(86_400)
    report = live.sync(objects=objects, reconcile_every_days=0)
    assert report.is_unchanged
    live.check("Task")


def test_records_that_change_while_parts_are_read_are_met_later(
    live, monkeypatch
) -> None:
    """As above; a record that moves on in time must not fall between two parts."""
    live.org.add_object("Task", "00T", ["Subject"])
    ids = []
    for number in range(30):
        ids.append(live.org.create("Task", {"Subject": f"Call {number}"}))
        live.clock.advance(86_400)
    live.sandbox.bulk.slow_above = 12
    original = QueryReader._bulk

    def bulk(reader: QueryReader, *arguments: object) -> object:
        spool = original(reader, *arguments)  # type: ignore[arg-type]
        live.clock.advance(1)
        live.org.edit("Task", ids[-1], {"Subject": "Changed meanwhile"})
        live.org.edit("Task", ids[0], {"Subject": "Changed meanwhile"})
        return spool

    monkeypatch.setattr(QueryReader, "_bulk", bulk)
    live.sync(objects=("Task",), bulk_threshold=0)
    landed = live.landed("task")
    assert set(landed) == set(ids)
    assert not any(row["_is_deleted"] for row in landed.values())
    monkeypatch.undo()
    live.sandbox.bulk.slow_above = None
    live.sync(objects=("Task",))
    live.check("Task")


def test_an_org_that_gives_up_on_every_part_spares_the_other_objects(live) -> None:
    """As above, when nothing helps: an error with the next step, for this object only."""
    live.org.add_object("Task", "00T", ["Subject"])
    for _ in range(5):
        live.org.create("Task", {"Subject": "All in one second"})
    live.clock.advance(86_400)
    live.sandbox.bulk.slow_above = 3
    record = live.contact()
    report = live.sync(objects=("Task", "Contact"), bulk_threshold=0)
    assert report.skipped == ("task: QueryFailedError",)
    (warning,) = report.warnings
    assert "Read fewer fields" in warning
    assert record in live.landed()


def test_an_expired_session_between_pages_costs_nothing(live, monkeypatch) -> None:
    """simple-salesforce neither repeats nor logs in again within a Bulk 2.0 result.

    https://github.com/simple-salesforce/simple-salesforce (bulk2)
    """
    for number in range(25):
        live.contact(f"Doe {number}")
    monkeypatch.setattr("simple_salesforce.bulk2.sleep", lambda _: None)
    handler = SFBulk2Handler(TOKEN, f"{live.url}/services/data/v62.0/jobs/")
    theirs = handler.Contact.query("SELECT Id FROM Contact", max_records=10)
    next(theirs)
    live.sandbox.logins.expire()
    with pytest.raises(SalesforceExpiredSession):
        next(theirs)
    serve_page = BulkJobs.page

    def expire_after(jobs: BulkJobs, *arguments: object) -> object:
        live.sandbox.logins.expire()
        return serve_page(jobs, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(BulkJobs, "page", expire_after)
    assert live.sync(bulk_threshold=0, bulk_page_size=10).warnings == ()
    live.check()


def test_the_word_null_ends_the_pages(live) -> None:
    """dlt's paginator of header cursors asks on with the locator `null`, for ever.

    https://github.com/dlt-hub/dlt (HeaderCursorPaginator)
    """
    for number in range(20):
        live.contact(f"Doe {number}")
    live.sync(bulk_threshold=0, bulk_page_size=10)
    assert live.sandbox.bulk._pages == 2
    live.check()


def test_every_field_of_every_object_is_read(live) -> None:
    """Toy readers name their fields: GoldenMatch's asks for Id, Name and Email.

    https://github.com/benseverndev-oss/goldenmatch (connectors/salesforce.py)
    """
    live.org.add_object("Plan__c", "a01", ["Name", "Seats__c", "Renewal__c"])
    live.org.create("Plan__c", {"Name": "Gold", "Seats__c": "5"})
    live.sync(objects=("Plan__c",))
    described = {item.name.lower() for item in live.org.objects["Plan__c"].stored()}
    (row,) = live.landed("plan__c").values()
    assert described <= row.keys()


def test_two_orgs_with_the_same_ids_stay_apart(live) -> None:
    """No package unites several Salesforce orgs; ids alone would mix them up.

    https://github.com/fivetran/dbt_hubspot/issues/130
    """
    record = live.contact("In both")
    live.sync()
    live.sync(name="other_org")
    live.org.edit("Contact", record, {"LastName": "Changed"})
    live.sync(name="other_org")
    assert live.landed()[record]["lastname"] == "In both"
    other = live.landing.current("salesforce", "contact", "other_org").collect()
    assert other["lastname"].to_list() == ["Changed"]
