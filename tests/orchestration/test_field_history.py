"""The newest change per golden field, from landed CRM histories."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import ClassVar, cast

import polars as pl

from connectors.landing import Landing
from orchestration.field_history import write_field_changes


class LandedHistories:
    """Stands in for a landing: two histories, as they come."""

    frames: ClassVar = {
        ("salesforce", "contacthistory"): pl.LazyFrame(
            {
                "_source_name": ["crm"] * 4,
                "contactid": ["003A", "003A", "003A", "003B"],
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
        ("crm:contact:003A", "phone", datetime(2025, 3, 2, 10)),  # noqa: DTZ001
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
