"""Spark gives the same edges as DuckDB: Splink's own backend, on two local workers."""

from __future__ import annotations

import importlib.util
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hygiene.errors import ConfigurationError
from hygiene.matching import Engine, MatchSettings, SparkSettings, link
from hygiene.matching import spark as module
from tests.hygiene.matching.people import contact, crowd, write_contacts, write_links

needs_spark = pytest.mark.skipif(
    importlib.util.find_spec("pyspark") is None or shutil.which("java") is None,
    reason="needs the extra `spark` (pyspark) and Java 17",
)

_LOCAL = SparkSettings(
    master="local[2]",
    options={
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    },
)


def _typo(text: str, number: int) -> str:
    at = number % len(text)
    return text[:at] + text[at + 1 :] if number % 3 else text[::-1][:at] + text


def _people() -> list[dict[str, Any]]:
    """Copies with mistakes, so that every kind of similarity is close to its limit."""
    people = crowd(120)
    copies = [
        contact(
            record["source_record_key"].replace("crowd", "copy"),
            _typo(record["given_name_match"], number),
            _typo(record["family_name_match"], number + 1),
            email=record["email_match"].replace(
                ".com", (".com", ".cm")[number % 4 == 1]
            )
            if number % 2
            else None,
            mobile=record["mobile_phone_e164"] if number % 5 == 0 else None,
            company=_typo(record["company_name_match"], number + 2),
            street=_typo(record["street_std"], number),
            postcode=record["postal_code_std"],
            city="Łódź" if number % 7 == 0 else record["city_std"],
            title="directeur général" if number % 4 else None,
            born=date(1970 + number % 30, 1 + number % 12, 1 + number % 28),
        )
        for number, record in enumerate(people[:100])
    ]
    return people + copies


@pytest.mark.slow
@needs_spark
def test_edges_are_those_of_duckdb(tmp_path: Path) -> None:
    standardised = write_contacts(tmp_path, _people())
    links = write_links(tmp_path)
    found: dict[Engine, pl.DataFrame] = {}
    for engine in Engine:
        out = tmp_path / f"{engine}.parquet"
        report = link(
            standardised,
            links,
            None,
            out,
            entity="contact",
            settings=MatchSettings(engine=engine, spark=_LOCAL, kept_margin=100.0),
        )
        assert report.candidate_pairs > 100
        found[engine] = pl.read_parquet(out)
    duckdb, spark = found[Engine.DUCKDB], found[Engine.SPARK]
    exact = [c for c in duckdb.columns if not c.startswith("match_")]
    assert spark.select(exact).equals(duckdb.select(exact))
    for column in ("match_weight", "match_probability"):
        assert (duckdb[column] - spark[column]).abs().max() <= 1e-6  # type: ignore[operator]
    assert not list(tmp_path.glob(".spark-*"))


def test_without_pyspark_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r"tidycrm\[spark\]"):
        link(
            write_contacts(tmp_path, crowd(5)),
            write_links(tmp_path),
            None,
            tmp_path / "edges.parquet",
            entity="contact",
            settings=MatchSettings(engine=Engine.SPARK),
        )
    assert not (tmp_path / "edges.parquet").exists()
