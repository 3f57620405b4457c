"""Fields that only one table has are compared when they carry evidence, and only then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from hygiene.matching import MatchReport, MatchSettings, link
from hygiene.matching.custom_fields import choose_custom_fields, with_custom_fields
from hygiene.matching.specification import Entity
from hygiene.matching.specifications import specification_of
from tests.hygiene.matching.people import (
    CONTACT_SCHEMA,
    clusters_of,
    contact,
    crowd,
    write_links,
)


def _choose(**columns: list[Any]) -> tuple[list[str], dict[str, str]]:
    with duckdb.connect() as connection:
        connection.register("people", pl.DataFrame(columns))
        fields = choose_custom_fields(connection, "people", Entity.CONTACT)
    return [item.column for item in fields.used], dict(fields.unused)


def test_a_field_that_says_something_is_compared() -> None:
    used, unused = _choose(
        first_name=["anna", "bruno", "clara", "david"],
        other_club=["chess", "chess", "rowing", "rowing"],
    )
    assert used == ["other_club"]
    assert unused == {}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (["a", "b", "c", "d"], "different in all records"),
        (["a", "a", "a", "a"], "the same in all records"),
        ([None, None, None, "a"], "hardly ever filled"),
        (["Anna", "Bruno", "anna", "David"], "its words stand in other fields already"),
    ],
)
def test_a_field_without_evidence_is_left_out_with_its_reason(
    values: list[str | None], reason: str
) -> None:
    used, unused = _choose(
        first_name=["anna", "bruno", "anna", "david"], other_field=values
    )
    assert used == []
    assert unused == {"other_field": reason}


def test_odd_column_names_become_safe_and_distinct() -> None:
    with duckdb.connect() as connection:
        values = ["x", "x", "y", "y"]
        connection.register(
            "people", pl.DataFrame({'other_Club "A"': values, "other_club a": values})
        )
        fields = choose_custom_fields(connection, "people", Entity.CONTACT)
    names = [item.name for item in fields.used]
    assert len(set(names)) == 2
    assert all(name.replace("_", "").isalnum() for name in names)
    model = with_custom_fields(specification_of(Entity.CONTACT), fields.used)
    assert {item.name for item in model.comparisons} >= set(names)


def _link(
    folder: Path, records: list[dict[str, Any]], extra: dict[str, str | None]
) -> tuple[MatchReport, dict[str, frozenset[str]]]:
    frame = pl.DataFrame(records, schema=CONTACT_SCHEMA)
    keys = frame["source_record_key"].to_list()
    frame = frame.with_columns(
        pl.Series("other_member_number", [extra.get(key) for key in keys], pl.String)
    )
    frame.write_parquet(folder / "standardised.parquet")
    report = link(
        folder / "standardised.parquet",
        write_links(folder),
        None,
        folder / "edges.parquet",
        entity="contact",
        settings=MatchSettings(training="never"),  # type: ignore[arg-type]
    )
    return report, clusters_of(pl.read_parquet(folder / "edges.parquet"), keys)


def test_an_equal_custom_number_finds_a_pair_and_adds_to_its_weight(
    tmp_path: Path,
) -> None:
    records = [
        *crowd(120),
        contact("a:contact:1", "maria", "lopez"),
        contact("b:contact:2", "marta", "opez"),
    ]
    numbers = {
        str(item["source_record_key"]): f"{number // 2:05d}"
        for number, item in enumerate(records[:-2])
    }
    numbers |= {"a:contact:1": "99881", "b:contact:2": "99881"}
    report, _ = _link(tmp_path, records, numbers)
    edge = (
        pl.read_parquet(tmp_path / "edges.parquet")
        .filter(pl.col("source_record_key_l") == "a:contact:1")
        .row(0, named=True)
    )
    assert edge["source_record_key_r"] == "b:contact:2"
    assert edge["blocking_rule_id"] == "other_member_number"
    assert edge["gamma_other_member_number"] == 2
    assert report.unused_fields == ()


def test_a_custom_number_alone_joins_nobody(tmp_path: Path) -> None:
    records = crowd(120)
    numbers = {
        str(item["source_record_key"]): f"{number // 2:05d}"
        for number, item in enumerate(records)
    }
    _, clusters = _link(tmp_path, records, numbers)
    assert max(len(members) for members in clusters.values()) == 1
