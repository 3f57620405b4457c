"""The Salesforce look-alike and our connector against recordings of a real org.

The recordings and describes are those of CumulusCI, the specification is an unofficial
one. Compared are shapes: names, types, and the wording of errors; never values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from connectors.landing import TypeHint
from connectors.salesforce.describe import read_shape
from connectors.sandbox.salesforce_schema import Field
from tests.connectors.salesforce.live import LiveOrg, live_org

TOKEN = "sandbox-access-token"
CASSETTES = "salesforce/salesforce_cumulusci_cassettes/cumulusci"
DESCRIBED = (
    "Account",
    "Account_PersonAccount",
    "Case",
    "Contact",
    "Custom__c",
    "Event",
    "Lead",
    "Opportunity",
    "OpportunityContactRole",
)
_COMPOUND = ("address", "location", "base64", "complexvalue")


@pytest.fixture(scope="module")
def specs(shared_data: Path) -> Path:
    folder = shared_data.parent / "specs" / "salesforce"
    if not folder.is_dir():
        pytest.skip("the describes of a real org are not beside the sample data")
    return folder


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveOrg]:
    with live_org(tmp_path_factory.mktemp("org")) as org:
        for number in range(3):
            org.contact(f"Doe {number}", Email=None)
            org.org.create("Account", {"Name": f"Acme {number}"})
        yield org


@pytest.fixture(scope="module")
def recorded(shared_data: Path) -> list[tuple[str, str, int, Any]]:
    """Method, URI, status and JSON of every recorded call with a JSON answer."""
    found = []
    for path in sorted((shared_data / CASSETTES).rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        if "/query/?q=" not in text and "recordCount" not in text:
            continue
        for call in yaml.load(text, Loader=yaml.CSafeLoader).get("interactions") or []:
            if "request" not in call:  # a reference to a recording that many share
                continue
            request, response = call["request"], call["response"]
            try:
                body = json.loads(response["body"]["string"])
            except (KeyError, TypeError, ValueError):
                continue
            status = response["status"]["code"]
            found.append((request["method"], request["uri"], status, body))
    return found


def ask(live: LiveOrg, path: str, **params: str) -> httpx.Response:
    return httpx.get(
        f"{live.url}/services/data/v62.0{path}",
        params=params,
        headers={"Authorization": f"Bearer {TOKEN}"},
    )


def kind(value: Any) -> str:
    """Name the JSON type of a value; null fits any."""
    if isinstance(value, bool):
        return "boolean"
    return {int: "number", float: "number", str: "string"}.get(
        type(value), type(value).__name__
    )


def lacks(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Say which names of ours the recording has not, or has with another type."""
    wrong = []
    for name, value in ours.items():
        if name not in theirs:
            wrong.append(f"{name} is not in the recording")
        elif None not in (value, theirs[name]) and kind(value) != kind(theirs[name]):
            wrong.append(f"{name}: {kind(value)}, recorded {kind(theirs[name])}")
    return wrong


def test_queries_are_answered_as_recorded(live, recorded) -> None:
    answers = [
        body
        for method, uri, status, body in recorded
        if method == "GET" and "/query/?q=" in uri and status == 200
    ]
    assert len(answers) > 10
    ours = ask(live, "/query/", q="SELECT Id, Name FROM Account LIMIT 2").json()
    place = re.compile(r"^/services/data/v[0-9x.]+/sobjects/(\w+)/\w+$")
    record_kinds = set()
    for answer in answers:
        assert lacks(ours, answer) == []
        assert answer["done"] is True
        assert "nextRecordsUrl" not in answer
        for record in answer["records"]:
            assert next(iter(record)) == "attributes"
            if record["attributes"]["type"] == "AggregateResult":
                continue
            assert lacks(ours["records"][0]["attributes"], record["attributes"]) == []
            match = place.match(record["attributes"].get("url", ""))
            if match is not None:
                record_kinds.add(match[1])
                assert match[1] == record["attributes"]["type"]
    assert record_kinds
    assert all(place.match(each["attributes"]["url"]) for each in ours["records"])
    assert "nextRecordsUrl" not in ours


def test_counts_are_answered_as_recorded(live, recorded) -> None:
    answers = [
        body
        for _, uri, status, body in recorded
        if "recordCount" in uri and status < 300
    ]
    assert answers
    ours = ask(live, "/limits/recordCount", sObjects="Contact").json()
    for answer in answers:
        assert lacks(ours, answer) == []
        for item in answer["sObjects"]:
            assert lacks(ours["sObjects"][0], item) == []


def test_an_unknown_object_is_refused_in_the_recorded_words(live, shared_data) -> None:
    name = "TestCompositeParallelSalesforce.test_errors.yaml"
    (path,) = (shared_data / CASSETTES).rglob(name)
    (call,) = yaml.safe_load(path.read_text(encoding="utf-8"))["interactions"]
    (answer,) = json.loads(call["response"]["body"]["string"])["compositeResponse"]
    ours = ask(live, "/sobjects/Foo/describe")
    assert ours.status_code == answer["httpStatusCode"]
    assert ours.json() == answer["body"]


