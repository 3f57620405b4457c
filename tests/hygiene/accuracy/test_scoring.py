"""Scores agree with the definition, pair by pair, and damaged inputs are refused."""

from __future__ import annotations

import tempfile
from itertools import combinations
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.accuracy import AccuracyReport, score
from hygiene.errors import InputError


def scored(
    folder: Path, clusters: dict[str, int], truth: dict[str, int]
) -> AccuracyReport:
    pl.DataFrame(
        {
            "source_record_key": list(clusters),
            "golden_contact_id": [f"gc_{n}" for n in clusters.values()],
            "cluster_size": 1,
        }
    ).write_parquet(folder / "clusters.parquet")
    pl.DataFrame(
        {"source_record_key": list(truth), "person_id": list(truth.values())}
    ).write_parquet(folder / "truth.parquet")
    return score(folder / "clusters.parquet", folder / "truth.parquet")


def test_a_perfect_clustering_scores_one(tmp_path: Path) -> None:
    report = scored(tmp_path, {"a": 1, "b": 1, "c": 2}, {"a": 5, "b": 5, "c": 6})
    assert report.pairwise_f1 == report.bcubed_f1 == 1.0
    assert (report.mixed_clusters, report.split_entities) == (0, 0)


def test_one_big_cluster_keeps_recall_and_loses_precision(tmp_path: Path) -> None:
    report = scored(
        tmp_path, {"a": 1, "b": 1, "c": 1, "d": 1}, {"a": 1, "b": 1, "c": 2, "d": 2}
    )
    assert report.pairwise_recall == 1.0
    assert report.pairwise_precision == pytest.approx(2 / 6)
    assert report.bcubed_precision == pytest.approx(0.5)
    assert (report.largest_cluster, report.most_entities_in_a_cluster) == (4, 2)


def test_only_singletons_are_precise_by_definition(tmp_path: Path) -> None:
    report = scored(tmp_path, {"a": 1, "b": 2}, {"a": 1, "b": 1})
    assert (report.pairwise_precision, report.pairwise_recall) == (1.0, 0.0)
    assert report.pairwise_f1 == 0.0
    assert report.split_entities == 1


def test_records_known_to_one_side_only_are_counted_and_left_out(
    tmp_path: Path,
) -> None:
    report = scored(tmp_path, {"a": 1, "b": 1, "x": 1}, {"a": 1, "b": 1, "y": 1})
    assert (report.records, report.unscored_records, report.unclustered_records) == (
        2,
        1,
        1,
    )
    assert report.pairwise_f1 == 1.0


@settings(max_examples=15, deadline=None)
@given(
    labels=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=9
    )
)
def test_counting_agrees_with_enumerating_pairs(labels: list[tuple[int, int]]) -> None:
    clusters = {f"r{n}": cluster for n, (cluster, _) in enumerate(labels)}
    truth = {f"r{n}": entity for n, (_, entity) in enumerate(labels)}
    with tempfile.TemporaryDirectory() as folder:
        report = scored(Path(folder), clusters, truth)
    pairs = list(combinations(clusters, 2))
    together = {pair for pair in pairs if clusters[pair[0]] == clusters[pair[1]]}
    same = {pair for pair in pairs if truth[pair[0]] == truth[pair[1]]}
    assert report.predicted_pairs == len(together)
    assert report.true_pairs == len(same)
    assert report.correct_pairs == len(together & same)
    precisions = [
        sum(
            truth[other] == truth[key] for other in clusters if clusters[other] == group
        )
        / sum(clusters[other] == group for other in clusters)
        for key, group in clusters.items()
    ]
    assert report.bcubed_precision == pytest.approx(sum(precisions) / len(precisions))


def test_a_repeated_key_is_refused(tmp_path: Path) -> None:
    scored(tmp_path, {"a": 1}, {"a": 1})
    pl.DataFrame({"source_record_key": ["a", "a"], "person_id": [1, 2]}).write_parquet(
        tmp_path / "truth.parquet"
    )
    with pytest.raises(InputError, match=r"truth\.parquet has 1 repeated keys"):
        score(tmp_path / "clusters.parquet", tmp_path / "truth.parquet")


def test_an_unclear_truth_column_is_refused(tmp_path: Path) -> None:
    scored(tmp_path, {"a": 1}, {"a": 1})
    pl.DataFrame({"source_record_key": ["a"], "x": [1], "y": [1]}).write_parquet(
        tmp_path / "truth.parquet"
    )
    with pytest.raises(InputError, match="2 columns that could be an entity id"):
        score(tmp_path / "clusters.parquet", tmp_path / "truth.parquet")
    report = score(
        tmp_path / "clusters.parquet", tmp_path / "truth.parquet", truth_column="x"
    )
    assert report.records == 1
