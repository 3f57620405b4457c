"""Free labels: what sync ids, merges and rulings say about the model."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.stewardship.labels import LabelledAccuracy, estimate_accuracy, wilson


def estimated(
    folder: Path,
    edges: list[tuple[str, str, float | None]],
    links: list[tuple[str, str, str]],
    rulings: list[tuple[str, str, str, str]] | None = None,
) -> LabelledAccuracy:
    pair = {"source_record_key_l": pl.String, "source_record_key_r": pl.String}
    keys = {key for left, right, *_ in [*edges, *links] for key in (left, right)}
    tables = {
        "records": pl.DataFrame({"source_record_key": sorted(keys)}),
        "edges": pl.DataFrame(
            edges, schema=pair | {"match_weight": pl.Float64}, orient="row"
        ),
        "links": pl.DataFrame(
            links, schema=pair | {"evidence": pl.String}, orient="row"
        ),
        "rulings": pl.DataFrame(
            rulings or [],
            schema=pair | {"ruling": pl.String, "status": pl.String},
            orient="row",
        ),
    }
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet")
    return estimate_accuracy(
        folder / "edges.parquet",
        folder / "links.parquet",
        folder / "rulings.parquet",
        folder / "records.parquet",
        threshold=2.0,
        entity="contact",
        scratch=folder,
    )


def test_recall_counts_known_matches_that_the_weight_would_find(tmp_path: Path) -> None:
    found = estimated(
        tmp_path,
        [
            ("hs:c:1", "sf:c:1", 9.0),
            ("hs:c:2", "sf:c:2", 1.0),
            ("hs:c:3", "sf:c:3", None),
        ],
        [
            ("hs:c:1", "sf:c:1", "sync_id"),
            ("hs:c:2", "sf:c:2", "sync_id"),
            ("hs:c:3", "sf:c:3", "crm_merge"),
            ("hs:c:4", "sf:c:4", "crm_merge"),  # blocking never found it
            ("hs:c:5", "sf:c:5", "lead_conversion"),  # no label
        ],
    )
    assert (found.recall.hits, found.recall.cases) == (1, 4)


def test_a_match_past_the_sync_partner_counts_against_precision(tmp_path: Path) -> None:
    links = [("hs:c:1", "sf:c:1", "sync_id")]
    edges = [("hs:c:1", "sf:c:1", 9.0), ("hs:c:1", "sf:c:2", 5.0)]
    found = estimated(tmp_path, edges, links)
    assert (found.precision.hits, found.precision.cases) == (1, 2)
    # If the two of them match each other as well, nobody knows.
    open_case = estimated(tmp_path, [*edges, ("sf:c:1", "sf:c:2", 4.0)], links)
    assert (open_case.precision.hits, open_case.precision.cases) == (1, 1)
    # A match in another place contradicts nothing.
    elsewhere = estimated(tmp_path, [edges[0], ("hs:c:1", "sf:lead:2", 5.0)], links)
    assert (elsewhere.precision.hits, elsewhere.precision.cases) == (1, 1)


def test_two_active_users_of_one_portal_are_a_false_match(tmp_path: Path) -> None:
    found = estimated(
        tmp_path,
        [("sf:c:1", "sf:c:2", 9.0), ("sf:c:3", "sf:c:4", 9.0)],
        [("sf:c:1", "sf:c:2", "other_user"), ("sf:c:3", "sf:c:4", "crm_merge")],
    )
    assert (found.precision.hits, found.precision.cases) == (1, 2)
    assert (found.recall.hits, found.recall.cases) == (1, 1)


def test_rulings_are_labels_while_they_are_in_force(tmp_path: Path) -> None:
    edges = [("a:c:1", "a:c:2", 5.0), ("a:c:3", "a:c:4", 5.0), ("a:c:5", "a:c:6", 0.0)]
    found = estimated(
        tmp_path,
        edges,
        [],
        [
            ("a:c:1", "a:c:2", "cannot_link", "in_force"),
            ("a:c:3", "a:c:4", "must_link", "in_force"),
            ("a:c:5", "a:c:6", "must_link", "lapsed"),
        ],
    )
    assert (found.precision.hits, found.precision.cases) == (1, 2)
    assert (found.recall.hits, found.recall.cases) == (1, 1)


def test_without_labels_nothing_is_claimed(tmp_path: Path) -> None:
    found = estimated(tmp_path, [("a:c:1", "a:c:2", 5.0)], [])
    assert found.recall.share is None
    assert str(found.recall) == "unknown: no labels"
    assert (found.recall.low, found.recall.high) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("hits", "cases", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)],
)
def test_the_interval_is_wilsons(
    hits: int, cases: int, low: float, high: float
) -> None:
    found = wilson(hits, cases)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@settings(max_examples=50)
@given(st.integers(0, 500), st.integers(0, 500))
def test_the_interval_holds_the_share(one: int, other: int) -> None:
    hits, cases = min(one, other), max(one, other)
    found = wilson(hits, cases)
    assert 0 <= found.low <= found.high <= 1
    if found.share is not None:
        assert found.low - 1e-9 <= found.share <= found.high + 1e-9
