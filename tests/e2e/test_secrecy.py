"""No personal datum reaches what operators see: events, logs, reports, manifests."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Project, personal_leaks

pytestmark = pytest.mark.e2e


def test_no_personal_datum_reaches_events_logs_and_reports(demo: Project) -> None:
    assert personal_leaks(demo, least=500) == set()
