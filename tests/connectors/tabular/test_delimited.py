"""Delimited text: encodings, delimiters, headers, ragged and broken rows."""

from __future__ import annotations

import codecs
import io
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connectors.errors import (
    EmptyFileError,
    EncodingError,
    SourceConfigError,
    SourceFileMissingError,
)
from connectors.tabular import (
    NoteCode,
    ReadOptions,
    TableRead,
    read_delimited,
    reject_damaged_ids,
)


def read(text: str | bytes, **options: Any) -> TableRead:
    data = text.encode() if isinstance(text, str) else text
    return read_delimited(data, ReadOptions(**options), name="t.csv")


def rows(table: TableRead) -> list[tuple[Any, ...]]:
    return table.frame.drop("_line").collect().rows()


def lines(table: TableRead) -> list[int]:
    return table.frame.collect()["_line"].to_list()


def codes(table: TableRead) -> set[str]:
    return {note.code for note in table.notes}


def rejects(table: TableRead) -> list[tuple[int, str]]:
    return table.rejected.select("_line", "reason_code").rows()


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("näme;ä\nÉmile;1\n".encode(), "utf-8"),
        (codecs.BOM_UTF8 + "näme;ä\nÉmile;1\n".encode(), "utf-8"),
        ("näme;ä\nÉmile;1\n".encode("utf-16"), "utf-16-le"),
        (codecs.BOM_UTF16_BE + "näme;ä\nÉmile;1\n".encode("utf-16-be"), "utf-16-be"),
        ("näme;ä\nÉmile;1\n".encode("utf-32"), "utf-32-le"),
        ("näme;ä\nÉmile;1\n".encode("utf-16-le"), "utf-16-le"),
        ("näme;ä\nÉmile;1\n".encode("cp1252"), "cp1252"),
    ],
    ids=["utf8", "utf8-bom", "utf16le", "utf16be", "utf32", "utf16-no-mark", "cp1252"],
)
def test_encodings_are_found(data: bytes, encoding: str) -> None:
    table = read(data)
    assert table.encoding == encoding
    assert table.header.names == ["näme", "ä"]
    assert rows(table) == [("Émile", "1")]


def test_a_configured_encoding_is_used() -> None:
    data = "имя,город\nЮля,Юг\n".encode("cp1251")
    assert rows(read(data, encoding="windows-1251")) == [("Юля", "Юг")]


def test_an_unknown_encoding_is_named() -> None:
    with pytest.raises(EncodingError, match="'klingon' is not known"):
        read("a,b\n", encoding="klingon")


def test_a_wrong_encoding_says_what_to_do() -> None:
    with pytest.raises(EncodingError, match="set `encoding`"):
        read("naïve,b\n".encode("cp1252"), encoding="ascii")


def test_bytes_that_no_encoding_explains_are_refused() -> None:
    data = b"name,city\n" + bytes([0x81, 0x8D, 0x8F]) + b",x\n"
    with pytest.raises(EncodingError, match="neither UTF-8 nor cp1252"):
        read(data)


def test_a_picture_is_not_a_table() -> None:
    with pytest.raises(EncodingError, match="not a text file"):
        read(bytes(range(32)) * 50)


def test_a_few_foreign_bytes_in_utf8_are_read_and_noted() -> None:
    text = "name\n" + "Müller\n" * 50
    table = read(text.encode() + b"Andr\xe9\n")
    assert rows(table)[-1] == ("André",)
    assert NoteCode.MIXED_ENCODING in codes(table)


def test_nul_bytes_are_removed_and_noted() -> None:
    table = read(b"a,b\n1\x00,2\n")
    assert rows(table) == [("1", "2")]
    assert NoteCode.NUL_BYTES_REMOVED in codes(table)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "`"])
def test_delimiters_are_found(delimiter: str) -> None:
    text = delimiter.join(["id", "name", "note"]) + "\n"
    text += delimiter.join(["1", '"a, b; c"', "x"]) + "\n"
    table = read(text)
    assert table.delimiter == delimiter
    assert rows(table) == [("1", "a, b; c", "x")]


def test_decimal_commas_do_not_win_over_semicolons() -> None:
    table = read("id;price;tax\n1;1,5;0,2\n2;2,5;0,3\n")
    assert table.delimiter == ";"


def test_excels_separator_line_is_obeyed_and_skipped() -> None:
    table = read("sep=|\na|b\n1,2|3,4\n")
    assert rows(table) == [("1,2", "3,4")]
    assert lines(table) == [3]


