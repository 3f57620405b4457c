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


def suspecting(
    folder: Path, links: list[tuple[str, str, str]], **settings: Any
) -> tuple[MatchReport, dict[tuple[str, str], dict[str, Any]]]:
    """Match with what the CRM suspects; edges by their pair of keys."""
    folder.mkdir(parents=True, exist_ok=True)
    report = link(
        write_contacts(folder, PEOPLE + crowd(240)),
        write_links(folder, links),
        write_rulings(folder, RULINGS),
        folder / "edges.parquet",
        entity="contact",
        # Wide enough to see the weights of pairs that nobody suspects, too.
        settings=_SHIPPED.model_copy(update={"kept_margin": 10.0}),
        **settings,
    )
    edges = {
        (edge["source_record_key_l"], edge["source_record_key_r"]): edge
        for edge in pl.read_parquet(folder / "edges.parquet").iter_rows(named=True)
    }
    return report, edges


def test_what_the_crm_suspects_is_compared_and_left_to_model_and_steward(
    tmp_path: Path,
) -> None:
    agreed = ("hs:contacts:1", "sf:contact:1")
    namesakes = ("hs:contacts:6", "sf:contact:6")
    strangers = ("sf:contact:2", "sf:contact:5")
    ruled = ("hs:contacts:8", "sf:contact:8")
    links = [(*pair, "crm_duplicate") for pair in (agreed, namesakes, strangers, ruled)]
    _, before = suspecting(tmp_path / "before", [])
    report, edges = suspecting(tmp_path / "after", links)

    # Nobody is merged or kept apart by a suspicion, and no weight moves.
    merged = {pair for pair, edge in edges.items() if edge["decision"] == "auto_match"}
    assert merged == {
        pair for pair, edge in before.items() if edge["decision"] == "auto_match"
    }
    for pair in (agreed, namesakes, ruled):
        weight = before[pair]["match_weight"]
        assert edges[pair]["match_weight"] == pytest.approx(weight, abs=1e-6)
    assert edges[agreed]["decided_by"] == "model"
    # A person looks at what the fields leave open; a ruling and the hopeless stay.
    assert before[namesakes]["decision"] == "non_match"
    assert edges[namesakes]["decision"] == "review"
    assert edges[namesakes]["decided_by"] == "crm_duplicate"
    assert edges[ruled]["decided_by"] == "steward"
    assert edges[ruled]["decision"] == "non_match"
    assert strangers not in edges
    assert report.reviews == sum(e["decision"] == "review" for e in edges.values())
    assert any(
        note.startswith("The CRM's duplicate rules suspect 3 pairs (1 of them no")
        and note.endswith(
            "1 are merged, 1 are for review, 1 have too little in common."
        )
        for note in report.notes
    )
    found = {rule.blocking_rule_id: rule.pairs for rule in report.blocking_rules}
    assert found["crm_duplicate"] == 1


def test_a_suspected_pair_that_no_rule_finds_can_be_merged(tmp_path: Path) -> None:
    """Every key is misspelt: only the CRM's fuzzier rule brings the two together."""
    pair = ("hs:contacts:9", "sf:contact:9")
    place = {"street": "81 quarry hill", "city": "otley"}
    records = [
        *PEOPLE,
        contact(
            pair[1], "ottoline", "vandermeer", email="ottoline.v@norwod.com", **place
        ),
        contact(
            pair[0], "attoline", "wandermeer", email="otoline.v@norwod.com", **place
        ),
        *crowd(240),
    ]
    found = []
    for name, links in (("alone", []), ("told", [(*pair, "crm_duplicate")])):
        folder = tmp_path / name
        link(
            write_contacts(folder, records),
            write_links(folder, links),
            None,
            folder / "edges.parquet",
            entity="contact",
            settings=_SHIPPED,
        )
        edges = pl.read_parquet(folder / "edges.parquet")
        found.append(
            edges.filter(source_record_key_l=pair[0], source_record_key_r=pair[1])
            .select("decision", "decided_by", "blocking_rule_id")
            .rows()
        )
    assert found == [[], [("auto_match", "model", "crm_duplicate")]]


def test_what_the_crm_suspects_is_the_same_with_kept_answers(tmp_path: Path) -> None:
    links = [("hs:contacts:6", "sf:contact:6", "crm_duplicate")]
    _, fresh = suspecting(tmp_path / "fresh", links)
    state = tmp_path / "state"
    suspecting(tmp_path / "kept", [], state_dir=state)
    report, kept = suspecting(tmp_path / "kept", links, state_dir=state)
    assert report.reused_pairs > 0
    assert kept == fresh


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