def test_the_list_of_objects_has_the_recorded_shape(live, specs) -> None:
    real = json.loads((specs / "describe" / "Global_describe.json").read_text())
    ours = ask(live, "/sobjects/").json()
    assert lacks(ours, real) == []
    theirs = {item["name"]: item for item in real["sobjects"]}
    for item in ours["sobjects"]:
        if item["name"] in theirs:
            assert lacks(item, theirs[item["name"]]) == []


def test_a_description_has_the_recorded_shape(live, specs) -> None:
    for name in ("Account", "Contact"):
        real = json.loads((specs / "describe" / f"{name}_describe.json").read_text())
        ours = ask(live, f"/sobjects/{name}/describe").json()
        assert lacks(ours, real) == []
        theirs = {field["name"]: field for field in real["fields"]}
        options = next(
            f["picklistValues"] for f in real["fields"] if f["picklistValues"]
        )
        for field in ours["fields"]:
            known = theirs.get(field["name"])
            assert known is None or lacks(field, known) == []
            assert known is None or field["type"] == known["type"]
            for option in field["picklistValues"]:
                assert lacks(option, options[0]) == []


@pytest.mark.parametrize("name", DESCRIBED)
def test_real_descriptions_are_read(specs, name) -> None:
    real = json.loads((specs / "describe" / f"{name}_describe.json").read_text())
    shape = read_shape(real)
    compound = {f["name"] for f in real["fields"] if f["type"] in _COMPOUND}
    read = {field.api_name for field in shape.fields}
    assert read == {f["name"] for f in real["fields"]} - compound
    assert len(shape.left_out) == len(compound)
    assert len(set(shape.columns)) == len(shape.columns)
    hints = {field.api_name: field.hint for field in shape.fields}
    for field in real["fields"]:
        if field["type"] in ("date", "datetime", "boolean"):
            assert hints[field["name"]] is TypeHint(field["type"])


@pytest.mark.parametrize(
    "name",
    ["Account_PersonAccount", pytest.param("Opportunity", marks=pytest.mark.slow)],
)
def test_an_object_as_wide_as_the_real_one_lands_both_ways(
    specs, tmp_path, name
) -> None:
    """250 fields of a real org, with one record that has a value in each of them."""
    real = json.loads((specs / "describe" / f"{name}_describe.json").read_text())
    with live_org(tmp_path) as live:
        system = (
            "Id",
            "IsDeleted",
            "CreatedDate",
            "LastModifiedDate",
            "SystemModstamp",
        )
        fields = [
            Field(
                name=field["name"],
                type=field["type"],
                is_calculated=field["calculated"],
                picklist=tuple(item["value"] for item in field["picklistValues"]),
            )
            for field in real["fields"]
            if field["name"] not in (*system, "MasterRecordId")
        ]
        live.org.add_object(real["name"], real["keyPrefix"] or "a00", fields)
        numeric = ("double", "currency", "percent", "int")
        values = {
            field.name: _sample(field.type, field.type in numeric)
            for field in fields
            if not field.is_compound
        }
        made = live.org.create(real["name"], values)
        for threshold in (2_000, 0):
            live.sync(objects=(real["name"],), bulk_threshold=threshold)
            live.check(real["name"])
        row = live.landed(real["name"].lower())[made]
        assert all(row[each.lower()] for each in values)


def _sample(kind_of_field: str, is_number: bool) -> str:
    if is_number:
        return "12.5"
    known = {
        "boolean": "true",
        "date": "2026-01-31",
        "datetime": "2026-01-31T10:00:00.000Z",
        "reference": "001SbxSbxSbxSbxAAA",
    }
    return known.get(kind_of_field, f"a {kind_of_field}")


def test_bulk_answers_follow_the_specification(live, specs) -> None:
    """Unofficial, as the vendor publishes none."""
    text = (
        specs / "api-evangelist" / "salesforce-query-jobs-api-openapi.yml"
    ).read_text()
    schemas = yaml.safe_load(text)["components"]["schemas"]
    promised = schemas["QueryJobInfo"]["properties"]
    states = set(schemas["JobState"]["enum"])
    headers = {"Authorization": f"Bearer {TOKEN}"}
    base = f"{live.url}/services/data/v62.0/jobs/query"
    body = {"operation": "queryAll", "query": "SELECT Id FROM Contact"}
    assert set(body) >= set(schemas["QueryJobRequest"]["required"])
    job = httpx.post(base, json=body, headers=headers).json()
    place = f"{base}/{job['id']}"
    seen = [job, *(httpx.get(place, headers=headers).json() for _ in range(2))]
    known = {"string": "string", "integer": "number", "number": "number"}
    for document in seen:
        assert document["state"] in states
        for name in document.keys() & promised.keys():
            wanted = known.get(promised[name].get("type", "string"), "string")
            assert kind(document[name]) == wanted, name
        assert len(document.keys() & promised.keys()) >= 6
    assert {"numberRecordsProcessed", "retries"} <= seen[-1].keys()
    refused = httpx.post(base, json=body | {"operation": "quer"}, headers=headers)
    assert refused.status_code == 400
    for error in refused.json():
        assert set(error) <= set(schemas["Error"]["properties"])
