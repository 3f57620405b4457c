"""Drift: like before goes on, unlike before stops, and nothing is judged without ground."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hygiene.stewardship.drift import (
    DriftSettings,
    RunMeasures,
    judge_drift,
    measure_run,
    stability_index,
)

SETTINGS = DriftSettings()
SCORES = (0.1, 0.1, 0.2, 0.1, 0.2, 0.1, 0.2)


def run(**changes: Any) -> RunMeasures:
    values: dict[str, Any] = {
        "run_id": "r",
        "records": 10_000,
        "sources": ("hs:c", "sf:c"),
        "pairs_per_record": 4.0,
        "matches_per_record": 0.5,
        "reviews_per_record": 0.1,
        "records_per_golden": 1.4,
        "largest_cluster": 9,
        "scores": SCORES,
    }
    return RunMeasures(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pairs_per_record": 9.0}, "compared pairs per record: 9"),
        ({"matches_per_record": 0.2}, "merged pairs per record"),
        ({"reviews_per_record": 0.4}, "pairs for review per record"),
        ({"records_per_golden": 3.0}, "records per golden record"),
        ({"largest_cluster": 40}, "largest cluster: 40 records, normal is up to 18"),
        ({"scores": tuple(reversed([0.7, *[0.05] * 6]))}, "stability index"),
    ],
)
def test_each_measure_stops_by_itself(changes: dict[str, Any], said: str) -> None:
    verdict = judge_drift(run(**changes), [run()], SETTINGS)
    assert not verdict.is_normal
    assert len(verdict.problems) == 1
    assert said in verdict.problems[0]


def test_growth_and_small_moves_are_normal() -> None:
    verdict = judge_drift(
        run(records=90_000, pairs_per_record=5.0, largest_cluster=14), [run()], SETTINGS
    )
    assert verdict.is_normal
    assert verdict.note == ""


def test_the_history_widens_what_is_normal() -> None:
    lively = [run(pairs_per_record=value) for value in (2.0, 4.0, 8.0, 3.0, 6.0)]
    assert judge_drift(run(pairs_per_record=9.0), lively, SETTINGS).is_normal
    calm = [run(pairs_per_record=value) for value in (4.0, 4.1, 3.9, 4.0, 4.0)]
    assert not judge_drift(run(pairs_per_record=9.0), calm, SETTINGS).is_normal


def test_nothing_is_judged_without_ground() -> None:
    wild = {"pairs_per_record": 99.0}
    assert "first run" in judge_drift(run(**wild), [], SETTINGS).note
    other = [run(sources=("hs:c",))]
    assert "Sources came or went" in judge_drift(run(**wild), other, SETTINGS).note
    small = judge_drift(run(records=50, **wild), [run()], SETTINGS)
    assert small.is_normal
    assert "too few" in small.note
    off = judge_drift(run(**wild), [run()], DriftSettings(enabled=False))
    assert off.is_normal


def test_scores_in_the_bins_of_an_earlier_version_are_not_compared() -> None:
    before = run(scores=(0.6, 0.1, *SCORES[1:]))
    verdict = judge_drift(run(), [before], SETTINGS)
    assert verdict.is_normal
    assert verdict.stability_index is None
    assert not judge_drift(run(pairs_per_record=9.0), [before], SETTINGS).is_normal


def test_a_run_is_measured_from_its_files(tmp_path: Path) -> None:
    pl.DataFrame(
        {
            "match_weight": [30.5, 3.0, -30.0, None],
            "decision": ["auto_match", "review", "review", "auto_match"],
            "decided_by": ["model", "model", "crm_duplicate", "crm_merge"],
        }
    ).write_parquet(tmp_path / "edges.parquet")
    pl.DataFrame({"source_record_key": ["sf:c:1", "sf:c:2", "hs:c:1"]}).write_parquet(
        tmp_path / "records.parquet"
    )
    found = measure_run(
        tmp_path / "edges.parquet",
        tmp_path / "records.parquet",
        run_id="r",
        clusters=2,
        largest_cluster=2,
        candidate_pairs=6,
        scratch=tmp_path,
    )
    assert found.sources == ("hs:c", "sf:c")
    assert (found.pairs_per_record, found.records_per_golden) == (2.0, 1.5)
    assert found.matches_per_record == pytest.approx(2 / 3)
    assert found.reviews_per_record == pytest.approx(1 / 3)  # without suspicions
    assert sum(found.scores) == pytest.approx(1)
    assert [number for number, share in enumerate(found.scores) if share] == [0, 2, 6]
    assert stability_index(found.scores, found.scores) == 0
