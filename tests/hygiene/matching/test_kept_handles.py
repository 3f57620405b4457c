"""Verdicts on mailboxes that are kept equal those made anew, and only new ones are made."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hygiene.matching.handles import contact_features_sql
from hygiene.matching.kept_handles import JUDGED, judge_handles

Row = dict[str, str | bool | None]
NAMES = ["anna", "bruno", "o'hara", "maria del mar", "juergen", "li", "", None]
MAILBOXES = ["anna", "anna.bruno", "abruno77", "queenbee", "jurgen.li", "7", "", "x_y"]


def anybody(chance: random.Random) -> Row:
    mailbox = chance.choice([*MAILBOXES, None])
    return {
        "source_record_key": f"x:contact:{chance.randrange(10**9)}",
        "email": None if mailbox is None else f"{mailbox}@shop.example",
        "given": chance.choice(NAMES),
        "given_group": chance.choice(NAMES),
        "family": chance.choice(NAMES),
        "is_other_script": chance.choice([True, False, None]),
        "full_name": None,
        "birth_date": chance.choice(["1980-03-04", None]),
    }


def features(rows: list[Row], folder: Path | None) -> tuple[pl.DataFrame, int]:
    schema = dict.fromkeys(rows[0], pl.String) | {"is_other_script": pl.Boolean}
    with duckdb.connect() as connection:
        connection.register("given_facts", pl.DataFrame(rows, schema=schema))
        connection.execute("CREATE TABLE facts AS FROM given_facts")
        judged = judge_handles(connection, folder)
        frame = connection.sql(contact_features_sql("facts", JUDGED)).pl()
    return frame.sort("source_record_key"), judged


@pytest.mark.parametrize("seed", range(3))
def test_after_random_changes_kept_verdicts_equal_new_ones(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    rows = [anybody(chance) for _ in range(80)]
    for step in range(5):
        kept, judged = features(rows, tmp_path)
        anew, every = features(rows, None)
        assert_frame_equal(kept, anew, check_exact=True)
        assert judged == every if step == 0 else judged < every
        rows = rows[chance.randrange(5) :]
        rows += [anybody(chance) for _ in range(chance.randrange(6))]
        chance.choice(rows)["email"] = f"new{step}@shop.example"
        chance.choice(rows)["family"] = chance.choice(NAMES)


def test_the_same_rows_are_not_judged_again_and_leave_the_file_alone(
    tmp_path: Path,
) -> None:
    rows = [anybody(random.Random(9)) | {"email": "queenbee@shop.example"}]
    _, first = features(rows, tmp_path)
    (file,) = tmp_path.iterdir()
    before = file.stat().st_mtime_ns
    _, second = features(rows, tmp_path)
    assert (first, second) == (1, 0)
    assert file.stat().st_mtime_ns == before


def test_damaged_and_foreign_files_are_replaced(tmp_path: Path) -> None:
    rows = [anybody(random.Random(9)) | {"email": "queenbee@shop.example"}]
    expected, _ = features(rows, tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"PAR1 no longer")
    (tmp_path / "handles-of-another-question.parquet").write_bytes(b"")
    found, judged = features(rows, tmp_path)
    assert judged == 1
    assert_frame_equal(found, expected)
    assert list(tmp_path.iterdir()) == [file]


def test_the_file_holds_no_values(tmp_path: Path) -> None:
    features(
        [anybody(random.Random(9)) | {"email": "quackenbush@shop.example"}], tmp_path
    )
    (file,) = tmp_path.iterdir()
    assert b"quackenbush" not in file.read_bytes()
