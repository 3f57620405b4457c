"""The published file: complete, documented, swapped in one step, versions kept."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.errors import PublishError
from orchestration.publishing import PublishedTable, SourceWatermark, publish

NOW = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)
CUSTOMERS = PublishedTable("dim_customers", '"marts"."dim_customers"', False, ("id",))


def make_warehouse(path: Path, rows: int) -> Path:
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.dim_customers as "
            f"select range as id, 'c' || range as name from range({rows}) order by 1 desc"
        )
        connection.execute("comment on table marts.dim_customers is 'It''s a customer'")
        connection.execute("comment on column marts.dim_customers.id is 'The key'")
    return path


def run_publish(warehouse: Path, out: Path, run_id: str, **options: object) -> Path:
    arguments: dict[str, object] = {
        "warehouse": warehouse,
        "out": out,
        "tables": [CUSTOMERS],
        "sources": [SourceWatermark("crm/account", 3, NOW)],
        "run_id": run_id,
        "as_of": date(2026, 1, 15),
        "published_at": NOW,
        "version": "0.1.0",
        "keep_versions": 2,
        "parquet": True,
    }
    return publish(**{**arguments, **options}).file  # type: ignore[arg-type]


def test_published_file_holds_rows_comments_and_publication(tmp_path: Path) -> None:
    file = run_publish(
        make_warehouse(tmp_path / "wh.duckdb", 5), tmp_path / "out", "r1"
    )
    with duckdb.connect(str(file), read_only=True) as reader:
        assert reader.sql("select id from dim_customers").fetchall() == [
            (n,) for n in range(5)
        ]
        assert reader.sql("select comment from duckdb_tables()").fetchall()[0] == (
            "It's a customer",
        )
        items = reader.sql(
            "select item_type, item_name, row_count, run_id from publication"
        ).fetchall()
    assert ("table", "dim_customers", 5, "r1") in items
    assert ("source", "crm/account", 3, "r1") in items


def test_parquet_copy_follows_the_published_file(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for run_id, rows in (("r1", 5), ("r2", 7)):
        run_publish(make_warehouse(tmp_path / "wh.duckdb", rows), out, run_id)
        parquet = out / "parquet" / "dim_customers.parquet"
        found = duckdb.sql(f"select count(*) from '{parquet}'").fetchall()
        assert found == [(rows,)]


def test_only_the_configured_number_of_versions_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for number in range(4):
        run_publish(make_warehouse(tmp_path / "wh.duckdb", number), out, f"r{number}")
    kept = sorted(path.name for path in (out / "versions").iterdir())
    assert kept == [
        "crm_r2.duckdb",
        "crm_r3.duckdb",
        "parquet-r2",
        "parquet-r3",
    ]


def test_a_missing_table_leaves_the_old_file_in_place(tmp_path: Path) -> None:
    warehouse, out = make_warehouse(tmp_path / "wh.duckdb", 5), tmp_path / "out"
    file = run_publish(warehouse, out, "r1")
    before = file.read_bytes()
    with pytest.raises((PublishError, duckdb.Error)):
        run_publish(
            warehouse,
            out,
            "r2",
            tables=[CUSTOMERS, PublishedTable("absent", '"marts"."absent"')],
        )
    assert file.read_bytes() == before
    assert not list(out.glob(".building-*"))


def test_an_open_reader_keeps_its_snapshot_and_a_new_one_sees_the_next(
    tmp_path: Path,
) -> None:
    warehouse, out = make_warehouse(tmp_path / "wh.duckdb", 5), tmp_path / "out"
    file = run_publish(warehouse, out, "r1")
    # DuckDB shares one instance per file and process: the reader must be another.
    script = (
        "import duckdb, sys\n"
        "c = duckdb.connect(sys.argv[1], read_only=True)\n"
        "count = lambda: c.sql('select count(*), sum(id) from dim_customers')"
        ".fetchall()[0]\n"
        "print(*count(), flush=True)\n"
        "sys.stdin.readline()\n"
        "print(*count(), flush=True)\n"
    )
    reader = subprocess.Popen(
        [sys.executable, "-c", script, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    assert reader.stdin is not None
    first = reader.stdout.readline()
    run_publish(make_warehouse(warehouse, 9), out, "r2")
    reader.stdin.write("\n")
    reader.stdin.flush()
    assert reader.stdout.readline() == first == "5 10\n"
    assert reader.wait(timeout=30) == 0
    with duckdb.connect(str(file), read_only=True) as fresh:
        assert fresh.sql("select count(*) from dim_customers").fetchall() == [(9,)]


def test_what_a_killed_publication_left_is_removed_by_the_next(tmp_path: Path) -> None:
    warehouse, out = make_warehouse(tmp_path / "wh.duckdb", 5), tmp_path / "out"
    out.mkdir()
    (out / ".building-r0.duckdb").write_bytes(b"half")
    run_publish(warehouse, out, "r1")
    assert not list(out.glob(".building-*"))
