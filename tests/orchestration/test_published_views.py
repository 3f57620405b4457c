"""Views in the published file: carried over tables, masked and erased below, uncounted."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.dbt_build import is_published_as_view
from orchestration.errors import ExportError, PublishError
from orchestration.exports import ExportKind, export_tables, published_tables
from orchestration.privacy.needles import Needles
from orchestration.privacy.tables import hits_in_database, scrub_database
from orchestration.publishing import (
    Masking,
    Publication,
    PublishedTable,
    Shelf,
    publish,
)
from orchestration.publishing.writing import STORAGE_VERSION

NOW = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)
SALT = "a-salt-of-the-test"
SPANS = PublishedTable("person_spans", '"marts"."person_spans"')
DATES = PublishedTable("dates", '"marts"."dates"')
DAYS = PublishedTable("person_days", '"marts"."person_days"', is_view=True)
MASKING = Masking(
    SALT, {"person_spans": {"email": "email"}, "person_days": {"email": "email"}}
)
ADA = "ada1@engine.example"
# As a model is written: expressions called like the tables that they import.
QUERY = """
with person_spans as (select * from "wh"."marts"."person_spans"),
dates as (select * from "wh"."marts"."dates" where date_day <= date '2026-01-05')
select
    person_spans.source_record_key || ':' || dates.date_day as person_day_id,
    dates.date_day, person_spans.email, person_spans.source_record_key {more}
