"""Our connector against a look-alike of HubSpot that others wrote (PyPI `backlot`).

It speaks the older paths and is read-only: no properties, owners, pipelines, limits or
batches of associations.
What it has must land; what it lacks must be a warning and not the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import backlot
import pytest

from connectors.hubspot import HubspotApiConfig, extract_api
from connectors.landing import Landing, SourceReport

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def _record(kind: str, number: int, **properties: str) -> dict[str, Any]:
    instant = NOW - timedelta(days=30) + timedelta(minutes=number)
    moment = instant.isoformat()
    # It compares numbers, not times, so that the property holds milliseconds.
    changed_at = str(round(instant.timestamp() * 1000))
    changed = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
    return {
        "source_type": "hubspot",
        "doc_id": f"{kind}-{number}",
        "object_type": kind,
        "group": "sales",
        "title": f"{kind} {number}",
        "content": "x",
        "properties": properties | {changed: changed_at},
        "created": moment.replace("+00:00", "Z"),
        "updated": moment.replace("+00:00", "Z"),
        "visibility": "group",
        "author_email": "ann@example.com",
        "author_name": "Ann",
        "author_groups": ["sales"],
    }


@pytest.fixture(scope="module")
def server() -> Iterator[backlot.Server]:
    contacts = [
        _record("contacts", n, email=f"c{n}@example.com", firstname=f"First {n}")
        for n in range(230)
    ]
    companies = [_record("companies", n, name=f"Company {n}") for n in range(3)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BACKLOT_TELEMETRY", "0")
        with backlot.serve([*contacts, *companies], telemetry=False) as served:
            yield served


def _sync(server: backlot.Server, landing: Landing, **changes: Any) -> SourceReport:
    config = HubspotApiConfig(
        name="portal",
        access_token=server.token,
        base_url=f"{server.base_url}/hubspot",
        api_profile="v3",
        objects=("contacts", "companies"),
        associations={"contacts": ("companies",)},
        calls_per_10_seconds=100_000,
        searches_per_second=100_000,
        association_batch=100,
        **changes,
    )
    return extract_api(
        config, landing, extracted_at=NOW, sleep=lambda _: None, clock=lambda: 0.0
    )


def test_an_independent_look_alike_is_read_in_full_and_again(
    server: backlot.Server, tmp_path: Path
) -> None:
    landing = Landing(tmp_path / "landing")
    report = _sync(server, landing)
    contacts = landing.current("hubspot", "contacts").collect()
    assert contacts.height == 230
    assert contacts["email"].n_unique() == 230
    assert landing.current("hubspot", "companies").collect().height == 3
    assert {item.split(":")[0] for item in report.skipped} == {
        "owners",
        "associations_contacts_companies",  # it has no batch of associations
        *("contact_lists", "email_campaigns", "email_events"),
    }
    again = _sync(server, landing)
    changed = [load for load in again.loads if load.is_written]
    assert changed == []
    assert again.usage is not None
    assert report.usage is not None
    assert again.usage.calls < report.usage.calls


def test_changes_are_found_by_search_page_after_page(
    server: backlot.Server, tmp_path: Path
) -> None:
    landing = Landing(tmp_path / "landing")
    _sync(server, landing)
    entries = dict(landing.cursor("hubspot", "portal") or {})
    entries["contacts"] = dict(entries["contacts"]) | {"modified": 1_000_000}
    landing.write_cursor("hubspot", "portal", entries)
    report = _sync(server, landing)
    assert report.counts["contacts"].unchanged == 230
