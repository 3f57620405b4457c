"""Merging part by part gives the rows of one part, in order, as plain words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hygiene.survivorship import SurvivorshipRules, merging
from tests.hygiene.survivorship.table import day, merged


def _records() -> list[dict[str, Any]]:
    return [
        {
            "key": f"{source}:contact:{number:02}",
            "source_name": source,
            "golden": f"g{number // 3:02}",
            "email_std": f"p{number % 5}@example.org" if number % 4 else None,
            "full_name_std": f"Name {number % 3}",
            "modified_at": day(1 + number % 20),
            "is_deleted": number % 7 == 0,
        }
        for number in range(30)
        for source in (("salesforce", "hubspot")[number % 2],)
    ]


@pytest.mark.parametrize("at_once", [3, 6, 1_000])
def test_parts_give_the_rows_of_one_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    whole = merged(tmp_path / "whole", _records())
    monkeypatch.setattr(merging, "_GOLDEN_PER_PART", 3)
    monkeypatch.setattr(merging, "_GOLDEN_AT_ONCE", at_once)
    parts = merged(tmp_path / "parts", _records())
    assert_frame_equal(parts.golden, whole.golden)
    assert_frame_equal(parts.lineage, whole.lineage)
    assert parts.report == whole.report


def test_files_are_in_order_and_hold_plain_words(tmp_path: Path) -> None:
    result = merged(tmp_path, _records())
    assert result.golden["golden_contact_id"].is_sorted()
    order = result.lineage.select("golden_id", "field_name")
    assert_frame_equal(order, order.sort("golden_id", "field_name"))
    words = result.lineage.schema
    assert {
        kind
        for name, kind in words.items()
        if name not in {"observed_at", "candidate_count"}
    } == {pl.String()}


def test_a_rule_in_sql_without_a_number_comes_last(tmp_path: Path) -> None:
    records = [
        {"key": "a", "golden": "g", "email_std": "x@example.org"},
        {"key": "b", "golden": "g", "email_std": "long@example.org"},
    ]
    expression = "CASE WHEN length(email_std) > 13 THEN 1e300 ELSE 'nan'::DOUBLE END"
    rules = SurvivorshipRules(contacts={"email": [f"sql: {expression}"]})
    result = merged(tmp_path, records, rules=rules)
    assert result.row()["email"] == "long@example.org"
    assert result.source("email")["rule"] == "custom_sql_1"
