"""The newest change per golden field, from landed CRM histories."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import ClassVar, cast

import polars as pl

from connectors.landing import Landing
from connectors.salesforce.reference import objects_read_by_default
from orchestration.field_history import write_field_changes
from tests.connectors.salesforce.live import live_org


class LandedHistories:
    """Stands in for a landing: two histories, as they come."""

    frames: ClassVar = {
        ("salesforce", "contacthistory"): pl.LazyFrame(
            {
                "_source_name": ["crm"] * 4,
                "contactid": [
                    "003AAAAAAAAAAAAAAA",
                    "003AAAAAAAAAAAAAAA",
                    "003AAAAAAAAAAAAAAA",
                    "003BBBBBBBBBBBBBBB",
                ],
                "field": ["Phone", "Phone", "Fax", "MailingCity"],
                "createddate": [
                    "2025-01-02T10:00:00.000+0000",
                    "2025-03-02T10:00:00.000Z",
                    "2025-05-01T00:00:00Z",
                    "yesterday",
                ],
            }
        ),
        ("hubspot", "property_history"): pl.LazyFrame(
            {
                "_source_name": ["hub"] * 2,
                "object_type": ["contacts", "companies"],
                "object_id": ["7", "8"],
                "property_name": ["jobtitle", "name"],
                "changed_at": ["1740000000000", "2025-01-01T00:00:00Z"],
            }
        ),
    }

    def objects(self) -> list[tuple[str, str]]:
        return list(self.frames)

    def current(self, source_type: str, name: str) -> pl.LazyFrame:
        return self.frames[source_type, name]


def test_the_newest_change_of_each_field_is_kept(tmp_path: Path) -> None:
    landing = cast("Landing", LandedHistories())
    out = tmp_path / "changes.parquet"
    assert write_field_changes(landing, out, entity="contact") == 2
    rows = pl.read_parquet(out).rows()
    assert rows == [
        ("crm:contact:003AAAAAAAAAAAAAAA", "phone", datetime(2025, 3, 2, 10)),  # noqa: DTZ001
        ("hub:contacts:7", "job_title", datetime(2025, 2, 19, 21, 20)),  # noqa: DTZ001
    ]
    assert write_field_changes(landing, out, entity="account") == 1
    assert pl.read_parquet(out)["source_record_key"].item() == "hub:companies:8"


def test_no_history_writes_an_empty_table(tmp_path: Path) -> None:
    out = tmp_path / "changes.parquet"
    assert write_field_changes(Landing(tmp_path / "none"), out, entity="contact") == 0
    assert pl.read_parquet(out).columns == [
        "source_record_key",
        "field_name",
        "changed_at",
    ]


def test_a_history_without_its_columns_says_nothing(tmp_path: Path) -> None:
    class Empty(LandedHistories):
        frames: ClassVar = {
            key: frame.select("_source_name").limit(0)
            for key, frame in LandedHistories.frames.items()
        }

    out = tmp_path / "changes.parquet"
    landing = cast("Landing", Empty())
    assert write_field_changes(landing, out, entity="contact") == 0


def test_histories_of_people_and_accounts_are_read_unless_told_otherwise(
    tmp_path: Path,
) -> None:
    with live_org(tmp_path / "org") as live:
        # The org tracks no fields of leads: there is no LeadHistory.
        live.org.add_object("AccountHistory", "017", ["AccountId", "Field", "NewValue"])
        live.org.add_object("ContactHistory", "017", ["ContactId", "Field", "NewValue"])
        record = live.contact()
        live.clock.advance(86_400)
        changed_at = live.clock.now()
        live.org.edit("Contact", record, {"Email": "ada@engine.example"})
        live.org.create("ContactHistory", {"ContactId": record, "Field": "Email"})
        live.clock.advance(86_400)
        live.org.edit("Contact", record, {"Description": "an automation was here"})
        report = live.sync(objects=objects_read_by_default())
        out = tmp_path / "changes.parquet"
        assert write_field_changes(live.landing, out, entity="contact") == 1
        assert write_field_changes(live.landing, tmp_path / "a", entity="account") == 0
    assert "leadhistory: not in the org" in report.skipped
    assert not report.warnings
    assert pl.read_parquet(out).rows() == [
        (f"crm:contact:{record}", "email", changed_at.replace(tzinfo=None))
    ]
