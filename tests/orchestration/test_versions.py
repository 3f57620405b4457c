"""Published versions: going back and forth, the contract, the masked file, readers."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.errors import PublishError
from orchestration.publishing import (
    MaskAction,
    Masking,
    PublishedTable,
    Shelf,
    breaking_changes,
    publish,
)

NOW = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)
CONTACTS = PublishedTable("dim_contacts", '"marts"."dim_contacts"', False, ("id",))
DEALS = PublishedTable("fct_deals", '"marts"."fct_deals"', False, ("id",))
SALT = "a-salt-of-the-test"


def make_warehouse(path: Path, number: int, columns: str = "") -> Path:
    """Two tables that both carry `number`, so that a mixture shows."""
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            f"create table marts.dim_contacts as select range as id, {number} as number,"
            " 'ada' || range || '@analytic.test' as email, date '1815-12-10' as birth_date,"
            " 'shop:buyers:' || md5('ada@analytic.test') as source_record_key"
            f" {columns} from range(50)"
        )
        connection.execute(
            f"create table marts.fct_deals as select range as id, {number} as number, "
            "'ada' || range || '@analytic.test' as contact_email, 1.5 as amount "
            "from range(50)"
        )
    return path


def run_publish(out: Path, number: int, columns: str = "", **options: Any) -> Any:
    warehouse = make_warehouse(out.parent / "wh.duckdb", number, columns)
    arguments: dict[str, Any] = {
        "warehouse": warehouse,
        "out": out,
        "tables": [CONTACTS, DEALS],
        "sources": [],
        "run_id": f"r{number:03}",
        "as_of": date(2026, 1, 15),
        "published_at": NOW + timedelta(hours=number),
        "version": "0.1.0",
        "keep_versions": 3,
        "parquet": False,
    }
    return publish(**{**arguments, **options})


def number_in(file: Path) -> int:
    with duckdb.connect(str(file), read_only=True) as reader:
        return int(
            reader.execute("select max(number) from dim_contacts").fetchall()[0][0]
        )


def masking(**actions: MaskAction) -> Masking:
    return Masking(
        SALT,
        {
            "dim_contacts": {"email": "email", "birth_date": "birth_date"},
            "fct_deals": {"contact_email": "email"},
        },
        actions,
    )


def test_a_rollback_stays_until_it_is_released(tmp_path: Path) -> None:
    out = tmp_path / "out"
    shelf = Shelf(out)
    for number in (1, 2):
        run_publish(out, number, parquet=True)
    assert shelf.roll_back(None, at=NOW).run_id == "r001"
    assert number_in(shelf.current) == 1
    assert duckdb.sql(
        f"select max(number) from '{out}/parquet/dim_contacts.parquet'"
    ).fetchall() == [(1,)]
    # The next sync keeps its version beside and does not undo the decision.
    held = run_publish(out, 3, parquet=True)
    assert held.held_at == "r001"
    assert number_in(held.file) == 3
    assert number_in(shelf.current) == 1
    assert [
        (each.run_id, each.is_current, each.is_pinned) for each in shelf.versions()
    ] == [
        ("r003", False, False),
        ("r002", False, False),
        ("r001", True, True),
    ]
    assert shelf.release().run_id == "r003"
    assert number_in(shelf.current) == 3
    assert run_publish(out, 4).held_at is None
    assert number_in(shelf.current) == 4


def test_the_pinned_version_is_never_pruned(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_publish(out, 1)
    run_publish(out, 2)
    Shelf(out).roll_back("r001", at=NOW)
    for number in (3, 4):
        run_publish(out, number, keep_versions=1)
    assert [each.run_id for each in Shelf(out).versions()] == ["r004", "r001"]


def test_an_unknown_version_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_publish(out, 1)
    for wanted, words in (("zzz", "no version"), (None, "no version older")):
        with pytest.raises(PublishError, match=words) as caught:
            Shelf(out).roll_back(wanted, at=NOW)
        assert "r001" in str(caught.value)
    assert Shelf(out).pin is None


def test_a_removed_or_retyped_column_needs_a_raised_version(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_publish(out, 1, ", 5 as score, 'x' as segment")
    before = Shelf(out).current.read_bytes()
    with pytest.raises(PublishError) as caught:
        run_publish(out, 2, ", '5' as score")
    message = str(caught.value)
    assert "dim_contacts.segment is gone" in message
    assert "dim_contacts.score was INTEGER and is VARCHAR" in message
    assert "publish.contract_version to 2" in message
    assert Shelf(out).current.read_bytes() == before
    run_publish(out, 2, ", '5' as score", contract_version=2)
    assert number_in(Shelf(out).current) == 2
    with pytest.raises(PublishError, match="only grows"):
        run_publish(out, 3, ", '5' as score", contract_version=1)


def test_a_table_that_goes_breaks_and_what_comes_does_not() -> None:
    shape = {"a": {"x": "INTEGER"}, "b": {"y": "DATE"}}
    assert breaking_changes(shape, {**shape, "c": {"z": "DATE"}}) == []
    assert breaking_changes(shape, {"a": {"x": "INTEGER", "w": "DATE"}}) == [
        "table b is gone"
    ]


def test_the_masked_file_joins_and_tells_nobody(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_publish(out, 1, masking=masking())
    with duckdb.connect(str(Shelf(out).masked), read_only=True) as reader:
        assert reader.execute(
            "select count(*), count(birth_date), min(length(email)), sum(amount)::int "
            "from dim_contacts inner join fct_deals on email = contact_email"
        ).fetchall() == [(50, 0, 32, 75)]
        comments = dict(
            reader.execute(
                "select column_name, comment from duckdb_columns()"
            ).fetchall()
        )
        types = reader.execute("describe dim_contacts").fetchall()
    assert comments["email"] == "email (masked: hash)"
    assert ("birth_date", "DATE") in [row[:2] for row in types]
    content = Shelf(out).masked.read_bytes().lower()
    hashed_address = duckdb.sql("select md5('ada@analytic.test')").fetchall()[0][0]
    for secret in ("analytic.test", SALT, hashed_address):
        assert secret.encode() not in content


def test_another_salt_gives_other_hashes_and_a_class_can_be_kept(
    tmp_path: Path,
) -> None:
    found = []
    for name, masks in (
        ("a", masking()),
        ("b", Masking("another-salt-of-it", masking().classes)),
        ("c", masking(email=MaskAction.KEEP)),
    ):
        out = tmp_path / name / "out"
        out.mkdir(parents=True)
        run_publish(out, 1, masking=masks)
        with duckdb.connect(str(Shelf(out).masked), read_only=True) as reader:
            found.append(
                reader.execute("select email from dim_contacts where id = 1").fetchall()
            )
    assert found[0] != found[1]
    assert found[2] == [("ada1@analytic.test",)]


def test_golden_ids_and_record_keys_are_known_by_their_names() -> None:
    masks = Masking(SALT, {}, {"golden_id": MaskAction.HASH})
    hashed = {
        column
        for column in (
            "golden_contact_id",
            "related_golden_id",
            "customer_id",
            "source_record_key",
            "runner_up_source_record_key",
            "merged_into_key",
            "rule_id",
            "run_id",
            "product_source_id",
            "email_domain",
        )
        if masks.action("any_table", column) is MaskAction.HASH
    }
    assert hashed == {
        "golden_contact_id",
        "related_golden_id",
        "customer_id",
        "source_record_key",
        "runner_up_source_record_key",
        "merged_into_key",
    }
    assert Masking(SALT, {}).action("t", "golden_id") is MaskAction.KEEP
    unknown = Masking(SALT, {"t": {"x": "a class of tomorrow"}})
    assert unknown.action("t", "x") is MaskAction.REMOVE


def test_a_rollback_takes_the_masked_file_with_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    shelf = Shelf(out)
    run_publish(out, 1)
    for number in (2, 3):
        run_publish(out, number, masking=masking())
    shelf.roll_back(None, at=NOW)
    assert (number_in(shelf.masked), number_in(shelf.current)) == (2, 2)
    shelf.roll_back("r001", at=NOW)
    # That version had none, and one of another version must not stand beside it.
    assert not shelf.masked.exists()


READER = """
import duckdb, pathlib, sys
file, stop = sys.argv[1], pathlib.Path(sys.argv[2])
seen, reads = set(), 0
while True:
    ends = stop.exists()
    with duckdb.connect(file, read_only=True) as reader:
        found = reader.execute(
            "select count(*), count(distinct c.number), min(c.number), max(d.number) "
            "from dim_contacts c inner join fct_deals d using (id)"
        ).fetchall()[0]
        run = reader.execute("select distinct run_id from publication").fetchall()
    assert found[:2] == (50, 1) and found[2] == found[3], found
    assert run == [(f"r{found[2]:03}",)], (run, found)
    seen.add(found[2])
    reads += 1
    if ends:
        break
print(reads, len(seen), max(seen))
"""


def read_while_publishing(tmp_path: Path, readers: int, publishes: int) -> None:
    out, stop = tmp_path / "out", tmp_path / "stop"
    file = run_publish(out, 1).file
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(file), str(stop)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(readers)
    ]
    for number in range(2, publishes + 2):
        run_publish(out, number)
    stop.touch()
    for process in processes:
        output, problems = process.communicate(timeout=300)
        assert process.returncode == 0, problems
        reads, _, last = (int(each) for each in output.split())
        assert reads > 0
        assert last == publishes + 1


def test_readers_never_see_a_mixture_while_files_are_published(tmp_path: Path) -> None:
    read_while_publishing(tmp_path, readers=3, publishes=3)


@pytest.mark.slow
def test_fifty_readers_never_see_a_mixture_during_twenty_publications(
    tmp_path: Path,
) -> None:
    read_while_publishing(tmp_path, readers=50, publishes=20)
