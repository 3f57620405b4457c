"""The one table of all check results, whoever ran the check.

Each layer's results are written as they arrive, so that a run that stops still leaves
what it found; `data_quality_results` is their union.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from orchestration.home import Home

SCHEMA: dict[str, Any] = {
    "run_id": pl.String,
    "checked_at": pl.Datetime("us"),
    "layer": pl.String,
    "object": pl.String,
    "rule_id": pl.String,
    "rule_name": pl.String,
    "dimension": pl.String,
    "severity": pl.String,
    "is_blocking": pl.Boolean,
    "rows_checked": pl.Int64,
    "rows_failed": pl.Int64,
    "success": pl.Boolean,
    "engine": pl.String,
}

COLUMN_COMMENTS = {
    "run_id": "Run that checked; the same id as in the Dagster UI.",
    "checked_at": "When that run began, UTC.",
    "layer": "Where in the flow: landing, standardise, records, warehouse or published.",
    "object": "The object, table or model that was checked.",
    "rule_id": "Id of the rule; the name of the test for dbt tests without one.",
    "rule_name": "The statement that was checked.",
    "dimension": "Quality dimension: completeness, validity, uniqueness, consistency, "
    "timeliness or accuracy.",
    "severity": "error, warn or info.",
    "is_blocking": "Whether a failure stops the publication.",
    "rows_checked": "Rows that were looked at; null where the engine does not say.",
    "rows_failed": "Rows that broke the rule.",
    "success": "Whether the rule held.",
    "engine": "great_expectations, dbt or tidycrm.",
}

LAYERS = (
    "landing",
    "staging",
    "warehouse",
    "records",
    "published",
)
"""Files of results, in the order in which a run writes them."""


def kept_counts(home: Home) -> Path:
    """Folder in which the counts of validations wait for the Data Docs site."""
    return home.stages / "quality" / "counts"


def write_layer(
    home: Home,
    layer: str,
    rows: Iterable[Mapping[str, Any]],
    *,
    run_id: str,
    checked_at: datetime,
) -> Path:
    """Replace the results of one layer.

    Args:
        home: Where the results lie.
        layer: One of `LAYERS`; the file's name, not the value of the column `layer`.
        rows: Columns of `SCHEMA` without run_id and checked_at.
        run_id: The run that checked.
        checked_at: When the run began, UTC.
    """
    instant = checked_at.astimezone(UTC).replace(tzinfo=None)
    frame = pl.DataFrame(
        [{"run_id": run_id, "checked_at": instant, **row} for row in rows],
        schema=SCHEMA,
    ).sort("object", "rule_id", "rule_name")
    return _write(frame, home.stages / "quality" / f"{layer}.parquet")


def write_all(home: Home, run_ids: Collection[str]) -> pl.DataFrame:
    """Unite the layers of a run, and of those it resumes, into `data_quality_results`.

    Args:
        home: Where the results lie.
        run_ids: Runs whose results count; a layer has those of its latest run.

    Returns:
        One row per check.
    """
    parts = [
        pl.read_parquet(path)
        for layer in LAYERS
        if (path := home.stages / "quality" / f"{layer}.parquet").exists()
    ]
    empty = pl.DataFrame(schema=SCHEMA)
    frame = (
        pl.concat([empty, *parts])
        .filter(pl.col("run_id").is_in(list(run_ids)))
        .sort("layer", "object", "rule_id", "rule_name")
    )
    _write(frame, home.stage("data_quality_results"))
    return frame


def _write(frame: pl.DataFrame, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    frame.write_parquet(temporary, compression="zstd")
    temporary.replace(path)
    return path
