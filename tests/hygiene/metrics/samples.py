"""Published samples: where they lie, and the same as tables."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

CALIBRATION_END = "1997-09-30"
HOLDOUT_END = "1998-06-30"


def cdnow_folder() -> Path:
    """The data files inside the package `lifetimes`, which is not imported for them."""
    found = importlib.util.find_spec("lifetimes")
    if found is None or not found.submodule_search_locations:
        pytest.skip("the package lifetimes, which carries the CDNOW sample, is missing")
    return Path(found.submodule_search_locations[0]) / "datasets"


def cdnow_summary() -> dict[str, np.ndarray]:
    """x, t_x, T (weeks) and mean repeat value of the 2,357 customers of the sample."""
    table = pl.read_csv(
        cdnow_folder() / "cdnow_customers_summary_with_transactions.csv"
    )
    return {
        name: table[name].cast(pl.Float64).to_numpy()
        for name in ("x", "t_x", "T", "zbar")
    }


def cdnow_orders() -> pl.DataFrame:
    """The orders of the sample as text, as an export would have them."""
    lines = (cdnow_folder() / "CDNOW_sample.txt").read_text().splitlines()
    fields = [line.split() for line in lines]
    return pl.DataFrame(
        {
            "customer": [row[1] for row in fields],
            "day": [f"{row[2][:4]}-{row[2][4:6]}-{row[2][6:]}" for row in fields],
            "value": [row[4] for row in fields],
        }
    )


def create_events(
    connection: duckdb.DuckDBPyConnection, rows: list[tuple[object, ...]]
) -> None:
    """The table `events` out of (customer, day, amount, kind)."""
    connection.execute(
        "CREATE OR REPLACE TABLE events (customer_key VARCHAR, event_date DATE, "
        "amount DECIMAL(18, 2), kind VARCHAR)"
    )
    _insert(
        connection, rows, "events", ["customer_key", "event_date", "amount", "kind"]
    )


def create_terms(
    connection: duckdb.DuckDBPyConnection, rows: list[tuple[object, ...]]
) -> None:
    """The table `terms` out of (customer, start, end, mrr)."""
    connection.execute(
        "CREATE OR REPLACE TABLE terms (customer_key VARCHAR, start_date DATE, "
        "end_date DATE, mrr DECIMAL(18, 2), is_end_unreadable BOOLEAN DEFAULT false)"
    )
    _insert(
        connection, rows, "terms", ["customer_key", "start_date", "end_date", "mrr"]
    )


def _insert(
    connection: duckdb.DuckDBPyConnection,
    rows: list[tuple[object, ...]],
    table: str,
    columns: list[str],
) -> None:
    """All rows at once, as text: one insert per row takes a millisecond each."""
    texts = pl.DataFrame(
        [[None if value is None else str(value) for value in row] for row in rows],
        schema=dict.fromkeys(columns, pl.String),
        orient="row",
    )
    connection.register("texts", texts)
    connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM texts")
    connection.unregister("texts")