def test_a_delimiter_of_two_characters_is_refused() -> None:
    with pytest.raises(SourceConfigError, match="one ASCII character"):
        read("a||b\n", delimiter="||")


def test_quoted_newlines_and_quotes_keep_lines_right() -> None:
    text = 'id,note\r\n1,"two\r\nlines"\r\n2,"say ""hi"""\r\n3,plain\r\n'
    table = read(text)
    assert rows(table) == [("1", "two\r\nlines"), ("2", 'say "hi"'), ("3", "plain")]
    assert lines(table) == [2, 4, 5]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_endings(newline: str) -> None:
    table = read(newline.join(["id,name", "1,a", "2,b"]))
    assert rows(table) == [("1", "a"), ("2", "b")]


def test_text_stays_text() -> None:
    table = read("zip,id,when,flag\n00501,007,2025-01-01,TRUE\n")
    assert rows(table) == [("00501", "007", "2025-01-01", "TRUE")]


def test_spaces_are_kept_and_empty_cells_are_null() -> None:
    assert rows(read('a,b,c\n x ,"",\n')) == [(" x ", None, None)]


def test_short_rows_are_padded_and_wide_ones_rejected_with_their_line() -> None:
    table = read('a,b\n1\n2,3\n4,5,6\n"7\n8",9,,\n')
    assert rows(table) == [("1", None), ("2", "3"), ("7\n8", "9")]
    assert lines(table) == [2, 3, 5]
    assert table.rejected.row(0) == (
        4,
        "extra_cells",
        "3 cells, expected 2",
        "4,5,6",
    )


def test_blank_rows_are_skipped_and_counted() -> None:
    table = read("a,b\n\n1,2\n,\n ,\t\n\n3,4\n\n")
    assert rows(table) == [("1", "2"), ("3", "4")]
    assert table.blank_rows == 5
    assert lines(table) == [3, 7]


def test_an_open_quote_costs_one_row_and_no_other() -> None:
    text = 'id,name,city\n1,Ann,Rome\n2,"Bob,Oslo\n3,Cy,Bonn\n4,"D, E",Bern\n5,F,Köln\n'
    table = read(text)
    assert [row[0] for row in rows(table)] == ["1", "3", "4", "5"]
    assert rejects(table) == [(3, "broken_quote")]
    assert table.rejected["raw_text"][0] == '2,"Bob,Oslo'
    assert lines(table) == [2, 4, 5, 6]


def test_an_open_quote_in_a_file_that_quotes_everything_is_found() -> None:
    good = [f'"{i}","name {i}","x"' for i in range(50)]
    good[20] = '"20","name 20,"x"'
    table = read('"id","name","c"\n' + "\n".join(good) + "\n")
    assert table.rows == 49
    assert rejects(table) == [(22, "broken_quote")]


def test_a_quote_that_never_closes_does_not_eat_the_rest() -> None:
    body = "".join(f"{i},x\n" for i in range(500))
    table = read('id,name\n0,"open\n' + body)
    assert table.rows == 500
    assert rejects(table) == [(2, "broken_quote")]


def test_unescaped_inner_quotes_are_read_as_characters() -> None:
    table = read('id,note\n1,"the "big" one"\n2,5" pipe\n')
    assert rows(table) == [("1", 'the "big" one'), ("2", '5" pipe')]
    assert table.rejected.is_empty()


def test_the_rest_of_a_damaged_record_is_rejected_with_it() -> None:
    text = 'id,note\n1,"a "b\nsecond line"\n2,ok\n'
    table = read(text)
    assert rows(table) == [("2", "ok")]
    assert rejects(table) == [(2, "broken_quote"), (3, "broken_quote")]


def test_spaces_around_quotes_are_tolerated() -> None:
    assert rows(read('a, b\n1, "x, y" \n')) == [("1", "x, y")]


def test_preamble_and_padding_before_the_header() -> None:
    text = "Sales report\nexported 2025-01-01\n\nid,name,amount\n1,a,5\n"
    table = read(text)
    assert table.header.line == 4
    assert table.header.names == ["id", "name", "amount"]
    assert rows(table) == [("1", "a", "5")]
    assert NoteCode.PREAMBLE_ROWS in codes(table)


def test_header_row_can_be_given() -> None:
    text = "name,kind\nid,label\n1,a\n"
    assert read(text).header.names == ["name", "kind"]
    assert read(text, header_row=2).header.names == ["id", "label"]
    joined = read(text, header_rows=2)
    assert joined.header.names == ["name id", "kind label"]


def test_header_row_beyond_the_file_is_refused() -> None:
    with pytest.raises(SourceConfigError, match="header_row is 2"):
        read("a,b\n\n1,2\n", header_row=2)


