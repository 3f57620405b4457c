"""Row-level change capture: what lands, what does not, and how it is counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from connectors.errors import (
    EmptySnapshotError,
    LandingError,
    SourceConfigError,
)
from connectors.landing import (
    METADATA_SCHEMA,
    REJECTED_SCHEMA,
    DeleteKind,
    Landing,
    LoadMode,
    LoadResult,
    SnapshotBatch,
    SourceFile,
    row_hash_expression,
)

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing")


def commit(
    landing: Landing, rows: list[dict[str, Any]], *, hours: int = 0, **more: Any
) -> LoadResult:
    frame = pl.DataFrame(rows, infer_schema_length=None)
    if rows:
        frame = frame.with_columns(pl.col("id").alias("_source_record_id"))
    options: dict[str, Any] = {
        "source_type": "salesforce",
        "object": "contact",
        "source_name": "crm",
        "frame": frame,
        "extracted_at": NOON + timedelta(hours=hours),
    }
    return landing.commit(SnapshotBatch(**(options | more)))


def current(landing: Landing, source: str | None = None) -> dict[str, dict[str, Any]]:
    rows = landing.current("salesforce", "contact", source).collect().to_dicts()
    return {row["_source_record_id"]: row for row in rows}


def test_first_load_lands_every_row_with_all_metadata(landing: Landing) -> None:
    result = commit(landing, [{"id": "1", "name": "Ann"}, {"id": "2", "name": ""}])
    assert (result.counts.new, result.counts.rows_read) == (2, 2)
    rows = landing.versions("salesforce", "contact").collect()
    assert rows.columns == ["id", "name", *METADATA_SCHEMA]
    assert {name: rows.schema[name] for name in METADATA_SCHEMA} == dict(
        METADATA_SCHEMA
    )
    row = current(landing)["2"]
    assert row["name"] is None, "the empty string is null"
    assert row["_source_name"] == "crm"
    assert row["_extracted_at"] == NOON.replace(tzinfo=None)
    assert row["_is_deleted"] is False
    assert row["_delete_kind"] is None
    assert len(row["_row_hash"]) == 64
    assert row["_load_id"] == result.load_id
    assert [row["_load_seq"] for row in current(landing).values()] == [1, 2]


def test_loading_the_same_rows_twice_lands_nothing(landing: Landing) -> None:
    rows = [{"id": "1", "name": "Ann"}, {"id": "2", "name": "Bob"}]
    commit(landing, rows)
    again = commit(landing, rows[::-1], hours=1)
    assert not again.is_written
    assert again.counts.unchanged == 2
    assert len(landing.manifests()) == 1


def test_only_new_changed_and_missing_records_land(landing: Landing) -> None:
    commit(landing, [{"id": str(i), "name": f"n{i}"} for i in range(5)])
    second = [{"id": str(i), "name": f"n{i}"} for i in range(1, 5)]
    second[0]["name"] = "edited"
    second.append({"id": "9", "name": "new"})
    result = commit(landing, second, hours=1)
    counts = result.counts
    assert (counts.new, counts.changed, counts.unchanged, counts.tombstoned) == (
        1,
        1,
        3,
        1,
    )
    assert result.path is not None
    part = pl.read_parquet(result.path / "part-0.parquet")
    assert sorted(part["_source_record_id"]) == ["0", "1", "9"]
    tombstone = current(landing)["0"]
    assert tombstone["_is_deleted"]
    assert tombstone["_delete_kind"] == DeleteKind.ABSENT
    assert tombstone["name"] == "n0", "the last known values are kept"


def test_a_record_that_reappears_lands_alive_again(landing: Landing) -> None:
    both = [{"id": "1", "name": "Ann"}, {"id": "2", "name": "Bob"}]
    commit(landing, both)
    commit(landing, both[:1], hours=1)
    assert commit(landing, both[:1], hours=2).counts.tombstoned == 0
    back = commit(landing, both, hours=3)
    assert back.counts.changed == 1
    assert not current(landing)["2"]["_is_deleted"]


def test_a_delta_leaves_absent_records_alone(landing: Landing) -> None:
    commit(landing, [{"id": "1", "name": "Ann"}, {"id": "2", "name": "Bob"}])
    result = commit(
        landing, [{"id": "1", "name": "Anna"}], hours=1, mode=LoadMode.DELTA
    )
    assert (result.counts.changed, result.counts.tombstoned) == (1, 0)
    assert not current(landing)["2"]["_is_deleted"]


def test_merge_evidence_lands_although_no_value_changed(landing: Landing) -> None:
    rows = [{"id": "1", "name": "Ann"}, {"id": "2", "name": "Bob"}]
    commit(landing, rows)
    flags = {"_is_deleted": True, "_delete_kind": "merged", "_merged_into": "1"}
    clear = {"_is_deleted": False, "_delete_kind": None, "_merged_into": None}
    result = commit(landing, [rows[0] | clear, rows[1] | flags], hours=1)
    assert result.counts.changed == 1
    assert current(landing)["2"]["_merged_into"] == "1"


def test_a_merged_record_that_vanishes_keeps_its_evidence(landing: Landing) -> None:
    flags = {"_is_deleted": True, "_delete_kind": "merged", "_merged_into": "1"}
    clear = {"_is_deleted": False, "_delete_kind": None, "_merged_into": None}
    commit(landing, [{"id": "1"} | clear, {"id": "2"} | flags])
    result = commit(landing, [{"id": "1"} | clear], hours=1)
    assert not result.is_written
    assert current(landing)["2"]["_delete_kind"] == "merged"


def test_repeats_inside_a_batch_are_counted_and_the_newest_wins(
    landing: Landing,
) -> None:
    rows = [
        {"id": "1", "name": "Ann", "stamp": "2025-01-03"},
        {"id": "1", "name": "Old", "stamp": "2025-01-01"},
        {"id": "1", "name": "Ann", "stamp": "2025-01-03"},
        {"id": "2", "name": "Bob", "stamp": None},
    ]
    counts = commit(landing, rows, order_by=["stamp"]).counts
    assert (counts.new, counts.repeated, counts.superseded) == (2, 1, 1)
    assert counts.rows_read == 4
    assert current(landing)["1"]["name"] == "Ann"


def test_without_an_order_the_later_row_wins(landing: Landing) -> None:
    commit(landing, [{"id": "1", "name": "first"}, {"id": "1", "name": "last"}])
    assert current(landing)["1"]["name"] == "last"


def test_two_sources_of_one_type_do_not_see_each_other(landing: Landing) -> None:
    commit(landing, [{"id": "1", "name": "Ann"}])
    commit(landing, [{"id": "2", "name": "Bob"}], source_name="crm_us")
    assert set(current(landing)) == {"1", "2"}
    assert set(current(landing, "crm_us")) == {"2"}


def test_load_ids_sort_by_commit_even_when_the_clock_goes_back(
    landing: Landing,
) -> None:
    for number, hours in enumerate((5, 0, 0)):
        commit(landing, [{"id": "1", "name": f"v{number}"}], hours=hours)
    ids = [manifest.load_id for manifest in landing.manifests()]
    assert ids == sorted(ids)
    assert current(landing)["1"]["name"] == "v2"


def test_a_full_snapshot_without_rows_is_refused(landing: Landing) -> None:
    empty = pl.DataFrame(schema={"id": pl.String, "_source_record_id": pl.String})
    commit(landing, [], frame=empty)  # nothing known: nothing to lose
    commit(landing, [{"id": "1"}])
    with pytest.raises(EmptySnapshotError, match="1 living record"):
        commit(landing, [], frame=empty, hours=1)
    allowed = commit(landing, [], frame=empty, hours=1, allow_empty=True)
    assert allowed.counts.tombstoned == 1


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pl.DataFrame({"id": ["1"]}), "lacks column _source_record_id"),
        (pl.DataFrame({"Id": ["1"], "_source_record_id": ["1"]}), "slug_column"),
        (pl.DataFrame({"id": [1], "_source_record_id": ["1"]}), "must be text"),
        (pl.DataFrame({"id": ["1"], "_source_record_id": [""]}), "1 rows have no"),
        (pl.DataFrame({"_load_id": ["1"], "_source_record_id": ["1"]}), "slug_column"),
    ],
    ids=["no-id", "unslugged", "typed", "blank-id", "reserved"],
)
def test_a_frame_outside_the_contract_is_refused(
    landing: Landing, frame: pl.DataFrame, message: str
) -> None:
    with pytest.raises(LandingError, match=message):
        commit(landing, [], frame=frame)
    assert landing.manifests() == []


def test_a_source_name_that_could_not_be_a_key_is_refused(landing: Landing) -> None:
    with pytest.raises(SourceConfigError, match="not usable"):
        commit(landing, [{"id": "1"}], source_name="eu:shop")


def test_parquet_files_can_be_landed_without_reading_them(
    landing: Landing, tmp_path: Path
) -> None:
    paths = []
    for number in range(2):
        path = tmp_path / f"{number}.parquet"
        pl.DataFrame(
            {
                "id": [str(number)],
                f"only_{number}": ["x"],
                "_source_record_id": [str(number)],
            }
        ).write_parquet(path)
        paths.append(path)
    commit(landing, [], frame=paths)
    assert current(landing)["0"]["only_0"] == "x"
    assert current(landing)["0"]["only_1"] is None


def test_values_arrive_exactly_as_given(landing: Landing) -> None:
    odd = " ' \"\u2028\n=1+1\t\U0001f600 ;|\x1f "
    commit(landing, [{"id": "1", "select": odd}])
    assert current(landing)["1"]["select"] == odd


def test_rejects_land_beside_the_rows_and_only_once(landing: Landing) -> None:
    rejected = pl.DataFrame(
        {
            "_source_file": ["a.csv", "a.csv"],
            "_source_line": [7, 9],
            "reason_code": ["extra_cells", "broken_quote"],
            "reason_detail": ["", ""],
            "raw_text": ["x,y,z", '"x'],
        }
    )
    first = commit(landing, [{"id": "1"}], rejected=rejected, blank_rows=3)
    assert (first.counts.rejected, first.counts.rows_read, first.counts.blank) == (
        2,
        3,
        3,
    )
    assert not commit(landing, [{"id": "1"}], rejected=rejected, hours=1).is_written
    more = rejected.with_columns(_source_line=pl.Series([7, 10]))
    third = commit(landing, [{"id": "1"}], rejected=more, hours=2)
    assert (third.counts.rejected_new, third.counts.landed) == (1, 0)
    rows = landing.rejected("salesforce", "contact").collect()
    assert rows.schema == pl.Schema(REJECTED_SCHEMA)
    assert sorted(rows["_source_line"]) == [7, 9, 10]


def test_contract_files_have_no_rows_and_every_column(landing: Landing) -> None:
    landing.ensure_contract("salesforce", "contact", ["id", "name"])
    landing.ensure_contract("salesforce", "contact", ["id", "name", "email"])
    folder = landing.root / "salesforce/contact/source=_contract/load=_contract"
    part = pl.read_parquet(folder / "part-0.parquet", hive_partitioning=False)
    assert part.height == 0
    assert part.columns == ["id", "name", "email", *METADATA_SCHEMA]
    assert pl.read_parquet(folder / "rejected.parquet").columns == list(REJECTED_SCHEMA)
    assert landing.manifests() == []
    assert current(landing) == {}


def test_duckdb_reads_contract_and_loads_as_one_table(landing: Landing) -> None:
    landing.ensure_contract("salesforce", "contact", ["id", "email"])
    commit(landing, [{"id": "1", "custom__c": "x"}])
    commit(landing, [{"id": "1", "custom__c": "y", "email": "a@b.example"}], hours=1)
    glob = landing.root / "salesforce/contact/source=*/load=*/part-*.parquet"
    types = duckdb.sql(
        f"SELECT * FROM read_parquet('{glob}', union_by_name=true, hive_partitioning=false)"
    )
    found = dict(zip(types.columns, map(str, types.types), strict=True))
    assert found["_extracted_at"] == "TIMESTAMP"
    assert found["_is_deleted"] == "BOOLEAN"
    assert found["_load_seq"] == "BIGINT"
    assert found["email"] == found["custom__c"] == found["_load_id"] == "VARCHAR"
    assert len(types.fetchall()) == 2


def test_manifest_tells_files_columns_and_counts(landing: Landing) -> None:
    file = SourceFile(name="WE.zip", member="Contact.csv", sha256="ab", bytes=9, rows=1)
    commit(
        landing,
        [{"id": "1", "amount": "10"}],
        files=[file],
        header_names={"amount": "Amount"},
        notes=["encoding_guessed: cp1252"],
    )
    [manifest] = landing.manifests("salesforce")
    assert manifest.files == (file,)
    assert [(c.name, c.source_header, c.type_hint) for c in manifest.columns] == [
        ("id", "id", "integer"),
        ("amount", "Amount", "integer"),
    ]
    assert manifest.counts.new == 1
    assert manifest.notes == ("encoding_guessed: cp1252",)
    assert manifest.extracted_at == NOON


def test_row_hash_ignores_columns_without_a_value() -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE t AS SELECT '1' AS a, NULL::VARCHAR AS b, 'x' AS c")
    narrow, wide, other = (
        con.execute(f"SELECT {row_hash_expression(columns)} FROM t").fetchall()[0][0]
        for columns in (["a", "c"], ["c", "b", "a"], ["a"])
    )
    assert narrow == wide
    assert narrow != other
