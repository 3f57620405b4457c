"""What must not change a number does not: later data, a customer written down twice.

One more build of the customers' tables proves three claims at once: rows after the as-of
date are unknown on it, a second record of a customer whom identity joins is no second
customer, and exported row order is nothing to these tables either.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.dbt import scenario
from tests.dbt.conftest import Warehouse, land_playbook
from tests.dbt.home import Home
from tests.dbt.runner import dbt

# One more build of the customers' tables, a minute long.
pytestmark = [pytest.mark.dbt, pytest.mark.slow]

# Tables that speak of customers and money; those of records and deals rightly change.
TABLES = (
    "customer_ltv",
    "customer_churn",
    "customer_health",
    "customer_rfm",
    "customer_whitespace",
    "churn_monthly",
    "cohort_retention",
    "fct_customer_month_mrr",
    "model_calibration",
    "model_runs",
    "mrr_movements",
    "product_affinity",
    "rfm_segment_migrations",
)


@pytest.fixture(scope="module")
def later(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scenario a year on, its customer Delta known under a second name."""
    home = Home(tmp_path_factory.mktemp("later"))
    scenario.land(home)
    land_playbook(home)
    load = "20260201T000000000000Z-00000002"
    home.land(
        "spreadsheet",
        "subscriptions",
        [
            {
                "id": "s2",
                "company": "Delta Holding",
                "amount": "1200",
                "currency": "EUR",
                "billing_period": "year",
                "start_date": "2025-09-01",
                "end_date": "2026-08-31",
            }
        ],
        load=load,
    )
    home.land(
        "spreadsheet",
        "orders",
        [
            {
                "id": f"later{number}",
                "order_date": f"2026-0{number}-20",
                "company": "Acme",
                "amount": "777",
                "currency": "EUR",
                "product": "Something new",
            }
            for number in (1, 2, 3)
        ],
        load=load,
    )
    # Delta's second name is a record of its own, which identity joins to the first.
    dbt(
        home.path,
        scenario.AS_OF,
        "run",
        "--select",
        "tag:pre_identity",
        parsed=warehouse.home.path,
    )
    scenario.identify(
        home, more_accounts={"ga_delta": [scenario.company_key("Delta Holding")]}
    )
    selected = [f"+{table}" for table in TABLES]
    dbt(
        home.path,
        scenario.AS_OF,
        "run",
        "--select",
        *selected,
        "--exclude",
        "tag:pre_identity",
    )
    shutil.rmtree(home.path / "landing")
    return home.path / "warehouse.duckdb"


@pytest.mark.parametrize("table", TABLES)
def test_a_later_and_a_second_record_change_nothing(
    warehouse: Warehouse, later: Path, table: str
) -> None:
    query = f"select * from marts.{table} order by all"
    with duckdb.connect(str(later), read_only=True) as connection:
        after = connection.sql(query).pl()
    before: pl.DataFrame = warehouse.query(query)
    # The scenario names no products, and its history is too short for a hold-out.
    assert not before.is_empty() or table in {
        "customer_whitespace",
        "model_calibration",
        "product_affinity",
    }
    assert before.equals(after)