def test_a_file_without_header_is_marked_or_named_by_option() -> None:
    text = "1,ann@x.example\n2,bob@x.example\n"
    assert not read(text).header.is_certain
    table = read(text, header_row=0)
    assert table.header.names == ["column_1", "column_2"]
    assert table.rows == 2
    assert lines(table) == [1, 2]


def test_duplicate_blank_and_reserved_headers_get_names_of_their_own() -> None:
    table = read("id,Name,name,,_line\n1,a,b,c,d\n")
    assert table.header.names == ["id", "Name", "name_2", "column_4", "_line_2"]
    assert {NoteCode.DUPLICATE_HEADER, NoteCode.BLANK_HEADER} <= codes(table)
    assert rows(table) == [("1", "a", "b", "c", "d")]


def test_a_column_without_header_and_values_is_left_out() -> None:
    assert read("id,name,\n1,a,\n2,b,\n").header.names == ["id", "name"]


def test_rows_that_are_usually_wider_than_the_header_keep_their_cells() -> None:
    table = read("id,name\n1,a,x\n2,b,y\n3,c,z\n")
    assert table.header.names == ["id", "name", "column_3"]
    assert table.rows == 3


def test_a_header_repeated_among_the_rows_is_rejected() -> None:
    table = read("id,name\n1,a\nid,name\n2,b\n")
    assert table.rows == 2
    assert rejects(table) == [(3, "repeated_header")]


def test_error_cells_become_null_and_are_counted() -> None:
    table = read("id,amount,note\n1,#N/A,#1 choice\n2,#DIV/0!,x\n")
    assert rows(table) == [("1", None, "#1 choice"), ("2", None, "x")]
    [note] = [note for note in table.notes if note.code is NoteCode.ERROR_CELLS]
    assert note.detail.startswith("2 ")
    assert rows(read("id,a\n1,#N/A\n", error_cells_to_null=False)) == [("1", "#N/A")]


@pytest.mark.parametrize("data", [b"", b"\n\n  \n", codecs.BOM_UTF8])
def test_an_empty_file_is_a_clear_error(data: bytes) -> None:
    with pytest.raises(EmptyFileError, match=r"t\.csv"):
        read(data)


def test_a_header_without_rows_is_read_and_noted() -> None:
    table = read("id,name\n")
    assert table.rows == 0
    assert table.frame.collect().columns == ["id", "name", "_line"]
    assert NoteCode.NO_ROWS in codes(table)


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SourceFileMissingError, match="no such file"):
        read_delimited(tmp_path / "absent.csv")


def test_streams_are_read() -> None:
    assert rows(read_delimited(io.BytesIO(b"a,b\n1,2\n"))) == [("1", "2")]


def test_damaged_ids_are_rejected_and_never_repaired() -> None:
    text = "id,amount\n1.23457E+17,1.5E+06\n12345678901234500,2\n00Q8d000003XyZE1,3\n"
    table = read(text)
    assert NoteCode.SCIENTIFIC_NOTATION in codes(table)
    checked = reject_damaged_ids(table, ["id"])
    assert rejects(checked) == [(2, "id_in_scientific_notation")]
    assert checked.rows == 2
    assert '"1.23457E+17"' in checked.rejected["raw_text"][0]
    assert NoteCode.DIGITS_BEYOND_15 in codes(checked)
    assert reject_damaged_ids(table, ["absent"]) is table


@pytest.mark.parametrize("identifier", ["1E5", "12E4567", "3e8", "0012", "1.5"])
def test_product_codes_are_not_scientific_notation(identifier: str) -> None:
    table = reject_damaged_ids(read(f"id,x\n{identifier},1\n"), ["id"])
    assert table.rejected.is_empty()


def test_large_files_are_spooled_and_agree_with_small_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        'id,"na\nme",c\n'
        + "".join(f'{i},"a\nb",\n' for i in range(3000))
        + "\nTotal,,\n"
    )
    small = read(text)
    monkeypatch.setattr("connectors.tabular.delimited._IN_MEMORY", 100)
    monkeypatch.setattr("connectors.tabular.structure._BLOCK", 61)
    large = read_delimited(text.encode(), name="t.csv", workdir=tmp_path)
    assert list(tmp_path.glob("table-*.parquet"))
    assert large.frame.collect().equals(small.frame.collect())
    assert large.rejected.equals(small.rejected)
    temporary = read_delimited(text.encode(), name="t.csv")
    assert temporary.frame.collect().equals(small.frame.collect())
    assert isinstance(small.frame, pl.LazyFrame)
