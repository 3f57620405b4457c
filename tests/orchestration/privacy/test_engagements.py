"""What HubSpot holds of talks with one person goes with the person."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from connectors.landing import Landing, SnapshotBatch
from orchestration.home import Home
from orchestration.privacy.subject import engagements_of

ADA = ["portal:contacts:51", "sheet:contacts:9", "salesforce:contact:003A"]


def tie(home: Home, kind: str, *ties: tuple[str, str], day: int = 1) -> None:
    """Land all associations of one kind of engagement with contacts."""
    rows = [
        {"_source_record_id": f"{a}:{b}", "from_object_id": a, "to_object_id": b}
        for a, b in ties
    ]
    Landing(home.landing).commit(
        SnapshotBatch(
            source_type="hubspot",
            object=f"associations_{kind}_contacts",
            source_name="portal",
            frame=pl.DataFrame(rows),
            extracted_at=datetime(2026, 1, day, tzinfo=UTC),
        )
    )


def test_engagements_with_one_person_alone_are_theirs(tmp_path: Path) -> None:
    home = Home(tmp_path)
    tie(home, "notes", ("1", "51"), ("2", "52"), ("3", "51"), ("3", "52"))
    tie(home, "calls", ("1", "51"), ("2", "9"))
    assert engagements_of(home, ADA) == {
        "hubspot|portal|notes|1",
        "hubspot|portal|calls|1",
    }


def test_an_engagement_that_somebody_else_has_left_is_theirs(tmp_path: Path) -> None:
    home = Home(tmp_path)
    tie(home, "meetings", ("1", "51"), ("1", "52"), ("2", "51"), ("3", "53"))
    tie(home, "meetings", ("1", "51"), ("3", "53"), day=2)
    # Of the second they were part before: it is with nobody else now.
    assert engagements_of(home, ADA) == {
        "hubspot|portal|meetings|1",
        "hubspot|portal|meetings|2",
    }


def test_without_engagements_there_are_none(tmp_path: Path) -> None:
    assert engagements_of(Home(tmp_path), ADA) == set()
