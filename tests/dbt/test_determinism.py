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


def tables(path: Path, warehouse: Warehouse) -> dict[str, pl.DataFrame]:
    """Every mart and stage table, its rows sorted."""
    names = warehouse.query(
        "select table_name from information_schema.tables where table_schema = 'marts'"
    )["table_name"]
    frames = {
        name: warehouse.query(f"select * from marts.{name} order by all")
        for name in names
    }
    for name in ("int_contacts_unioned", "int_accounts_unioned"):
        frames[name] = pl.read_parquet(path / "stages" / f"{name}.parquet")
    # Where a row stood in its file is the one thing that another order may change.
    return {
        name: frame.drop("_source_line", strict=False) for name, frame in frames.items()
    }


def backwards(rows: Sequence[Row]) -> Sequence[Row]:
    """Rows of a file from last to first."""
    return list(reversed(rows))


def test_row_order_of_the_exports_changes_nothing(warehouse: Warehouse) -> None:
    path = warehouse.home.path
    before = tables(path, warehouse)
    shutil.rmtree(path / "landing")
    identities = {
        file.name: file.read_bytes()
        for file in (path / "stages").glob("*.parquet")
        if file.name != "fx_rates.parquet"
    }
    home = Home(path)
    scenario.land(home, order=backwards)
    land_playbook(home)
    for name, content in identities.items():
        (path / "stages" / name).write_bytes(content)
    dbt(path, scenario.AS_OF, "run")
    after = tables(path, warehouse)
    assert before.keys() == after.keys()
    different = [name for name in before if not before[name].equals(after[name])]
    assert different == []
