"""No personal datum reaches what operators see: events, logs, reports, manifests."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Project, found_in

pytestmark = pytest.mark.e2e

# Folders that hold records on purpose, and must.
RECORDS = {"landing", "stages", "published", "warehouse.duckdb"}
# What golden records were before: values, beside the ids and rulings that `state` is for.
HISTORY = "history/"


def test_no_personal_datum_reaches_events_logs_and_reports(demo: Project) -> None:
    rows = demo.query(
        "select email, full_name, phone from dim_contacts "
        "where email is not null and length(full_name) > 8 order by 1 limit 300"
    )
    canaries = [value.lower().encode() for row in rows for value in row if value]
    assert len(canaries) > 500
    for folder in sorted(demo.home.iterdir()):
        if folder.name not in RECORDS and folder.is_dir():
            found = found_in(folder, canaries)
            leaked = {name for name in found if not name.startswith(HISTORY)}
            assert leaked == set(), folder.name
    manifests = [
        manifest.read_bytes().lower()
        for manifest in (demo.home / "landing").rglob("*.json")
    ]
    assert manifests
    assert not any(canary in text for text in manifests for canary in canaries)
