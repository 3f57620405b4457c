"""Accuracy floors on public labelled tables, with the shipped model and no settings."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from hygiene.accuracy import AccuracyReport, score
from hygiene.matching import MatchSettings, link
from tests.hygiene.matching.people import clusters_of, write_links


def scored(
    folder: Path, frame: pl.DataFrame, entity: str, truth: pl.Series
) -> AccuracyReport:
    frame.write_parquet(folder / "standardised.parquet")
    link(
        folder / "standardised.parquet",
        write_links(folder),
        None,
        folder / "edges.parquet",
        entity=entity,  # type: ignore[arg-type]
        settings=MatchSettings(training="never"),  # type: ignore[arg-type]
    )
    keys = frame["source_record_key"].to_list()
    found = clusters_of(pl.read_parquet(folder / "edges.parquet"), keys)
    pl.DataFrame(
        {"source_record_key": keys, "cluster_id": [min(found[key]) for key in keys]}
    ).write_parquet(folder / "clusters.parquet")
    pl.DataFrame({"source_record_key": keys, "entity": truth}).write_parquet(
        folder / "truth.parquet"
    )
    return score(folder / "clusters.parquet", folder / "truth.parquet")


def _clean(column: str) -> pl.Expr:
    return (
        pl.col(column)
        .str.to_lowercase()
        .str.replace_all(r"[^a-z0-9 ]", "")
        .str.strip_chars()
    )


def test_a_thousand_people_with_typing_errors(
    shared_data: Path, tmp_path: Path
) -> None:
    raw = pl.read_parquet(shared_data / "identity" / "fake_1000.parquet")
    email = pl.col("email").str.to_lowercase()
    frame = raw.select(
        ("x:contact:" + pl.col("unique_id")).alias("source_record_key"),
        _clean("first_name").alias("given_name_match"),
        _clean("surname").alias("family_name_match"),
        pl.col("dob").alias("birth_date"),
        pl.col("city").str.to_lowercase().alias("city_std"),
        email.alias("email_match"),
        email.str.split("@").list.get(1, null_on_oob=True).alias("email_domain"),
    )
    report = scored(tmp_path, frame, "contact", raw["cluster"])
    assert report.pairwise_precision > 0.99
    assert report.pairwise_f1 > 0.78
    assert report.most_entities_in_a_cluster <= 2


def test_restaurants_in_two_guides(shared_data: Path, tmp_path: Path) -> None:
    raw = pl.read_parquet(shared_data / "identity" / "restaurants.parquet")
    digits = pl.col("phone").str.replace_all(r"\D", "").str.slice(0, 10)
    frame = raw.select(
        ("x:account:" + pl.col("unique_id")).alias("source_record_key"),
        _clean("name")
        .str.replace(r"\bthe\b", "")
        .str.strip_chars()
        .alias("account_name_match"),
        _clean("addr").alias("street_std"),
        pl.col("city").alias("city_std"),
        ("+1" + digits).alias("phone_e164"),
    )
    report = scored(tmp_path, frame, "account", raw["cluster"])
    assert report.pairwise_f1 > 0.9
    assert report.bcubed_f1 > 0.98


@pytest.mark.slow
def test_fifty_thousand_historical_records(shared_data: Path, tmp_path: Path) -> None:
    raw = pl.read_parquet(shared_data / "identity" / "historical_50k.parquet")
    frame = raw.select(
        ("x:contact:" + pl.col("unique_id")).alias("source_record_key"),
        _clean("first_name").alias("given_name_match"),
        _clean("surname").alias("family_name_match"),
        pl.col("dob").alias("birth_date"),
        pl.col("birth_place").alias("city_std"),
        pl.col("postcode_fake").str.to_uppercase().alias("postal_code_std"),
        pl.col("occupation").alias("job_title_std"),
    )
    report = scored(tmp_path, frame, "contact", raw["cluster"])
    assert report.pairwise_f1 > 0.8
    assert report.pairwise_precision > 0.98
