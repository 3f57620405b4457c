"""Reports that a browser can open from the UI, and nothing else of the disk."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import httpx
import pytest

from orchestration.assets.publication import PUBLICATION_KEY
from orchestration.report_pages import PAGES, served_reports, with_links


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    folder = tmp_path / "reports"
    for part in ("quality", "access"):
        (folder / part).mkdir(parents=True)
        (folder / part / "index.html").write_text(part)
    (folder / "executive.html").write_text("<h1>Customers</h1>")
    (tmp_path / "secret.txt").write_text("no")
    return folder


def test_reports_are_served_and_nothing_else_is(reports: Path) -> None:
    with served_reports(reports, 0) as address:
        page = httpx.get(f"{address}/executive.html")
        assert page.status_code == 200
        assert "Customers" in page.text
        assert httpx.get(f"{address}/quality/index.html").text == "quality"
        # What is kept of one person lies in the same folder.
        for way in ("access/index.html", "quality/../access/index.html", "access/", ""):
            assert httpx.get(f"{address}/{way}").status_code == 404
        assert (
            httpx.get(f"{address}/quality/%2e%2e/access/index.html").status_code == 404
        )
        assert httpx.get(f"{address}/quality/").status_code == 404
        assert httpx.get(f"{address}/%2e%2e/secret.txt").status_code == 404
        assert httpx.post(f"{address}/executive.html").status_code == 501
        # Another site that points its name at this machine.
        foreign = {"Host": "attacker.example"}
        assert (
            httpx.get(f"{address}/executive.html", headers=foreign).status_code == 403
        )
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/executive.html")


def test_a_port_that_is_taken_is_left_to_its_holder(reports: Path) -> None:
    with served_reports(reports, 0) as first:
        port = int(first.rpartition(":")[2])
        with served_reports(reports, port) as second:
            assert second != first
            assert httpx.get(f"{second}/executive.html").status_code == 200


def test_links_stand_on_the_assets_that_write_the_reports() -> None:
    specs = [dg.AssetSpec(PUBLICATION_KEY, metadata={"kept": 1}), dg.AssetSpec("other")]
    linked, other = with_links(specs, "https://crm.example.test/reports/")
    assert isinstance(linked, dg.AssetSpec)
    assert linked.metadata["executive report"] == dg.MetadataValue.url(
        "https://crm.example.test/reports/executive.html"
    )
    assert linked.metadata["kept"] == 1
    assert other == specs[1]
    assert with_links(specs, None) == specs
    assert len(PAGES) == 2