from person_spans inner join dates on person_spans.valid_from_date <= dates.date_day
"""


def make_warehouse(path: Path, *, more: str = "", query: str = QUERY) -> Path:
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.person_spans as select 'crm:contact:' || range as "
            "source_record_key, 'ada' || range || '@engine.example' as email, "
            "date '2026-01-01' + range::int as valid_from_date from range(10)"
        )
        connection.execute(
            "create table marts.dates as select date '2026-01-01' + range::int as "
            "date_day from range(31)"
        )
        connection.execute("create table marts.hidden as select 1 as x")
        # As dbt does: built beside and renamed.
        connection.execute(
            f"create view marts.person_days__tmp as ({query.format(more=more)})"
        )
        connection.execute("alter view marts.person_days__tmp rename to person_days")
        connection.execute("comment on table marts.person_spans is 'Stretches.'")
        connection.execute("comment on view marts.person_days is 'It''s a day.'")
        if query == QUERY:
            connection.execute(
                "comment on column marts.person_days.email is 'Address.'"
            )
    return path


def run_publish(
    out: Path, run_id: str, *, more: str = "", query: str = QUERY, **options: Any
) -> Any:
    out.parent.mkdir(parents=True, exist_ok=True)
    arguments: dict[str, Any] = {
        "warehouse": make_warehouse(out.parent / "wh.duckdb", more=more, query=query),
        "out": out,
        # The view first: it is created after the tables that it reads all the same.
        "tables": [DAYS, DATES, SPANS],
        "sources": [],
        "run_id": run_id,
        "as_of": date(2026, 1, 15),
        "published_at": NOW,
        "version": "0.1.0",
        "keep_versions": 3,
        "parquet": False,
    }
    return publish(**{**arguments, **options})


def rows(file: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as reader:
        return reader.execute(sql).fetchall()


def test_a_view_stays_a_view_with_its_comments_and_without_a_count(
    tmp_path: Path,
) -> None:
    result: Publication = run_publish(tmp_path / "out", "r1")
    assert list(result.views) == ["person_days"]
    assert "person_days" not in result.row_counts
    file = result.file
    assert rows(file, "select count(*) from person_days") == [(15,)]
    assert rows(
        file, "select view_name, comment from duckdb_views() where not internal"
    ) == [("person_days", "It's a day.")]
    assert rows(
        file,
        "select column_name, comment from duckdb_columns() "
        "where table_name = 'person_days' and comment is not null",
    ) == [("email", "Address.")]
    assert rows(
        file, "select item_name, row_count from publication where item_type = 'view'"
    ) == [("person_days", None)]


def test_a_view_reads_its_own_file_under_any_name(tmp_path: Path) -> None:
    file = run_publish(tmp_path / "out", "r1").file
    moved = tmp_path / "elsewhere.duckdb"
    moved.write_bytes(file.read_bytes())
    (tmp_path / "wh.duckdb").unlink()
    with duckdb.connect() as reader:
        # Tables of the same names beside it must not be taken for its own.
        reader.execute("create table person_spans (x int); create table dates (x int)")
        reader.execute(f"attach '{moved}' as other (read_only)")
        assert reader.execute("select count(*) from other.person_days").fetchall() == [
            (15,)
        ]
        reader.execute("use other")
        assert reader.execute("select count(*) from person_days").fetchall() == [(15,)]


def test_the_masked_view_tells_nobody(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_publish(out, "r1", masking=MASKING)
    masked = Shelf(out).masked
    hashes = {row[0] for row in rows(masked, "select email from person_days")}
    assert len(hashes) == 5
    assert all(len(each) == 32 for each in hashes)
    assert rows(
        masked, "select count(*) from person_days inner join person_spans using (email)"
    ) == [(15,)]
    ids = rows(masked, "select person_day_id, source_record_key from person_days")
    assert all(day.startswith(key + ":2026") for day, key in ids)
    assert not any("crm:contact" in day for day, _ in ids)
    assert rows(
        masked,
        "select column_name, comment from duckdb_columns() where comment is not null "
        "and table_name = 'person_days' order by 1",
    ) == [
        ("email", "Address. (masked: hash)"),
        ("source_record_key", "source_record_key (masked: hash)"),
    ]
    for secret in (b"engine.example", b"crm:contact", SALT.encode()):
        assert secret not in masked.read_bytes()


def test_an_erasure_takes_somebody_out_below_the_view(tmp_path: Path) -> None:
    file = run_publish(tmp_path / "out", "r1").file
    needles = Needles(words=(ADA,), ids=("crm:contact:1",))
    assert hits_in_database(file, needles) == 1
    fresh = tmp_path / "fresh.duckdb"
    assert scrub_database(file, fresh, needles, storage=STORAGE_VERSION).removed == 1
    assert hits_in_database(fresh, needles) == 0
    assert needles.count_in_bytes(fresh.read_bytes()) == 0
    assert rows(fresh, "select count(*), count_if(email like 'ada1@%') from person_days") == [
        (11, 0)
    ]  # fmt: skip
    for question in (
        "select view_name, comment, sql from duckdb_views() where not internal",
        "select table_name, comment from duckdb_tables() order by 1",
        "select table_name, column_name, comment from duckdb_columns() order by all",
    ):
        assert rows(fresh, question) == rows(file, question)


def test_a_rollback_brings_the_view_of_its_version(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_publish(out, "r1", masking=MASKING)
    run_publish(out, "r2", more=", 1 as added", masking=MASKING)
    shelf = Shelf(out)
    for file in (shelf.current, shelf.masked):
        assert rows(file, "select max(added) from person_days") == [(1,)]
    shelf.roll_back("r1", at=NOW)
    for file in (shelf.current, shelf.masked):
        assert rows(file, "select count(*) from person_days") == [(15,)]
        with pytest.raises(duckdb.BinderException):
            rows(file, "select added from person_days")


def test_a_column_that_a_view_loses_needs_a_raised_version(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_publish(out, "r1", more=", 5 as score, 'x' as segment")
    before = Shelf(out).current.read_bytes()
    with pytest.raises(PublishError) as caught:
        run_publish(out, "r2", more=", '5' as score")
    assert "person_days.segment is gone" in str(caught.value)
    assert "person_days.score was INTEGER and is VARCHAR" in str(caught.value)
    assert Shelf(out).current.read_bytes() == before
    with pytest.raises(PublishError, match="table person_days is gone"):
        run_publish(out, "r2", tables=[DATES, SPANS])
    run_publish(out, "r2", more=", '5' as score", contract_version=2)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("select * from wh.marts.hidden", "which is not a published table"),
        ("select x from range(3) as t(x)", "published tables only"),
        (
            "select * from wh.marts.dates where exists (select 1 from wh.marts.hidden)",
            "which is not a published table",
        ),
    ],
)
def test_a_view_over_anything_else_is_refused(
    tmp_path: Path, query: str, words: str
) -> None:
    out = tmp_path / "out"
    with pytest.raises(PublishError, match=words):
        run_publish(out, "r1", query=query)
    assert not Shelf(out).current.exists()


def test_what_was_not_built_as_a_view_is_refused(tmp_path: Path) -> None:
    table = PublishedTable("dates", '"marts"."dates"', is_view=True)
    with pytest.raises(PublishError, match="holds no such view"):
        run_publish(tmp_path / "out", "r1", tables=[SPANS, table])


def test_copies_in_parquet_are_of_tables(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_publish(out, "r1", parquet=True)
    assert sorted(file.stem for file in (out / "parquet").iterdir()) == [
        "dates",
        "person_spans",
        "publication",
    ]


@pytest.mark.parametrize("kind", [ExportKind.PARQUET, ExportKind.CSV])
def test_a_view_is_exported_only_by_name(tmp_path: Path, kind: ExportKind) -> None:
    file = run_publish(tmp_path / "out", "r1").file
    report = export_tables(file, tmp_path / "all", kind=kind)
    assert "person_days" not in report.rows
    assert published_tables(file)["person_days"] == "It's a day."
    report = export_tables(
        file,
        tmp_path / "one",
        kind=kind,
        tables=["person_days"],
        restriction=lambda _, columns: (
            "email <> '" + ADA + "'" if "email" in columns else None
        ),
    )
    assert (report.rows, report.held_back) == ({"person_days": 11}, {"person_days": 4})
    assert ADA.encode() not in report.files[0].read_bytes()
    with pytest.raises(ExportError):
        export_tables(file, tmp_path / "no", kind=kind, tables=["person_weeks"])


def test_a_model_asks_to_stay_a_view() -> None:
    assert is_published_as_view({"config": {"meta": {"published_as": "view"}}})
    assert not is_published_as_view({"config": {"meta": {"published_as": "table"}}})
    assert not is_published_as_view({"config": {}})
