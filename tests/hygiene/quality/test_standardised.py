"""Statuses of standardised tables as quality results."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from hygiene.errors import InputError
from hygiene.quality import standardise_results

STATUSES = ["valid", "corrected", "invalid", "placeholder", "missing", "missing"]
FIELDS = ("email", "phone", "mobile_phone", "name", "company", "domain", "country")


def write(path: Path) -> Path:
    pl.DataFrame({f"{field}_status": STATUSES for field in FIELDS}).write_parquet(path)
    return path


def test_lacking_and_unusable_values_are_counted_apart(tmp_path: Path) -> None:
    results = standardise_results(
        write(tmp_path / "t.parquet"), "standardised_contacts"
    )
    assert len(results) == 2 * len(FIELDS)
    complete, valid = results[:2]
    assert (complete.rule_id, complete.dimension) == ("DQ-C-201", "completeness")
    assert (complete.rows_checked, complete.rows_failed) == (6, 3)
    assert (valid.rule_id, valid.dimension) == ("DQ-V-201", "validity")
    assert (valid.rows_checked, valid.rows_failed) == (3, 1)
    assert {result.engine for result in results} == {"tidycrm"}
    assert not any(result.is_blocking for result in results)


def test_ids_are_unique(tmp_path: Path) -> None:
    results = standardise_results(
        write(tmp_path / "t.parquet"), "standardised_contacts"
    )
    assert len({result.rule_id for result in results}) == len(results)


def test_unknown_tables_and_missing_columns_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet")
    with pytest.raises(InputError, match="no standardised table"):
        standardise_results(path, "dim_contacts")
    with pytest.raises(InputError, match="account_name_status"):
        standardise_results(path, "standardised_accounts")
