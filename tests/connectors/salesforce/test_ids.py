from __future__ import annotations

import csv
import string
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.salesforce.ids import (
    checksum,
    id_18_expression,
    is_record_id,
    to_18,
)

short_ids = st.text(string.ascii_letters + string.digits, min_size=15, max_size=15)


@given(short_ids)
def test_long_spelling_keeps_the_short_one_and_is_stable(short: str) -> None:
    long = to_18(short)
    assert long[:15] == short
    assert len(long) == 18
    assert to_18(long) == long


@given(short_ids)
def test_check_characters_tell_case_apart(short: str) -> None:
    """Two ids that differ in case only stay different when case is ignored."""
    swapped = short.swapcase()
    if swapped != short:
        assert to_18(short).lower() != to_18(swapped).lower()


@given(st.lists(st.one_of(short_ids, short_ids.map(to_18), st.text(max_size=20))))
def test_column_expression_agrees_with_the_function(texts: list[str]) -> None:
    expected = [to_18(text) if is_record_id(text) else None for text in texts]
    frame = pl.DataFrame({"id": texts}, schema={"id": pl.String})
    assert frame.select(id_18_expression(pl.col("id")))["id"].to_list() == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "001x0000002xLC",
        "001x0000002xLCVA",
        "001x0000002xLCV-A2",
        "001x0000002xLCVAA2 ",
    ],
)
def test_other_texts_are_no_record_ids(text: str) -> None:
    assert not is_record_id(text)
    with pytest.raises(ValueError, match="expected a Salesforce record id"):
        to_18(text)


@pytest.mark.parametrize("name", ["accountData.csv", "opportunityData.csv"])
def test_checksum_holds_for_every_id_of_real_extracts(
    shared_data: Path, name: str
) -> None:
    (path,) = shared_data.glob(f"salesforce/salesforce_dataloader/**/{name}")
    with path.open(encoding="cp1252", newline="") as stream:
        rows = list(csv.DictReader(stream))
    ids = [
        value
        for row in rows
        for column, value in row.items()
        if column.endswith("ID") and len(value or "") == 18 and is_record_id(value)
    ]
    assert len(ids) > len(rows)
    assert [value[15:] for value in ids] == [checksum(value) for value in ids]
