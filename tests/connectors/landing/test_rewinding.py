"""Cursors are moved back to a day, or forgotten where their form is unknown."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.landing import Landing, rewind
from connectors.landing.rewinding import rewound_entry

SINCE = datetime(2026, 1, 10, tzinfo=UTC)
SINCE_MS = 1_768_003_200_000


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        (
            {"through": "2026-01-20T03:05:55+00:00", "stamp": "SystemModstamp"},
            {"through": "2026-01-10T00:00:00+00:00", "stamp": "SystemModstamp"},
        ),
        (
            {"through": "2026-01-01T00:00:00+00:00"},
            {"through": "2026-01-01T00:00:00+00:00"},
        ),
        (
            {"modified": SINCE_MS + 5, "is_settled": True},
            {"modified": SINCE_MS, "is_settled": False},
        ),
        (
            {"modified": 5, "is_settled": True},
            {"modified": 5, "is_settled": True},
        ),
        ({"through": {"a": 1}}, None),
        ({"through": "yesterday"}, None),
        ({"through": "2026-01-20T03:05:55"}, None),
        ({"page": "x"}, None),
    ],
)
def test_entries(entry: dict[str, Any], wanted: dict[str, Any] | None) -> None:
    assert rewound_entry(entry, SINCE) == wanted


def test_a_source_is_rewound_and_its_receipt_is_gone(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    landing.write_cursor(
        "hubspot",
        "portal",
        {
            "_portal": {"id": "1"},
            "contacts": {"modified": SINCE_MS + 9, "is_settled": True},
            "deals": {"modified": 7, "is_settled": True},
            "associations": {"through": {"x": 1}},
        },
    )
    done = rewind(landing, "hubspot", "portal", SINCE)
    assert (done.moved, done.forgotten) == (("contacts",), ("associations",))
    cursor = landing.cursor("hubspot", "portal")
    assert cursor is not None
    assert dict(cursor) == {
        "_portal": {"id": "1"},
        "contacts": {"modified": SINCE_MS, "is_settled": False},
        "deals": {"modified": 7, "is_settled": True},
    }


def test_a_source_without_cursor_is_simply_read_again(tmp_path: Path) -> None:
    assert rewind(Landing(tmp_path), "salesforce", "crm", SINCE).moved == ()
