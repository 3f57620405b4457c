"""What a data engineer sees: the asset graph, a run and the checks in a real browser."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.e2e.conftest import Project

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

LAPTOP = {"width": 1440, "height": 900}
PATIENCE = 60_000  # milliseconds; a small machine draws a large graph slowly


@pytest.fixture(scope="module")
def address(demo: Project) -> Iterator[str]:
    """`tidycrm ui` on the demo, stopped with everything that it started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        demo.command("ui", "--port", str(port)),
        env={**os.environ, "NO_COLOR": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            try:
                httpx.get(f"{url}/server_info", timeout=5).raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(1)
        yield url
    finally:
        # As a service manager stops it: it stops its own processes.
        server.terminate()
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            raise


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A laptop-sized page in the system's Chromium."""
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser_path is None:
        pytest.skip("no Chromium on this machine: install the package `chromium`")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=browser_path,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport=LAPTOP)
        page.set_default_timeout(PATIENCE)
        yield page
        browser.close()


def test_the_asset_graph_shows_every_stage(page: Page, address: str) -> None:
    page.goto(f"{address}/asset-groups")
    for group in ("sources", "landing_salesforce", "hygiene", "marts"):
        page.get_by_text(group, exact=False).first.wait_for()
    assert "Failed to load" not in page.inner_text("body")


def test_a_run_shows_its_steps_and_its_success(
    page: Page, address: str, demo: Project
) -> None:
    state = json.loads((demo.home / "state" / "last_publication.json").read_text())
    page.goto(f"{address}/runs/{state['run_id']}")
    page.get_by_text("Success", exact=True).first.wait_for()
    page.get_by_text("dbt_before_identity").first.wait_for()
    page.get_by_text("hygiene__contact_match_edges").first.wait_for()


def test_checks_have_plain_names_and_their_results(page: Page, address: str) -> None:
    page.goto(f"{address}/assets/marts/customer_ltv?view=checks")
    page.get_by_text("customer_ltv").first.wait_for()
    page.get_by_text("Passed").first.wait_for()


def test_an_asset_tells_what_it_holds(page: Page, address: str) -> None:
    page.goto(f"{address}/assets/hygiene/contact_match_edges")
    page.get_by_text("who decided").first.wait_for()


@pytest.mark.parametrize(
    ("asset", "origin"),
    [
        ("marts/dim_contacts", "stg_hygiene__golden_contacts"),
        ("hygiene/golden_contacts", "standardised_contacts"),
        ("base/base_hubspot__contacts", "landing/hubspot/contacts"),
    ],
)
def test_an_asset_tells_its_columns_and_what_they_are_made_of(
    page: Page, address: str, asset: str, origin: str
) -> None:
    page.goto(f"{address}/assets/{asset}")
    page.get_by_text("Column name").first.wait_for()
    row = page.get_by_role("row").filter(has_text="origin of each column")
    row.get_by_text("[Show Markdown]").click()
    page.locator("table a").get_by_text(origin).first.wait_for()


def test_row_counts_and_times_are_plotted(page: Page, address: str) -> None:
    page.goto(f"{address}/assets/hygiene/golden_contacts")
    page.get_by_text("Plots", exact=True).first.click()
    for figure in ("dagster/row_count", "Execution Duration"):
        page.get_by_text(figure).first.wait_for()


def test_links_to_reports_open(page: Page, address: str) -> None:
    page.goto(f"{address}/assets/published/crm")
    row = page.get_by_role("row").filter(has_text="executive report")
    with page.context.expect_page() as opened:
        row.get_by_role("link").first.click()
    opened.value.locator("h1").wait_for()
    opened.value.close()


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("report", ["executive.html", "data-quality.html"])
def test_reports_fit_on_a_laptop_and_on_a_phone(
    page: Page, demo: Project, report: str, width: int
) -> None:
    # The UI, which the tests before have left open, asks for news all the time.
    page.goto("about:blank")
    asked: list[str] = []
    told: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: told.append(message.text))
    page.set_viewport_size({"width": width, "height": 844})
    page.goto((demo.home / "reports" / report).resolve().as_uri())
    page.locator("h1").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert told == []
    page.set_viewport_size(LAPTOP)
