"""Evidence: its order of authority, and contradictions that are settled, not ignored."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from hygiene.errors import InputError
from hygiene.matching.evidence import Constraints, load_evidence, settle_constraints
from hygiene.matching.specification import Entity
from tests.hygiene.matching.people import write_links, write_rulings

KEYS = ["a", "b", "c", "d"]


def settled(
    folder: Path,
    links: list[tuple[str, str, str]],
    rulings: list[tuple[str, str, str]] | None = None,
    parents: dict[str, str] | None = None,
) -> Constraints:
    with duckdb.connect() as connection:
        frame = pl.DataFrame({"unique_id": range(len(KEYS)), "source_record_key": KEYS})
        connection.register("features", frame)
        connection.register(
            "standardised_file",
            pl.DataFrame(
                {
                    "source_record_key": KEYS,
                    "parent_source_record_key": pl.Series(
                        [(parents or {}).get(key) for key in KEYS], dtype=pl.String
                    ),
                }
            ),
        )
        unknown = load_evidence(
            connection,
            write_links(folder, links),
            write_rulings(folder, rulings) if rulings else None,
            entity=Entity.ACCOUNT,
            has_parent=True,
        )
        return settle_constraints(connection, len(KEYS), unknown)


def groups(constraints: Constraints) -> list[int]:
    return constraints.groups.tolist()


def test_links_and_must_link_rulings_put_records_together(tmp_path: Path) -> None:
    found = settled(tmp_path, [("a", "b", "sync_id")], [("b", "c", "must_link")])
    assert groups(found) == [0, 0, 0, 3]
    assert found.must_links == 2


def test_a_steward_outranks_the_crm(tmp_path: Path) -> None:
    found = settled(tmp_path, [("a", "b", "crm_merge")], [("b", "a", "cannot_link")])
    assert groups(found) == [0, 1, 2, 3]
    assert found.cannot_links == 1


def test_a_chain_that_would_cross_a_ruling_loses_its_weakest_link(
    tmp_path: Path,
) -> None:
    found = settled(
        tmp_path,
        [("a", "b", "crm_merge"), ("b", "c", "lead_conversion")],
        [("a", "c", "cannot_link")],
    )
    assert groups(found) == [0, 0, 2, 3]
    assert found.overruled == 1


def test_a_subsidiary_is_kept_apart_from_its_parent(tmp_path: Path) -> None:
    found = settled(tmp_path, [], parents={"b": "a"})
    assert (found.barred_left.tolist(), found.barred_right.tolist()) == ([0], [1])


def test_a_merge_in_the_crm_outranks_the_hierarchy(tmp_path: Path) -> None:
    found = settled(tmp_path, [("a", "b", "crm_merge")], parents={"b": "a"})
    assert groups(found)[:2] == [0, 0]
    assert found.cannot_links == 0


def test_two_active_users_of_one_portal_are_kept_apart(tmp_path: Path) -> None:
    found = settled(tmp_path, [("a", "b", "other_user"), ("b", "c", "sync_id")])
    assert (found.barred_left.tolist(), found.barred_right.tolist()) == ([0], [1])
    assert (groups(found), found.must_links) == ([0, 1, 1, 3], 1)


@pytest.mark.parametrize("evidence", ["crm_merge", "sync_id"])
def test_a_merge_outranks_what_a_portal_says_of_its_users(
    tmp_path: Path, evidence: str
) -> None:
    links = [("a", "b", "other_user"), ("b", "c", evidence), ("a", "c", evidence)]
    assert groups(settled(tmp_path, links))[:3] == [0, 0, 0]


def test_a_suspicion_binds_nobody(tmp_path: Path) -> None:
    links = [("a", "b", "crm_duplicate"), ("b", "c", "sync_id")]
    found = settled(tmp_path, links, [("c", "d", "cannot_link")])
    assert groups(found) == [0, 1, 1, 3]
    assert (found.must_links, found.cannot_links) == (1, 1)


def test_the_later_ruling_holds(tmp_path: Path) -> None:
    path = write_rulings(tmp_path, [("a", "b", "must_link")])
    path.write_text(path.read_text() + "a,b,cannot_link,kim,2026-03-01,looked again\n")
    with duckdb.connect() as connection:
        frame = pl.DataFrame({"unique_id": range(4), "source_record_key": KEYS})
        connection.register("features", frame)
        load_evidence(
            connection,
            write_links(tmp_path),
            path,
            entity=Entity.CONTACT,
            has_parent=False,
        )
        found = settle_constraints(connection, 4, 0)
    assert (found.must_links, found.cannot_links) == (0, 1)


def test_rulings_about_absent_records_are_counted(tmp_path: Path) -> None:
    found = settled(tmp_path, [], [("a", "gone", "must_link")])
    assert found.unknown_rulings == 1
    assert groups(found) == [0, 1, 2, 3]


def test_an_unknown_ruling_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"1 rows of rulings\.csv have an unknown ruling"
    ):
        settled(tmp_path, [], [("a", "b", "perhaps")])


def test_a_ruling_file_without_its_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rulings.csv"
    path.write_text("left,right\na,b\n")
    with (
        duckdb.connect() as connection,
        pytest.raises(InputError, match="lacks the column"),
    ):
        load_evidence(
            connection,
            write_links(tmp_path),
            path,
            entity=Entity.CONTACT,
            has_parent=False,
        )


def test_an_unknown_kind_of_link_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown evidence"):
        settled(tmp_path, [("a", "b", "hearsay")])
