"""How well the probability that a golden record is pure holds on tables left out of its fit.

    python -m benchmarks.accuracy people.parquet --truth cluster --keep kept/people
    python -m benchmarks.purity kept/people kept/firms demo

Reads what `benchmarks.accuracy --keep` left behind, or the folder of a demo that was
run. Fits the curve of `hygiene.identity.cluster_audit` to all tables but one, holds it
against that one, and prints JSON: per table the share of pure clusters, what the curve
says of it, and the calibration error in ten bins; then the curve of all tables together,
which is the one to ship. A table counts by the square root of its clusters, so that no
large one decides alone. Exit code 2: a folder holds no
run, or nothing was merged.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.optimize import minimize

from hygiene.identity import audit_clusters

Floats = npt.NDArray[np.float64]

_BINS = 10
_ENTITIES: tuple[tuple[Literal["contact", "account"], str], ...] = (
    ("contact", "person_id"),
    ("account", "company_id"),
)


def read_runs(folder: Path) -> dict[str, pl.DataFrame]:
    """Read the clusters of a kept run or of a demo, with whether each is pure.

    Args:
        folder: Kept by `benchmarks.accuracy`, or of `tidycrm demo`.

    Returns:
        Per table a frame with bits (of the least sure record), said (the shipped
        probability) and is_pure.
    """
    if (folder / "golden.parquet").is_file():
        golden = pl.read_parquet_schema(folder / "golden.parquet")
        entity: Literal["contact", "account"] = (
            "contact" if "golden_contact_id" in golden else "account"
        )
        return {
            folder.name: _audit(
                folder / "edges.parquet",
                folder / "golden.parquet",
                folder / "truth.parquet",
                entity,
                "entity",
            )
        }
    stages, truth = folder / "data" / "stages", folder / "exports" / "truth"
    found = {}
    for entity, column in _ENTITIES:
        clusters = stages / f"{entity}_clusters.parquet"
        if not clusters.is_file():
            raise FileNotFoundError(
                f"reading the run in {folder}: neither golden.parquet nor "
                f"data/stages/{clusters.name} is there; give a folder that "
                "`benchmarks.accuracy --keep` or `tidycrm demo` has filled"
            )
        found[f"{folder.name}: {entity}s"] = _audit(
            stages / f"{entity}_match_edges.parquet",
            clusters,
            truth / f"truth_{entity}s.parquet",
            entity,
            column,
        )
    return found


def _audit(
    edges: Path,
    clusters: Path,
    truth: Path,
    entity: Literal["contact", "account"],
    column: str,
) -> pl.DataFrame:
    with tempfile.TemporaryDirectory(prefix="tidycrm-purity-") as scratch:
        out = Path(scratch) / "audit.parquet"
        audit_clusters(edges, clusters, out, entity=entity)
        audit = pl.read_parquet(out)
    golden = f"golden_{entity}_id"
    entities = (
        pl.read_parquet(clusters)
        .join(pl.read_parquet(truth), on="source_record_key")
        .group_by(golden)
        .agg(pl.col(column).n_unique() == 1)
        .rename({golden: "golden_id", column: "is_pure"})
    )
    return audit.join(entities, on="golden_id").select(
        pl.col("least_sure_bits").alias("bits"),
        pl.col("purity_probability").alias("said"),
        pl.col("is_pure").cast(pl.Float64),
    )


def fit(tables: Sequence[pl.DataFrame]) -> Floats:
    """Fit intercept and slope of the log odds by weighted maximum likelihood.

    Args:
        tables: Frames with bits and is_pure.

    Returns:
        Intercept and slope.
    """
    rows = pl.concat(tables)
    weights = np.concatenate([np.full(len(t), len(t) ** -0.5) for t in tables])
    bits, pure = rows["bits"].to_numpy(), rows["is_pure"].to_numpy()

    def loss(curve: Floats) -> float:
        odds = curve[0] + curve[1] * bits
        return float(np.average(np.logaddexp(0, odds) - pure * odds, weights=weights))

    return np.asarray(minimize(loss, np.array([2.0, 0.1])).x, dtype=np.float64)


def calibration_error(said: Floats, pure: Floats) -> float:
    """Give the mean distance of said and true shares over bins of equal size."""
    order = np.argsort(said, kind="stable")
    parts = [part for part in np.array_split(order, _BINS) if len(part)]
    gaps = [abs(said[part].mean() - pure[part].mean()) * len(part) for part in parts]
    return float(sum(gaps) / len(said))


def measure(tables: dict[str, pl.DataFrame]) -> dict[str, Any]:
    """Leave each table out in turn, and fit all together."""
    results = {}
    for name, table in tables.items():
        others = [other for key, other in tables.items() if key != name]
        pure = table["is_pure"].to_numpy()
        entry: dict[str, Any] = {
            "clusters": len(table),
            "pure": pure.mean(),
            "shipped_says": table["said"].mean(),
            "shipped_error": calibration_error(table["said"].to_numpy(), pure),
        }
        if others:
            curve = fit(others)
            said = 1 / (1 + np.exp(-(curve[0] + curve[1] * table["bits"].to_numpy())))
            entry |= {
                "left_out_says": said.mean(),
                "left_out_error": calibration_error(said, pure),
            }
        results[name] = {
            key: round(float(value), 4) if key != "clusters" else value
            for key, value in entry.items()
        }
    curve = fit(list(tables.values()))
    summary = {
        f"mean_{key}": round(float(np.mean([r[key] for r in results.values()])), 4)
        for key in ("shipped_error", "left_out_error")
        if all(key in r for r in results.values())
    }
    return {
        "tables": results,
        **summary,
        "intercept": round(float(curve[0]), 3),
        "slope": round(float(curve[1]), 4),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path, nargs="+")
    options = parser.parse_args(arguments)
    try:
        runs = [read_runs(folder) for folder in options.folder]
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    tables = {
        name: table
        for found in runs
        for name, table in found.items()
        if not table.is_empty()
    }
    if not tables:
        print("measuring purity: no golden record has two records", file=sys.stderr)
        return 2
    print(json.dumps(measure(tables), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
