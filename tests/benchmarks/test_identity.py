"""The benchmarks of the identity stage, as a user calls them, on a few made-up people."""

from __future__ import annotations

from pathlib import Path

from benchmarks import identity, incremental
from tests.hygiene.matching.people import crowd, write_contacts, write_links


def test_new_records_against_all_give_the_rows_of_a_full_run(tmp_path: Path) -> None:
    people = crowd(60)
    copies = [
        {**person, "source_record_key": f"copy:contact:{number}"}
        for number, person in enumerate(people[::2])
    ]
    result = incremental.measure(
        write_contacts(tmp_path, [*people, *copies]),
        write_links(tmp_path),
        share=0.1,
        entity="contact",
        folder=tmp_path,
    )
    assert result["rows_that_differ"] == {
        "edges": 0,
        "clusters": 0,
        "golden": 0,
        "lineage": 0,
    }
    again, full = result["incremental"], result["full_with_the_kept_model"]
    assert isinstance(again, dict)
    assert isinstance(full, dict)
    assert again["reused_pairs"] > 0
    assert again["golden_records"] == full["golden_records"]


def test_the_stage_is_measured_step_by_step(tmp_path: Path) -> None:
    result = identity.measure(
        write_contacts(tmp_path, crowd(20)),
        write_links(tmp_path),
        entity="contact",
        folder=tmp_path,
    )
    steps = result["steps"]
    assert isinstance(steps, dict)
    assert list(steps) == ["match", "identify", "merge"]
    assert result["records"] == 20
