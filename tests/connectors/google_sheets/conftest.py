"""A look-alike of Google Sheets over real HTTP, and a source that reads it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.google_sheets import GoogleSheetsConfig, extract
from connectors.landing import Landing, SourceReport
from connectors.sandbox.google_sheets import GoogleSandbox, Sheet, Spreadsheet
from connectors.sandbox.server import serve


@dataclass(slots=True)
class Google:
    """The look-alike, its address, and time that passes without waiting."""

    sandbox: GoogleSandbox
    url: str
    waited: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return time.monotonic() + sum(self.waited)

    def config(self, *tables: dict[str, Any], **settings: Any) -> GoogleSheetsConfig:
        given = {
            "name": "sheets",
            "service_account_key": self.sandbox.key(self.url),
            "base_url": self.url,
            "drive_url": self.url,
            "calls_per_minute": 100_000,
            "tables": tables or [{"spreadsheet_id": "s1", "object": "orders"}],
        }
        return GoogleSheetsConfig.model_validate(given | settings)

    def put(self, *sheets: Sheet, key: str = "s1", **settings: Any) -> Spreadsheet:
        for number, sheet in enumerate(sheets):
            sheet.sheet_id = sheet.sheet_id or number
        found = Spreadsheet(settings.pop("title", "Shop"), list(sheets), **settings)
        self.sandbox.files[key] = found
        return found


@pytest.fixture(scope="session")
def private_key() -> rsa.RSAPrivateKey:
    """Made once: it takes longer than most tests."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def google(private_key: rsa.RSAPrivateKey) -> Iterator[Google]:
    sandbox = GoogleSandbox(private_key)
    with serve(sandbox.app()) as url:
        yield Google(sandbox, url)


@pytest.fixture
def sync(
    google: Google, tmp_path: Path, extracted_at: datetime
) -> Callable[[GoogleSheetsConfig], tuple[SourceReport, Landing]]:
    landing = Landing(tmp_path / "landing")

    def run(config: GoogleSheetsConfig) -> tuple[SourceReport, Landing]:
        report = extract(
            config,
            landing,
            extracted_at=extracted_at,
            sleep=google.waited.append,
            clock=google.clock,
        )
        return report, landing

    return run
