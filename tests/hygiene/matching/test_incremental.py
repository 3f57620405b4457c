"""A run that reuses earlier answers gives the edges of a run that has none."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hygiene.matching import MatchReport, MatchSettings, link
from tests.hygiene.matching.people import contact, crowd, write_contacts, write_links

Record = dict[str, Any]


def linked(
    folder: Path, records: list[Record], state: Path | None, **settings: int
) -> tuple[pl.DataFrame, MatchReport]:
    folder.mkdir(parents=True, exist_ok=True)
    report = link(
        write_contacts(folder, records),
        write_links(folder),
        None,
        folder / "edges.parquet",
        entity="contact",
        settings=MatchSettings(training="never", **settings),  # type: ignore[arg-type]
        state_dir=state,
    )
    return pl.read_parquet(folder / "edges.parquet"), report


def people_with_copies(count: int) -> list[Record]:
    """People of whom every second one has a second, slightly different record."""
    people = crowd(count)
    return people + [
        {
            **record,
            "source_record_key": record["source_record_key"].replace("crowd", "copy"),
            "given_name_match": record["given_name_match"][:4],
        }
        for record in people[::2]
    ]


def changed(records: list[Record], chance: random.Random) -> list[Record]:
    """Add, edit and delete a few records at random."""
    kept = [record for record in records if chance.random() > 0.05]
    for _ in range(chance.randint(0, 4)):
        record = dict(chance.choice(kept))
        column = chance.choice(
            ["given_name_match", "family_name_match", "email_match", "city_std"]
        )
        donor = chance.choice(records)
        kept[
            next(
                n
                for n, item in enumerate(kept)
                if item["source_record_key"] == record["source_record_key"]
            )
        ] = {**record, column: donor[column]}
    for _ in range(chance.randint(0, 6)):
        model = chance.choice(records)
        kept.append(
            {
                **model,
                "source_record_key": f"x:contact:{chance.randrange(10**9):09d}",
            }
        )
    chance.shuffle(kept)
    return kept


@pytest.mark.parametrize("seed", range(2))
def test_after_random_changes_the_edges_equal_those_of_a_full_run(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    records = people_with_copies(40)
    state = tmp_path / "state"
    # A low cap: keys become too common, and usable again, while the history runs.
    linked(tmp_path / "first", records, state, max_block_size=4)
    for step in range(2):
        records = changed(records, chance)
        again, report = linked(
            tmp_path / f"again{step}", records, state, max_block_size=4
        )
        full, _ = linked(tmp_path / f"full{step}", records, None, max_block_size=4)
        assert_frame_equal(again, full, check_exact=True)
        assert report.reused_pairs > 0


def test_one_new_record_is_compared_with_its_candidates_only(tmp_path: Path) -> None:
    records = people_with_copies(40)
    state = tmp_path / "state"
    _, first = linked(tmp_path / "one", records, state)
    newcomer = {**records[0], "source_record_key": "x:contact:zz"}
    _, report = linked(tmp_path / "two", [*records, newcomer], state)
    assert first.reused_pairs == 0
    assert report.reused_pairs == first.candidate_pairs > 0
    assert any("1 of 61 records are new or changed" in note for note in report.notes)


def test_nothing_is_compared_when_nothing_has_changed(tmp_path: Path) -> None:
    records = people_with_copies(20)
    state = tmp_path / "state"
    before, _ = linked(tmp_path / "one", records, state)
    after, report = linked(tmp_path / "two", records[::-1], state)
    assert report.reused_pairs == report.candidate_pairs
    assert_frame_equal(before, after, check_exact=True)


@pytest.mark.parametrize("damage", ["pointer", "answers", "fingerprint"])
def test_answers_that_cannot_be_trusted_lead_to_a_full_run_with_its_reason(
    tmp_path: Path, damage: str
) -> None:
    records = people_with_copies(20)
    state = tmp_path / "state"
    before, _ = linked(tmp_path / "one", records, state)
    pointer = state / "CURRENT.json"
    if damage == "pointer":
        pointer.write_text("{", encoding="utf-8")
    elif damage == "answers":
        next(state.glob("answers-*.parquet")).unlink()
    else:
        text = pointer.read_text(encoding="utf-8")
        pointer.write_text(text.replace('"fingerprint": "', '"fingerprint": "0'))
    after, report = linked(tmp_path / "two", records, state)
    assert report.reused_pairs == 0
    assert any(note.startswith("Every pair was compared: ") for note in report.notes)
    assert_frame_equal(before, after, check_exact=True)
    _, third = linked(tmp_path / "three", records, state)
    assert third.reused_pairs == third.candidate_pairs


def test_what_is_kept_holds_no_values(tmp_path: Path) -> None:
    state = tmp_path / "state"
    records = [contact("x:contact:1", "wilhelmina", "quackenbush"), *crowd(10)]
    linked(tmp_path / "one", records, state)
    for file in (each for each in state.rglob("*") if each.is_file()):
        assert b"quackenbush" not in file.read_bytes()
