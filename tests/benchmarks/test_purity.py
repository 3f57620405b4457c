"""The purity benchmark finds a curve that is there, leaves tables out, and refuses nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.purity import calibration_error, fit, main, measure


def table(seed: int, clusters: int = 4000) -> pl.DataFrame:
    """Clusters whose log odds of being pure are 1 + 0.2 bits."""
    rng = np.random.default_rng(seed)
    bits = rng.uniform(-10, 30, clusters)
    pure = rng.random(clusters) < 1 / (1 + np.exp(-(1 + 0.2 * bits)))
    return pl.DataFrame({"bits": bits, "said": 0.9, "is_pure": pure.astype(float)})


def test_the_curve_is_found_and_holds_on_a_table_left_out() -> None:
    tables = {f"t{seed}": table(seed) for seed in range(4)}
    curve = fit(list(tables.values()))
    assert curve == pytest.approx([1.0, 0.2], abs=0.1)
    found = measure(tables)
    assert found["mean_left_out_error"] < 0.02 < found["mean_shipped_error"]
    assert set(found["tables"]) == set(tables)


def test_calibration_error_is_the_distance_of_said_and_true() -> None:
    said = np.repeat([0.2, 0.8], 50)
    pure = np.concatenate([np.repeat([1.0, 0.0], [10, 40]), np.repeat([1.0, 0.0], 25)])
    assert calibration_error(said, pure) >= 0.15  # half of the rows are 0.3 off


def kept_run(folder: Path, golden: dict[str, str]) -> Path:
    folder.mkdir()
    keys = sorted(golden)
    pl.DataFrame(
        {"source_record_key": keys, "golden_contact_id": [golden[k] for k in keys]}
    ).write_parquet(folder / "golden.parquet")
    pl.DataFrame(
        {"source_record_key": keys, "entity": ["1"] * len(keys)}
    ).write_parquet(folder / "truth.parquet")
    pl.DataFrame(
        {
            "source_record_key_l": ["a"],
            "source_record_key_r": ["b"],
            "match_weight": [9.0],
            "decided_by": ["model"],
            "decision": ["auto_match"],
        }
    ).write_parquet(folder / "edges.parquet")
    return folder


def test_a_kept_run_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main([str(kept_run(tmp_path / "kept", {"a": "g1", "b": "g1", "c": "g2"}))]) == 0
    )
    found = json.loads(capsys.readouterr().out)["tables"]["kept"]
    assert (found["clusters"], found["pure"]) == (1, 1.0)


def test_a_folder_without_a_run_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 2
    assert "neither golden.parquet nor" in capsys.readouterr().err
