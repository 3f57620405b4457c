"""Changes of a contact's account, from landed histories and landed versions."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import ClassVar, cast

import polars as pl

from connectors.landing import Landing
from orchestration.account_changes import SCHEMA, write_account_changes

_A, _B = "001000000000001AAA", "001000000000002AAA"
_P, _Q = "003000000000001AAA", "003000000000002AAA"


def _at(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


class Landed:
    """Stands in for a landing: versions and histories, as they come."""

    frames: ClassVar = {
        ("salesforce", "contact"): pl.LazyFrame(
            {
                "_source_name": ["crm"] * 5,
                "_source_record_id": [_P, _P, _P, _Q, _Q],
                # The short spelling of the same id is no change.
                "accountid": [_A, _A[:15], _B, _A, ""],
                "lastmodifieddate": [
                    "2025-01-01T00:00:00.000Z",
                    "2025-02-01T00:00:00.000+0000",
                    "2025-03-01T00:00:00.000Z",
                    "2025-01-01T00:00:00.000Z",
                    None,
                ],
                "_is_deleted": [False] * 5,
                "_extracted_at": [_at(2025, 6, 1)] * 5,
                "_load_id": ["1", "2", "3", "1", "2"],
                "_load_seq": [0, 0, 0, 1, 1],
            }
        ),
        ("hubspot", "property_history"): pl.LazyFrame(
            {
                "_source_name": ["hub"] * 4,
                "object_type": ["contacts", "contacts", "contacts", "deals"],
                "object_id": ["7", "7", "7", "7"],
                "property_name": ["associatedcompanyid"] * 4,
                "value": ["11", "12", "12", "99"],
                "changed_at": [
                    "2024-01-01T00:00:00Z",
                    "2024-05-01T00:00:00Z",
                    "2024-06-01T00:00:00Z",
                    "2024-07-01T00:00:00Z",
                ],
            }
        ),
    }

    def objects(self) -> list[tuple[str, str]]:
        return list(self.frames)

    def current(self, source_type: str, name: str) -> pl.LazyFrame:
        return self.frames[source_type, name]

    def versions(self, source_type: str, name: str) -> pl.LazyFrame:
        return self.frames[source_type, name]


def test_versions_and_histories_tell_when_the_account_changed(tmp_path: Path) -> None:
    out = tmp_path / "changes.parquet"
    assert write_account_changes(cast("Landing", Landed()), out) == 3
    assert pl.read_parquet(out).rows() == [
        (
            f"crm:contact:{_P}",
            f"crm:account:{_A}",
            f"crm:account:{_B}",
            _at(2025, 3, 1),
            "record_version",
        ),
        # No stamp of its own: when it was read. An account that was taken away is null.
        (
            f"crm:contact:{_Q}",
            f"crm:account:{_A}",
            None,
            _at(2025, 6, 1),
            "record_version",
        ),
        (
            "hub:contacts:7",
            "hub:companies:11",
            "hub:companies:12",
            _at(2024, 5, 1),
            "field_history",
        ),
    ]


def test_a_recorded_change_is_preferred_to_its_versions(tmp_path: Path) -> None:
    class WithHistory(Landed):
        frames: ClassVar = {
            ("salesforce", "contact"): Landed.frames["salesforce", "contact"],
            ("salesforce", "contacthistory"): pl.LazyFrame(
                {
                    "_source_name": ["crm"] * 3,
                    "contactid": [_P] * 3,
                    "field": ["Account", "Account", "Phone"],
                    # Salesforce writes names and ids of a lookup as two rows.
                    "oldvalue": ["Alpha", _A, "1"],
                    "newvalue": ["Beta", _B, "2"],
                    "createddate": ["2025-02-20T10:00:00.000Z"] * 3,
                }
            ),
        }

    out = tmp_path / "changes.parquet"
    write_account_changes(cast("Landing", WithHistory()), out)
    rows = pl.read_parquet(out).filter(source_record_key=f"crm:contact:{_P}").rows()
    assert [row[3:] for row in rows] == [(_at(2025, 2, 20, 10), "field_history")]


def test_an_empty_landing_writes_an_empty_table(tmp_path: Path) -> None:
    out = tmp_path / "changes.parquet"
    assert write_account_changes(Landing(tmp_path / "none"), out) == 0
    assert pl.read_parquet(out).schema == pl.Schema(SCHEMA)
