"""The whole step on a small CRM: who is merged, who is not, and what the edges say."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hygiene.matching import MatchReport, MatchSettings, link
from tests.hygiene.matching.people import (
    clusters_of,
    contact,
    crowd,
    write_contacts,
    write_links,
    write_rulings,
)

_SHIPPED = MatchSettings(training="never")  # type: ignore[arg-type]

_HOME = {"street": "5 mill lane", "postcode": "ls1 4ab", "city": "leeds"}
_FIRM = {"company": "norwood tools", "domain": "norwood.com", "phone": "+4411399"}

PEOPLE: list[dict[str, Any]] = [
    # One person in three systems.
    contact("sf:contact:1", "robert", "hale", email="robert.hale@norwood.com", **_FIRM),
    contact(
        "hs:contacts:1", "bob", "hale", group="robert", email="robert.hale@norwood.com"
    ),
    contact("shop:contacts:1", "robert", "hale", mobile="+447700900001", **_FIRM),
    # Colleagues with the same surname or first name at one switchboard.
    contact("sf:contact:2", "judith", "hale", email="judith.hale@norwood.com", **_FIRM),
    contact(
        "sf:contact:3", "robert", "quill", email="robert.quill@norwood.com", **_FIRM
    ),
    # A household: same surname, phone and address.
    contact("sf:contact:4", "tom", "ferris", phone="+4411320", **_HOME),
    contact("hs:contacts:4", "lucy", "ferris", phone="+4411320", **_HOME),
    # A birthday and a swapped name.
    contact("sf:contact:5", "imre", "szabo", born=date(1971, 3, 4), city="pecs"),
    contact("hs:contacts:5", "szabo", "imre", born=date(1971, 3, 4), city="pecs"),
    # Two people of one name in different places and firms.
    contact(
        "sf:contact:6",
        "maria",
        "rossi",
        email="maria.rossi@uno.it",
        company="uno spa",
        city="turin",
    ),
    contact(
        "hs:contacts:6",
        "maria",
        "rossi",
        email="maria.rossi@due.it",
        company="due srl",
        city="bari",
    ),
    # Joined by evidence alone, and kept apart by a steward.
    contact("sf:lead:7", "w", None, email="w77@gmail.com"),
    contact("sf:contact:7", "wilhelmina", "obi", email="mina@obi.org"),
    contact(
        "sf:contact:8", "pablo", "vidal", email="pablo.vidal@sol.es", mobile="+3460"
    ),
    contact(
        "hs:contacts:8", "pablo", "vidal", email="pablo.vidal@sol.es", mobile="+3460"
    ),
]
LINKS = [("sf:lead:7", "sf:contact:7", "lead_conversion")]
RULINGS = [("sf:contact:8", "hs:contacts:8", "cannot_link")]


def run(
    folder: Path, records: list[dict[str, Any]]
) -> tuple[MatchReport, pl.DataFrame]:
    folder.mkdir(parents=True, exist_ok=True)
    report = link(
        write_contacts(folder, records),
        write_links(folder, LINKS),
        write_rulings(folder, RULINGS),
        folder / "edges.parquet",
        entity="contact",
        settings=_SHIPPED,
    )
    return report, pl.read_parquet(folder / "edges.parquet")


@pytest.fixture(scope="module")
def small_crm(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[MatchReport, pl.DataFrame, dict[str, frozenset[str]]]:
    records = PEOPLE + crowd(240)
    report, edges = run(tmp_path_factory.mktemp("crm"), records)
    keys = [record["source_record_key"] for record in records]
    return report, edges, clusters_of(edges, keys)


Crm = tuple[MatchReport, pl.DataFrame, dict[str, frozenset[str]]]


def test_one_person_in_three_systems_becomes_one_cluster(small_crm: Crm) -> None:
    assert small_crm[2]["sf:contact:1"] == {
        "sf:contact:1",
        "hs:contacts:1",
        "shop:contacts:1",
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sf:contact:1", "sf:contact:2"),
        ("sf:contact:1", "sf:contact:3"),
        ("sf:contact:4", "hs:contacts:4"),
        ("sf:contact:6", "hs:contacts:6"),
    ],
    ids=["surname at work", "first name at work", "household", "namesake"],
)
def test_people_who_share_surroundings_stay_apart(
    small_crm: Crm, one: str, other: str
) -> None:
    assert other not in small_crm[2][one]


def test_swapped_names_with_the_same_birthday_are_one_person(small_crm: Crm) -> None:
    assert "hs:contacts:5" in small_crm[2]["sf:contact:5"]


def test_evidence_joins_what_the_model_cannot(small_crm: Crm) -> None:
    report, edges, clusters = small_crm
    assert "sf:contact:7" in clusters["sf:lead:7"]
    edge = edges.filter(pl.col("decided_by") == "lead_conversion").row(0, named=True)
    assert edge["decision"] == "auto_match"
    assert edge["gamma_email"] is None
    assert report.must_links == 1


def test_a_cannot_link_ruling_holds_against_a_perfect_score(small_crm: Crm) -> None:
    _, edges, clusters = small_crm
    assert "hs:contacts:8" not in clusters["sf:contact:8"]
    edge = edges.filter(pl.col("decided_by") == "steward").row(0, named=True)
    assert edge["decision"] == "non_match"


def test_strangers_are_not_merged(small_crm: Crm) -> None:
    crowd_clusters = {
        members for key, members in small_crm[2].items() if key.startswith("crowd")
    }
    assert all(len(members) == 1 for members in crowd_clusters)


def test_edges_are_unordered_pairs_that_occur_once(small_crm: Crm) -> None:
    _, edges, _ = small_crm
    assert (edges["source_record_key_l"] < edges["source_record_key_r"]).all()
    pairs = edges.select("source_record_key_l", "source_record_key_r")
    assert pairs.unique().height == edges.height
    assert set(edges["decision"]) <= {"auto_match", "review", "non_match"}
    scored = edges.filter(pl.col("match_weight").is_not_null())
    assert scored["match_probability"].is_between(0, 1).all()


def test_the_report_accounts_for_pairs_and_clusters(small_crm: Crm) -> None:
    report, edges, clusters = small_crm
    assert report.edges == edges.height
    assert report.clusters == len(set(clusters.values()))
    assert report.auto_matches == (edges["decision"] == "auto_match").sum()
    found = sum(rule.pairs for rule in report.blocking_rules)
    assert found == edges.height + report.dropped_pairs
    assert report.model_source == "shipped"
    assert report.threshold.rule == "expected_false_share"
    shared = {item.column: item.values for item in report.shared_identifiers}
    assert shared["phone"] >= 1


def test_row_order_changes_nothing(tmp_path: Path) -> None:
    records = PEOPLE + crowd(60)
    _, edges = run(tmp_path / "one", records)
    _, again = run(tmp_path / "two", list(reversed(records)))
    assert edges.equals(again)


def test_no_records_give_no_edges(tmp_path: Path) -> None:
    report = link(
        write_contacts(tmp_path, []),
        write_links(tmp_path),
        None,
        tmp_path / "edges.parquet",
        entity="contact",
        settings=MatchSettings(),
    )
    assert (report.records, report.clusters, report.edges) == (0, 0, 0)
    assert pl.read_parquet(tmp_path / "edges.parquet").height == 0


def test_a_subsidiary_is_not_merged_into_its_parent(tmp_path: Path) -> None:
    firms = [
        ("x:account:1", "kestrel", "kestrel.com", None, "US"),
        ("y:account:1", "kestrel", "kestrel.com", None, "US"),
        ("x:account:2", "kestrel", "kestrel.com", "x:account:1", "DE"),
    ]
    firms += [
        (f"z:account:{n:03d}", f"firm {n * 37 % 101}", f"f{n}.com", None, "US")
        for n in range(80)
    ]
    names = ("key", "name", "domain", "parent", "country")
    frame = pl.DataFrame(firms, schema=dict.fromkeys(names, pl.String), orient="row")
    frame.select(
        pl.col("key").alias("source_record_key"),
        pl.col("name").alias("account_name_match"),
        pl.col("domain").alias("domain_std"),
        pl.col("parent").alias("parent_source_record_key"),
        pl.col("country").alias("country_code"),
    ).write_parquet(tmp_path / "accounts.parquet")
    report = link(
        tmp_path / "accounts.parquet",
        write_links(tmp_path),
        None,
        tmp_path / "edges.parquet",
        entity="account",
        settings=_SHIPPED,
    )
    edges = pl.read_parquet(tmp_path / "edges.parquet")
    clusters = clusters_of(edges, frame["key"])
    assert clusters["x:account:1"] == {"x:account:1", "y:account:1"}
    assert clusters["x:account:2"] == {"x:account:2"}
    assert report.cannot_links == 1
