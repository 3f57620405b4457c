"""Copies of a table are as hard as the original and share nothing with each other."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from benchmarks.identity_copies import TEXTS, multiply
from tests.hygiene.matching.people import crowd, write_contacts, write_links


def test_copies_keep_what_is_equal_and_share_nothing(tmp_path: Path) -> None:
    people = crowd(30)
    contacts = write_contacts(tmp_path, people)
    key = pl.col("source_record_key")
    truth = tmp_path / "truth.parquet"
    pl.read_parquet(contacts).select(key, person=key.str.tail(1)).write_parquet(truth)
    table, _, known = multiply(
        contacts, write_links(tmp_path), (truth, "person"), 3, tmp_path
    )
    frame = pl.read_parquet(table).with_columns(copy=key.str.split("~").list.first())
    original = pl.read_parquet(contacts)
    assert frame.height == 3 * len(people)
    for name in set(TEXTS) & set(original.columns):
        values = frame.select("copy", name).drop_nulls().unique()
        # As many different values in every copy as in the original, none in two copies.
        assert values[name].is_unique().all()
        assert values.height == 3 * original[name].drop_nulls().n_unique()
    assert pl.read_parquet(known)["person"].n_unique() == 3 * (
        pl.read_parquet(truth)["person"].n_unique()
    )
