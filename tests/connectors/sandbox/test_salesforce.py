"""The Salesforce look-alike against a client that others wrote, and against its words."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest
from simple_salesforce import Salesforce
from simple_salesforce.bulk2 import SFBulk2Handler
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
)

from connectors.sandbox.salesforce_fill import fill_from_export, fill_wide
from connectors.sandbox.salesforce_soql import SoqlError, parse
from connectors.synthetic import generate
from tests.connectors.salesforce.live import LiveOrg, control, live_org

TOKEN = "sandbox-access-token"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveOrg]:
    with live_org(tmp_path_factory.mktemp("org")) as org:
        for number in range(25):
            org.contact(f"Doe {number}", Description='a "quoted", text\nof two lines')
        yield org


@pytest.fixture
def http(live: LiveOrg) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    base = f"{live.url}/services/data/v62.0"
    with httpx.Client(base_url=base, headers=headers) as client:
        yield client


@pytest.fixture
def foreign(live: LiveOrg) -> Salesforce:
    """simple-salesforce, turned from the https that it insists on to our http."""
    client = Salesforce(instance="sandbox.test", session_id=TOKEN, version="62.0")
    client.base_url = f"{live.url}/services/data/v62.0/"
    client.sf_instance = live.url.removeprefix("http://")
    return client


def test_a_foreign_client_queries_and_counts(live, foreign) -> None:
    answer = foreign.query("SELECT Id, LastName FROM Contact ORDER BY LastName LIMIT 3")
    assert answer["totalSize"] == 3
    assert answer["records"][0]["attributes"]["type"] == "Contact"
    assert foreign.query("SELECT COUNT() FROM Contact")["totalSize"] == 25
    found = foreign.query(
        "SELECT Id FROM Contact WHERE LastName IN ('Doe 1', 'Doe 2') "
        "AND CreatedDate >= 2026-01-01T00:00:00Z AND IsDeleted = false"
    )
    assert found["totalSize"] == 2


def test_a_foreign_client_describes_and_is_told_errors_as_it_expects(
    live, foreign
) -> None:
    names = {item["name"] for item in foreign.describe()["sobjects"]}
    assert {"Contact", "Account"} <= names
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD"):
        foreign.query("SELECT Nope FROM Contact")
    foreign.session_id = "wrong"
    foreign.headers["Authorization"] = "Bearer wrong"
    with pytest.raises(SalesforceExpiredSession):
        foreign.query("SELECT Id FROM Contact")


def test_a_foreign_bulk_client_reads_every_page(live, monkeypatch) -> None:
    monkeypatch.setattr("simple_salesforce.bulk2.sleep", lambda _: None)
    handler = SFBulk2Handler(TOKEN, f"{live.url}/services/data/v62.0/jobs/")
    pages = list(
        handler.Contact.query_all(
            "SELECT Id, LastName, Description FROM Contact", max_records=10
        )
    )
    assert len(pages) == 3
    rows = [row for page in pages for row in csv.DictReader(io.StringIO(page))]
    assert len({row["Id"] for row in rows}) == 25
    assert rows[0]["Description"] == 'a "quoted", text\nof two lines'


def test_queries_hide_deleted_records_and_queryall_shows_them(live, http) -> None:
    record = live.contact("Gone")
    live.org.delete("Contact", record)
    query = {"q": f"SELECT Id, IsDeleted FROM Contact WHERE Id = '{record}'"}
    assert http.get("/query", params=query).json()["totalSize"] == 0
    found = http.get("/queryAll", params=query).json()
    assert found["records"][0]["IsDeleted"] is True
    live.org.purge("Contact", record)
    assert http.get("/queryAll", params=query).json()["totalSize"] == 0


def test_bulk_answers_as_documented(live, http) -> None:
    body = {"operation": "queryAll", "query": "SELECT Id, Email FROM Contact"}
    job = http.post("/jobs/query", json=body).json()
    assert (job["state"], job["object"]) == ("UploadComplete", "Contact")
    path = f"/jobs/query/{job['id']}"
    assert http.get(f"{path}/results").status_code == 400
    states = [http.get(path).json()["state"] for _ in range(2)]
    assert states == ["InProgress", "JobComplete"]
    page = http.get(f"{path}/results", params={"maxRecords": 20})
    assert page.headers["Sforce-NumberOfRecords"] == "20"
    assert page.headers["Sforce-Limit-Info"].startswith("api-usage=")
    # Every value is quoted, and nothing is told from nothing.
    assert page.text.splitlines()[0] == '"Id","Email"'
    assert page.text.splitlines()[1].endswith(',""')
    last = http.get(
        f"{path}/results", params={"locator": page.headers["Sforce-Locator"]}
    )
    assert last.headers["Sforce-Locator"] == "null"
    wrong = httpx.get(
        f"{live.url}/services/data/v61.0{path}/results",
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    assert wrong.status_code == 409
    assert http.delete(path).status_code == 204
    assert http.get(path).status_code == 404


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT Id FROM CaseStatus", "INVALID_TYPE"),
        ("SELECT Id, MailingAddress FROM Contact", "FUNCTIONALITY_NOT_ENABLED"),
        ("SELECT COUNT() FROM Contact", "FUNCTIONALITY_NOT_ENABLED"),
        ("SELECT Nope FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE (A = 1 OR B = 2)", "MALFORMED_QUERY"),
    ],
)
def test_bulk_refuses_what_the_real_one_refuses(live, http, query, code) -> None:
    body = {"operation": "query", "query": query}
    answer = http.post("/jobs/query", json=body)
    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == code


def test_a_filter_is_never_dropped(live) -> None:
    for query in (
        "SELECT Id FROM Contact WHERE LastName = 'a' OR LastName = 'b'",
        "SELECT Id FROM Contact GROUP BY LastName",
        "SELECT Id FROM Contact WHERE CreatedDate > yesterday",
    ):
        with pytest.raises(SoqlError):
            parse(query, live.org.objects)


def test_life_can_be_commanded_over_http(live) -> None:
    before = live.org.clock.now()
    assert control(live, "clock", {"advance_seconds": 60}).status_code == 200
    assert (live.org.clock.now() - before).total_seconds() == 60
    made = control(live, "do", {"what": "create", "object": "Account"}).json()["id"]
    other = control(live, "do", {"what": "create", "object": "Account"}).json()["id"]
    merge = {"what": "merge", "object": "Account", "id": made, "losers": [other]}
    assert control(live, "do", merge).status_code == 200
    rows = {row["Id"]: row for row in live.org.rows("Account")}
    assert rows[other]["MasterRecordId"] == made
    assert (
        control(live, "do", {"what": "explode", "object": "Account"}).status_code == 400
    )
    assert control(live, "do", {"what": "live", "steps": 5}).json() == {"steps": 5}


def test_the_daily_limit_is_told_and_kept(live, http) -> None:
    limits = http.get("/limits/").json()
    assert limits["DailyApiRequests"]["Max"] == live.sandbox.daily_limit
    control(live, "settings", {"daily_limit": live.sandbox.used})
    refused = http.get("/limits/")
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (
        403,
        "REQUEST_LIMIT_EXCEEDED",
    )
    control(live, "settings", {"daily_limit": 100_000})


def test_the_synthetic_crm_fills_the_org(tmp_path: Path) -> None:
    generate(tmp_path, people=1_000, seed=3, as_of=date(2026, 1, 1))
    with live_org(tmp_path / "org") as live:
        fill_from_export(live.org, tmp_path / "salesforce")
        objects = ("Account", "Contact", "Opportunity", "Task", "Health_Score__c")
        live.sync(objects=objects, overlap_seconds=0)
        for name in objects:
            assert live.org.ids(name)
            live.check(name)
        kinds = {row["_delete_kind"] for row in live.landed().values()}
        assert kinds == {None, "soft", "merged"}


def test_wide_records_for_speed_tests_land(tmp_path: Path) -> None:
    with live_org(tmp_path) as live:
        fill_wide(live.org, rows=5_000, fields=60)
        assert len(live.org.objects["Contact"].fields) == 60
        report = live.sync()
        assert report.counts["contact"].new == 5_000
        assert live.sandbox.bulk.jobs
