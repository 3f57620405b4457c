"""The ceiling counts what is undecidable by the stated rules, on cases by hand."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from connectors.synthetic.ceiling import CeilingLog
from tests.connectors.synthetic.exports import Crm

TOLD = (
    "mail", "mobile", "home", "name", "family", "company", "address", "born", "suffix",
)  # fmt: skip


def evidence(*rows: dict[str, int]) -> pl.DataFrame:
    empty = {"entity": -1, **dict.fromkeys(TOLD, -1)}
    return pl.DataFrame([{**empty, **row} for row in rows])


def counted(
    *rows: dict[str, int], links: list[tuple[int, int]] | None = None
) -> CeilingLog:
    log = CeilingLog()
    target = np.full(len(rows), -1)
    for left, right in links or []:
        target[left] = right
    log.add_contacts([evidence(*rows)], [(0, 0, target)])
    return log


@pytest.mark.parametrize(
    "shared",
    [
        {"mail": 5},
        {"mobile": 5},
        {"name": 1, "company": 2},
        {"name": 1, "address": 2},
        {"name": 1, "born": 2},
    ],
    ids="+".join,
)
def test_shared_evidence_makes_a_pair_reachable(shared: dict[str, int]) -> None:
    log = counted({"entity": 1, **shared}, {"entity": 1, **shared})
    assert (log.contact_pairs, log.contact_reachable) == (1, 1)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"name": 1}, {"name": 1}),
        ({"company": 2}, {"company": 2}),
        ({"name": 1, "company": 2}, {"name": 1, "company": 3}),
        ({"mail": 1}, {"mobile": 1}),
    ],
    ids=["name only", "company only", "new job", "nothing in common"],
)
def test_too_little_evidence_leaves_a_pair_out_of_reach(
    one: dict[str, int], two: dict[str, int]
) -> None:
    log = counted({"entity": 1, **one}, {"entity": 1, **two})
    assert (log.contact_pairs, log.contact_reachable) == (1, 0)


def test_a_family_name_decides_where_it_is_the_only_one() -> None:
    here = {"family": 1, "company": 2}
    assert counted({"entity": 1, **here}, {"entity": 1, **here}).contact_reachable == 1
    crowd = counted({"entity": 1, **here}, {"entity": 1, **here}, {"entity": 3, **here})
    assert crowd.contact_reachable == 0


def test_a_third_record_bridges_two_that_share_nothing() -> None:
    rows = ({"entity": 1, "mail": 5}, {"entity": 1, "mobile": 6},
            {"entity": 1, "mail": 5, "mobile": 6})  # fmt: skip
    assert counted(*rows).contact_reachable == 3
    assert counted(*rows[:2]).contact_reachable == 0


def test_a_link_bridges_without_evidence() -> None:
    rows = ({"entity": 1, "name": 1}, {"entity": 1, "name": 1})
    assert counted(*rows, links=[(0, 1)]).contact_reachable == 1


def test_identical_people_are_forced_errors() -> None:
    twin = {"name": 1, "address": 2}
    log = counted({"entity": 1, **twin}, {"entity": 2, **twin})
    assert log.contact_forced == 1
    assert log.contact_ambiguous == 1


def test_a_different_suffix_tells_father_from_son() -> None:
    twin = {"name": 1, "address": 2}
    log = counted(
        {"entity": 1, "suffix": 1, **twin}, {"entity": 2, "suffix": 2, **twin}
    )
    assert log.contact_forced == 0
    assert log.contact_ambiguous == 0


def test_same_name_without_more_is_no_forced_error() -> None:
    log = counted({"entity": 1, "name": 1}, {"entity": 2, "name": 1})
    assert log.contact_forced == 0


def test_test_records_do_not_count() -> None:
    log = counted({"entity": -1, "mail": 1}, {"entity": -1, "mail": 1})
    assert (log.contact_records, log.contact_pairs) == (0, 0)


def test_the_generated_ceiling_is_high_but_below_one(crm: Crm) -> None:
    assert 0.9 < crm.ceiling["contacts"]["recall_ceiling"] < 1.0
    for name in ("contacts", "accounts"):
        part = crm.ceiling[name]
        assert part["f1_ceiling"] > 0.9
        assert part["reachable_pairs"] <= part["true_pairs"]


def test_the_ceiling_counts_the_pairs_of_the_truth(crm: Crm) -> None:
    people = crm.truth["truth_contacts"].filter(
        ~pl.col("person_id").str.starts_with("t-")
    )
    sizes = people.group_by("person_id").agg(pl.len().cast(pl.Int64).alias("n"))["n"]
    found = crm.ceiling["contacts"]
    assert found["records"] == len(people)
    assert found["true_pairs"] == int((sizes * (sizes - 1) // 2).sum())
    assert json.loads((crm.out / "truth" / "ceiling.json").read_text())


def test_the_account_ceiling_counts_the_pairs_of_the_truth(crm: Crm) -> None:
    firms = crm.truth["truth_accounts"].filter(
        ~pl.col("company_id").str.starts_with("t-")
    )
    sizes = firms.group_by("company_id").agg(pl.len().cast(pl.Int64).alias("n"))["n"]
    assert crm.ceiling["accounts"]["records"] == pytest.approx(len(firms), rel=0.01)
    pairs = int((sizes * (sizes - 1) // 2).sum())
    assert crm.ceiling["accounts"]["true_pairs"] == pytest.approx(pairs, rel=0.02)
