"""Merge, unmerge and why on a real run: they do what they say, and say how to go back."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from hygiene.errors import InputError
from hygiene.matching.explaining import explain_pairs
from hygiene.stewardship import RulingBook
from hygiene.stewardship.decisions import (
    Decision,
    Signature,
    decide_merge,
    decide_unmerge,
)
from hygiene.stewardship.queue import build_queue
from hygiene.stewardship.reasons import Why, explain_why
from hygiene.stewardship.references import resolve
from tests.hygiene.stewardship.made_run import (
    FIRST,
    SECOND,
    SETTINGS,
    THIRD,
    MadeRun,
    people,
)

JONAS = ("hs:contacts:1", "sf:contact:1", "sf:lead:1", "shop:contacts:1")
SAM = Signature("sam", FIRST, "called them", {})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeRun:
    return MadeRun(tmp_path_factory.mktemp("run")).run()


def why(made: MadeRun, one: str, other: str) -> Why:
    return explain_why(
        resolve(one, [made.tables]),
        resolve(other, [made.tables]),
        made.tables,
        made.status(),
        settings=SETTINGS,
        model_dir=None,
        scratch=made.folder,
    )


def merge(made: MadeRun, one: str, other: str) -> Decision:
    subjects = [resolve(each, [made.tables]) for each in (one, other)]
    decision = decide_merge(*subjects, made.status(), SAM)
    RulingBook(made.book).add(decision.rulings)
    return decision


def unmerge(made: MadeRun, one: str, other: str | None = None) -> Decision:
    decision = decide_unmerge(
        resolve(one, [made.tables]),
        resolve(other, [made.tables]) if other else None,
        made.status(),
        SAM,
    )
    RulingBook(made.book).add(decision.rulings)
    return decision


def test_the_weights_of_the_fields_add_up_to_the_score(made: MadeRun) -> None:
    edges = pl.read_parquet(made.tables.edges).filter(
        pl.col("match_weight").is_not_null()
    )
    pairs = list(edges.select("source_record_key_l", "source_record_key_r").iter_rows())
    explained = explain_pairs(
        made.tables.standardised,
        made.tables.edges,
        pairs,
        entity="contact",
        settings=SETTINGS,
        model_dir=None,
        scratch=made.folder,
    )
    for item, weight in zip(explained, edges["match_weight"], strict=True):
        assert item.total == pytest.approx(weight, abs=1e-4)


def test_an_unknown_record_is_no_pair(made: MadeRun) -> None:
    with pytest.raises(InputError, match="1 pairs name a record"):
        explain_pairs(
            made.tables.standardised,
            made.tables.edges,
            [("sf:contact:1", "nobody")],
            entity="contact",
            settings=SETTINGS,
            model_dir=None,
            scratch=made.folder,
        )


def test_the_path_leads_over_other_records(made: MadeRun) -> None:
    answer = why(made, "shop:contacts:1", "hs:contacts:1")
    assert answer.is_one
    keys = [answer.path[0].key_l, *(link.key_r for link in answer.path)]
    assert (keys[0], keys[-1]) == ("shop:contacts:1", "hs:contacts:1")
    assert set(keys) <= set(JONAS)
    assert answer.undo == ("unmerge", "shop:contacts:1", "hs:contacts:1")
    assert answer.values["shop:contacts:1"]["phone"] == "+4791111111"
    if len(answer.path) > 1:
        assert answer.direct is not None


def test_a_sync_id_is_named_as_the_reason(made: MadeRun) -> None:
    answer = why(made, "sf:lead:1", "hs:contacts:1")
    assert [link.decided_by for link in answer.path] == ["sync_id"]


def test_a_golden_record_as_a_whole_is_a_tree(made: MadeRun) -> None:
    golden = made.golden("sf:contact:1")
    answer = why(made, golden, golden)
    assert len(answer.path) == len(JONAS) - 1
    assert answer.undo[0] == "unmerge"
    single = why(made, made.golden("sf:contact:3"), "sf:contact:3")
    assert (single.path, single.undo) == ((), ())


def test_two_that_were_never_compared_are_scored_now(made: MadeRun) -> None:
    answer = why(made, "sf:contact:3", "sf:contact:1")
    assert not answer.is_one
    assert answer.direct is not None
    assert answer.direct.decision == ""
    assert answer.direct.explanation is not None
    assert answer.direct.explanation.total < 0
    assert answer.undo == ("merge", "sf:contact:3", "sf:contact:1")


def test_doubts_are_named(made: MadeRun) -> None:
    answer = why(made, "sf:contact:2", "hs:contacts:2")
    assert not answer.is_one
    assert answer.direct is not None
    assert answer.direct.explanation is not None
    assert "different first names" in answer.direct.explanation.doubts


def queue(
    made: MadeRun, money: pl.DataFrame, status: pl.DataFrame | None = None
) -> pl.DataFrame:
    return build_queue(
        made.tables.standardised,
        made.tables.edges,
        made.tables.clusters,
        made.status() if status is None else status,
        money,
        entity="contact",
        settings=SETTINGS,
        model_dir=None,
        limit=50,
        scratch=made.folder,
    ).pairs


def test_the_queue_is_ordered_by_money_and_leaves_rulings_out(made: MadeRun) -> None:
    money = pl.DataFrame(
        {"golden_id": [made.golden("sf:contact:2")], "amount": [5000.0]}
    )

    pairs = queue(made, money)
    first = pairs.row(0, named=True)
    assert {first["source_record_key_l"], first["source_record_key_r"]} == {
        "sf:contact:2",
        "hs:contacts:2",
    }
    assert first["money"] == 5000.0
    assert pairs["money"].is_sorted(descending=True)
    assert "different first name" in first["speaks_against"]
    ruled = pl.DataFrame(
        [("hs:contacts:2", "sf:contact:2", "in_force")],
        schema=["source_record_key_l", "source_record_key_r", "status"],
        orient="row",
    )
    assert queue(made, money, ruled).height == pairs.height - 1
    lapsed = ruled.with_columns(status=pl.lit("lapsed"))
    again = queue(made, money, lapsed)
    assert again.height == pairs.height
    assert again["kind"][0] == "ruled before, data has changed"


def test_a_pair_that_the_crm_suspects_is_asked_about_and_says_so(
    tmp_path: Path,
) -> None:
    pair = ("sf:contact:2", "sf:contact:3")  # Clara Moreau and Viktor Nowak
    other = ("hs:contacts:2", "sf:contact:2")  # mother and daughter, doubtful anyhow
    made = MadeRun(tmp_path).run(suspected=(pair, other))
    money = pl.DataFrame(schema={"golden_id": pl.String, "amount": pl.Float64})
    pairs = queue(made, money)
    asked = {
        (row["source_record_key_l"], row["source_record_key_r"]): row["kind"]
        for row in pairs.iter_rows(named=True)
    }
    assert asked[other] == "a duplicate rule of the CRM suspects it"
    assert pair not in asked  # nothing in common: a rule that errs asks nobody
    direct = why(made, *other).direct
    assert direct is not None
    assert (direct.decided_by, direct.decision) == ("crm_duplicate", "review")


def test_names_that_mean_nothing_are_refused(made: MadeRun) -> None:
    for name in ("gc_0000", "nobody", ""):
        with pytest.raises(InputError, match="Looking up a record"):
            resolve(name, [made.tables])


def test_a_merge_can_be_undone_and_redone(tmp_path: Path) -> None:
    made = MadeRun(tmp_path).run()
    old = made.golden("hs:contacts:2")
    decision = merge(made, "sf:contact:2", "hs:contacts:2")
    assert decision.undo == ("unmerge", "sf:contact:2", "hs:contacts:2")
    assert not decision.was_one
    made.run(at=SECOND)
    assert made.golden("sf:contact:2") == made.golden("hs:contacts:2")
    gone = {old, made.golden("sf:contact:2")}
    survivor = made.golden("sf:contact:2")
    loser = next(iter(gone - {survivor}), None)
    if loser is not None:
        answer = why(made, loser, survivor)
        assert answer.one.past is not None
        assert answer.one.past.is_complete
        assert answer.path[0].decided_by == "steward"
        assert answer.path[0].ruling is not None
        assert answer.path[0].ruling.author == "sam"
        unmerge(made, loser)
    else:
        unmerge(made, "hs:contacts:2")
    made.run(at=THIRD)
    assert made.golden("sf:contact:2") != made.golden("hs:contacts:2")
    answer = why(made, "sf:contact:2", "hs:contacts:2")
    assert answer.obstacles
    again = merge(made, "sf:contact:2", "hs:contacts:2")
    assert [item.verdict.value for item in again.rulings] == ["must_link"]
    assert set(made.status().filter(pl.col("effect") != "none")["effect"]) == {
        "must_link"
    }


def test_a_record_is_taken_out_of_everything_and_stays_out(tmp_path: Path) -> None:
    made = MadeRun(tmp_path).run()
    decision = unmerge(made, "shop:contacts:1")
    assert {item.verdict.value for item in decision.rulings} == {"cannot_link"}
    assert len(decision.rulings) == len(JONAS) - 1
    made.run(at=SECOND)
    others = {made.golden(key) for key in JONAS if key != "shop:contacts:1"}
    assert len(others) == 1
    assert made.golden("shop:contacts:1") not in others
    # A phone that changes later makes the ruling old news, but joins nobody.
    changed = people(shop_contacts_1={"phone_e164": "+4799999999"})
    made.run(changed, at=THIRD)
    assert made.golden("shop:contacts:1") not in others


def test_what_makes_no_sense_is_refused(made: MadeRun) -> None:
    golden = resolve(made.golden("sf:contact:1"), [made.tables])
    record = resolve("sf:contact:3", [made.tables])
    book = made.status()
    with pytest.raises(InputError, match="whole golden record of 4 records"):
        decide_unmerge(golden, None, book, SAM)
    with pytest.raises(InputError, match="both names mean the same records"):
        decide_merge(record, record, book, SAM)
