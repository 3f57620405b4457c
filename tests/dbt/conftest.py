"""One built warehouse for all tests of the dbt project: every dbt start costs seconds."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
import pytest
from filelock import FileLock

from tests.dbt import scenario
from tests.dbt.home import Home
from tests.dbt.runner import dbt

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass
class Warehouse:
    """A built data folder and what the two passes printed."""

    home: Home
    first_pass: str
    second_pass: str

    def query(self, sql: str) -> pl.DataFrame:
        """Rows of one query against the warehouse."""
        with duckdb.connect(
            str(self.home.path / "warehouse.duckdb"), read_only=True
        ) as connection:
            connection.execute("SET TimeZone='UTC'")
            # Views name their files relative to the folder in which dbt ran.
            connection.execute(f"SET file_search_path='{self.home.path}'")
            return connection.sql(sql).pl()

    def value(self, sql: str) -> object:
        """The one value of a query."""
        return self.query(sql).item()


def playbook_file() -> Path | None:
    """The subscriptions of dbt-labs' MRR playbook, where the machine has them."""
    configured = os.environ.get("TIDYCRM_SHARED_DATA")
    folder = Path(configured) if configured else REPOSITORY.parent / "shared" / "data"
    path = folder / "metrics" / "mrr_playbook" / "subscription_periods.csv"
    return path if path.is_file() else None


def land_playbook(home: Home) -> None:
    """Land the playbook's subscriptions as a sheet of a second spreadsheet source."""
    path = playbook_file()
    if path is None:
        return
    rows = [
        {
            "id": row["subscription_id"],
            "company": f"playbook customer {row['customer_id']}",
            "amount": row["monthly_amount"],
            "currency": "EUR",
            "billing_period": "month",
            "start_date": row["start_date"],
            "end_date": row["end_date"],
        }
        for row in pl.read_csv(path, infer_schema=False).to_dicts()
    ]
    home.land("spreadsheet", "subscriptions", rows, source="playbook")


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Warehouse:
    """The scenario after both passes, every data test and unit test included.

    Workers share one: the first builds it while the others wait. Tests only read it, or
    copy its folder.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "scenario"
    with FileLock(f"{folder}.lock"):
        printed = [folder / "first_pass.txt", folder / "second_pass.txt"]
        if not printed[-1].exists():
            home = Home(folder)
            scenario.land(home)
            land_playbook(home)
            printed[0].write_text(_build(folder, "tag:pre_identity"))
            scenario.identify(home)
            printed[1].write_text(_build(folder, "tag:post_identity"))
    return Warehouse(Home(folder), *(file.read_text() for file in printed))


def _build(folder: Path, selected: str) -> str:
    return dbt(folder, scenario.AS_OF, "build", "--select", selected)
