"""Faults around Google Sheets: a clock that is off, a proxy's page, a full disk."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse

from connectors.errors import ClockSkewError, ProtocolError, SpoolError
from connectors.google_sheets import extract
from connectors.landing import Landing
from connectors.sandbox.faults import Fault, FaultInjector, FaultPlan
from connectors.sandbox.google_sheets import Sheet
from connectors.sandbox.server import serve

ROWS = Sheet(title="Orders", rows=[["Order No", "Amount"], ["1", 5.0]])
FULL = Path("/dev/full")


def test_a_clock_that_is_off_is_named_and_nothing_lands(google, tmp_path, extracted_at):
    google.put(ROWS)
    landing = Landing(tmp_path / "landing")
    with serve(google.sandbox.app(), is_dated=True) as url:
        key = google.sandbox.key(url)
        config = google.config(base_url=url, drive_url=url, service_account_key=key)
        with pytest.raises(ClockSkewError, match=r"this machine is -7\d\d\d s off"):
            extract(
                config,
                landing,
                extracted_at=extracted_at,
                sleep=google.waited.append,
                now=lambda: time.time() - 7_200,
            )
    assert landing.current("spreadsheet", "orders").collect().is_empty()


@pytest.mark.parametrize("path", ["*/token", "/v4/*"])
def test_a_proxys_page_is_named_and_the_next_run_heals(
    google, tmp_path, extracted_at, path
):
    google.put(ROWS)
    landing = Landing(tmp_path / "landing")
    plan = FaultPlan([Fault(kind="html", path=path)])
    app = FaultInjector(google.sandbox.app(), plan, lambda _: JSONResponse({}, 429))
    with serve(app) as url:
        config = google.config(
            base_url=url, drive_url=url, service_account_key=google.sandbox.key(url)
        )
        given: dict[str, Any] = {
            "extracted_at": extracted_at,
            "sleep": google.waited.append,
        }
        with pytest.raises(ProtocolError, match="check the base URL and the proxy"):
            extract(config, landing, **given)
        assert extract(config, landing, **given).counts["orders"].new == 1


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
def test_a_full_disk_is_said_to_be_full(google, sync, monkeypatch):
    google.put(ROWS)

    def refuse(*_: Any, **__: Any) -> None:
        FULL.write_text("x")

    monkeypatch.setattr("connectors.landing.store.write_incoming", refuse)
    with pytest.raises(SpoolError, match="nothing that was landed is lost"):
        sync(google.config())
    monkeypatch.undo()
    report, _ = sync(google.config())
    assert report.counts["orders"].new == 1
