"""The same records in another order give the same rows."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from tests.dbt import scenario
from tests.dbt.conftest import Warehouse, land_playbook
from tests.dbt.home import Home, Row
from tests.dbt.runner import dbt

pytestmark = pytest.mark.dbt


def tables(warehouse: Warehouse) -> dict[str, pl.DataFrame]:
    """Every mart and stage table, its rows sorted."""
    names = warehouse.query(
        "select table_name from information_schema.tables where table_schema = 'marts'"
    )["table_name"]
    frames = {
        name: warehouse.query(f"select * from marts.{name} order by all")
        for name in names
    }
    for name in ("int_contacts_unioned", "int_accounts_unioned"):
        frames[name] = warehouse.home.read_stage(name)
    # Where a row stood in its file is the one thing that another order may change.
    return {
        name: frame.drop("_source_line", strict=False) for name, frame in frames.items()
    }


def backwards(rows: Sequence[Row]) -> Sequence[Row]:
    """Rows of a file from last to first."""
    return list(reversed(rows))


@pytest.mark.slow  # every model once more
def test_row_order_of_the_exports_changes_nothing(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    before = tables(warehouse)
    path = tmp_path / "backwards"
    home = Home(path)
    scenario.land(home, order=backwards)
    land_playbook(home)
    # Identity comes from Python, which is not under test here.
    for file in (warehouse.home.path / "stages").glob("*.parquet"):
        if file.name != "fx_rates.parquet":
            shutil.copy(file, path / "stages")
    for file in (warehouse.home.path / "state" / "history").iterdir():
        shutil.copy(file, path / "state" / "history")
    dbt(path, scenario.AS_OF, "run", "--no-write-json", parsed=warehouse.home.path)
    after = tables(Warehouse(home, "", ""))
    assert before.keys() == after.keys()
    different = [name for name in before if not before[name].equals(after[name])]
    assert different == []
