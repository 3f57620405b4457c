"""Laws of the table reader: what was written is read, and every row is accounted for."""

from __future__ import annotations

import csv
import io
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import connectors.tabular.structure as structure
from connectors.tabular import ReadOptions, read_delimited
from connectors.tabular.records import RecordReader
from connectors.tabular.structure import scan_structure

CELL = st.text(
    st.sampled_from(list('ab1,;"\n \t#é'))
    | st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")),
    max_size=8,
)
TABLE = st.integers(1, 5).flatmap(
    lambda width: st.lists(
        st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=12
    )
)
QUICK = settings(max_examples=150, deadline=None)


def write(table: list[list[str]], **options: object) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", **options).writerows(table)  # type: ignore[arg-type]
    return out.getvalue().encode()


@QUICK
@given(TABLE, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_well_formed_csv_is_read_as_written(
    table: list[list[str]], quoting: int
) -> None:
    width = len(table[0])
    header = [f"h{number}" for number in range(width)]
    data = write([header, *table], quoting=quoting)
    options = ReadOptions(
        delimiter=",", header_row=1, find_footers=False, error_cells_to_null=False
    )
    read = read_delimited(data, options)
    expected = [
        tuple(cell or None for cell in row)
        for row in table
        if any(c.strip() for c in row)
    ]
    assert read.frame.drop("_line").collect().rows() == expected
    assert read.rows + read.blank_rows == len(table)
    assert read.rejected.is_empty()


@QUICK
@given(st.lists(st.text(st.sampled_from(list('ab,"\n')), max_size=12), max_size=12))
@example(parts=["", ',"', 'a",,,a'])
def test_no_letter_of_a_damaged_file_is_lost_or_read_twice(parts: list[str]) -> None:
    body = "\n".join(parts) + "\n"
    options = ReadOptions(delimiter=",", header_row=1, find_footers=False)
    read = read_delimited(f"h1,h2,h3\n{body}".encode(), options)
    frame = read.frame.collect()
    kept = [cell for row in frame.drop("_line").rows() for cell in row if cell]
    found = Counter("".join([*kept, *read.rejected["raw_text"].to_list()]))
    assert {letter: found[letter] for letter in "ab"} == {
        letter: body.count(letter) for letter in "ab"
    }
    lines = [*frame["_line"].to_list(), *read.rejected["_line"].to_list()]
    assert len(set(lines)) == len(lines) == read.rows + read.rejected.height
    assert all(2 <= line <= body.count("\n") + 1 for line in lines)


@QUICK
@given(TABLE, st.integers(1, 40))
def test_structure_is_the_same_for_any_block_size(
    table: list[list[str]], block: int
) -> None:
    data = write(table)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "t.csv"
        path.write_bytes(data)
        whole = scan_structure(path, ",")
        patch.setattr(structure, "_BLOCK", block)
        pieces = scan_structure(path, ",")
    assert whole.is_regular
    assert pieces.is_regular
    for name in ("cells", "lines", "starts", "ends"):
        assert getattr(whole, name).tolist() == getattr(pieces, name).tolist()
    records = list(RecordReader(data, ",", None).records())
    assert whole.lines.tolist() == [record.line for record in records]
    assert whole.cells.tolist() == [len(record.cells) for record in records]
