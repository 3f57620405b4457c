"""Exchange rates: complete and unambiguous, or refused with the lines to repair."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from orchestration.errors import ConfigError
from orchestration.fx import SCHEMA, write_fx_rates


def write(text: str, tmp_path: Path) -> pl.DataFrame:
    source = tmp_path / "rates.csv"
    source.write_text(text)
    write_fx_rates(source, tmp_path / "out.parquet", config_file="tidycrm.yml")
    return pl.read_parquet(tmp_path / "out.parquet")


def test_rates_are_exact_decimals_and_dates(tmp_path: Path) -> None:
    frame = write("currency,rate_date,rate\nusd,2026-01-01,0.91234567\n", tmp_path)
    assert frame.rows() == [("USD", date(2026, 1, 1), Decimal("0.91234567"))]


def test_without_a_file_the_table_is_empty_and_typed(tmp_path: Path) -> None:
    write_fx_rates(None, tmp_path / "out.parquet", config_file="tidycrm.yml")
    frame = pl.read_parquet(tmp_path / "out.parquet")
    assert frame.is_empty()
    assert frame.schema == pl.Schema(SCHEMA)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("currency,rate\nUSD,1\n", "lacks the column rate_date"),
        ("currency,rate_date,rate\nUSD,01.02.2026,1\n", "lines 2"),
        ("currency,rate_date,rate\nUSD,2026-01-01,0\n", "above zero"),
        ("currency,rate_date,rate\nDollar,2026-01-01,1\n", "three-letter"),
        (
            "currency,rate_date,rate\nUSD,2026-01-01,1\nUSD,2026-01-01,2\n",
            "two rates",
        ),
    ],
    ids=["missing column", "local date", "zero", "name", "ambiguous"],
)
def test_unusable_rates_are_refused(text: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=expected):
        write(text, tmp_path)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.csv does not exist"):
        write_fx_rates(
            tmp_path / "absent.csv", tmp_path / "out.parquet", config_file="t.yml"
        )
