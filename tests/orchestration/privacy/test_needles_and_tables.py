"""What names a person is found in every spelling; what is somebody else's stays."""

from __future__ import annotations

import gzip
import io
import sqlite3
import zipfile
from pathlib import Path

import duckdb
import polars as pl
import pytest

from orchestration.privacy import documents
from orchestration.privacy.needles import Needles, needles_of
from orchestration.privacy.subject import Subject
from orchestration.privacy.tables import (
    hits_in_database,
    hits_in_parquet,
    hits_in_sqlite,
    scrub_database,
    scrub_parquet,
    scrub_sqlite,
)
from orchestration.publishing.writing import STORAGE_VERSION

SUBJECT = Subject(
    golden_ids=("gc_ada",),
    keys=("crm:contact:003AAAAAAAAAAAAAAA", "shop:contacts:7"),
    references=("salesforce|003AAAAAAAAAAAA",),
    emails=("ada.o'hara@engine.example",),
    people=(),
    phones=("+44 20 7946 0001",),
    names=("Ann Lée",),
    streets=(),
    shared={},
)


@pytest.fixture
def needles() -> Needles:
    return needles_of(SUBJECT)


@pytest.mark.parametrize(
    "text",
    [
        "write to ADA.O'HARA@ENGINE.EXAMPLE today",
        "ada.o&#x27;hara@engine.example",
        "ada.o%27hara%40engine.example",
        "called ann lée again",
        '{"name": "Ann L\\u00e9e"}',
        "00442079460001",
        "who=003AAAAAAAAAAAA",
        "crm:contact:003AAAAAAAAAAAAAAA",
    ],
)
def test_every_spelling_is_found_and_taken_out(needles: Needles, text: str) -> None:
    assert needles.found_in(text)
    assert not needles.found_in(needles.taken_out(text))


@pytest.mark.parametrize("text", ["Joann Léeds", "shop:contacts:71", "7", "44 20 7946"])
def test_what_only_looks_alike_stays(needles: Needles, text: str) -> None:
    assert needles.taken_out(text) == text
    assert needles.count_in_bytes(text.encode()) == 0


def table(path: Path) -> None:
    pl.DataFrame(
        {
            "golden_contact_id": ["gc_ada", "gc_bob", None],
            "full_name": ["Ann Lée", "Bob", "Cy"],
            "notes": ["x", "knows Ann Lée", None],
            "amount": [1.0, 2.0, 3.0],
            "tags": [["a"], ["b"], ["c"]],
        }
    ).write_parquet(path)


def test_a_row_of_the_person_goes_and_a_mention_is_blackened(
    tmp_path: Path, needles: Needles
) -> None:
    path = tmp_path / "golden_contacts.parquet"
    table(path)
    counted = scrub_parquet(path, needles)
    assert (counted.removed, counted.rewritten) == (1, 1)
    rows = pl.read_parquet(path)
    assert rows["golden_contact_id"].to_list() == ["gc_bob", None]
    assert rows["notes"].to_list() == ["knows [erased]", None]
    assert hits_in_parquet(path, needles) == 0
    assert not scrub_parquet(path, needles)


def test_a_fact_stays_with_its_amount(tmp_path: Path, needles: Needles) -> None:
    path = tmp_path / "fct_revenue_events.parquet"
    table(path)
    scrub_parquet(path, needles)
    rows = pl.read_parquet(path)
    assert rows["amount"].sum() == 6.0
    assert rows["golden_contact_id"].to_list() == [None, "gc_bob", None]
    assert rows["full_name"].to_list() == [None, "Bob", "Cy"]


def test_a_database_is_copied_without_the_bytes_of_the_person(
    tmp_path: Path, needles: Needles
) -> None:
    old, new = tmp_path / "old.duckdb", tmp_path / "new.duckdb"
    table(tmp_path / "t.parquet")
    with duckdb.connect(str(old)) as connection:
        connection.execute(
            f"CREATE TABLE dim_contacts AS FROM '{tmp_path / 't.parquet'}'"
        )
        connection.execute("COMMENT ON TABLE dim_contacts IS 'People.'")
        connection.execute("COMMENT ON COLUMN dim_contacts.notes IS 'Said.'")
    assert hits_in_database(old, needles) == 2
    assert scrub_database(old, new, needles, storage=STORAGE_VERSION).removed == 1
    assert hits_in_database(new, needles) == 0
    assert "Ann Lée".encode() not in new.read_bytes()
    with duckdb.connect(str(new), read_only=True) as reader:
        found = reader.execute("SELECT comment FROM duckdb_tables()").fetchall()
    assert found == [("People.",)]
    again = scrub_database(new, tmp_path / "none.duckdb", needles, storage="v1.2.0")
    assert not again
    assert not (tmp_path / "none.duckdb").exists()


def test_an_event_store_is_cleaned_to_its_free_pages(
    tmp_path: Path, needles: Needles
) -> None:
    path = tmp_path / "runs.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE event_logs (id INTEGER, event TEXT)")
        connection.execute("INSERT INTO event_logs VALUES (1, 'met Ann Lée')")
    assert hits_in_sqlite(path, needles) == 1
    assert scrub_sqlite(path, needles).rewritten == 1
    assert hits_in_sqlite(path, needles) == 0
    assert needles.count_in_bytes(path.read_bytes()) == 0


def test_rows_of_a_csv_go_and_its_header_stays(needles: Needles) -> None:
    text = "source_record_key_l,reason\nshop:contacts:7,x\nshop:contacts:71,y\n"
    clean, counted = documents.rewrite("rulings.csv", text.encode(), needles)
    assert counted.removed == 1
    assert clean.decode() == "source_record_key_l,reason\nshop:contacts:71,y\n"


def test_archives_are_rewritten_member_by_member(needles: Needles) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", "<t>Ann Lée</t>")
        archive.writestr("other.xml", "<t>Bob</t>")
    packed = gzip.compress(b"met Ann L\xc3\xa9e")
    for name, content in (("book.xlsx", out.getvalue()), ("log.txt.gz", packed)):
        assert documents.hits(name, content, needles) > 0
        clean, counted = documents.rewrite(name, content, needles)
        assert counted.rewritten > 0
        assert documents.hits(name, clean, needles) == 0
