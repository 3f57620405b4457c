"""Rejected rows beside the landed ones: nothing that was read gets lost.

Belongs here: which rejects are news, and their file. A reject is known when the same
text at the same line of the same file was rejected for the same reason before.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl

from connectors.landing.model import SnapshotBatch
from connectors.landing.schema import REJECTED_SCHEMA

REJECTED_NAME = "rejected.parquet"
_IDENTITY = ["_source_file", "_source_line", "reason_code", "raw_text"]


def keep_new_rejects(rejected: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Drop rejects that were landed before; keep the order of the rest."""
    fresh = rejected.unique(subset=_IDENTITY, keep="first", maintain_order=True)
    if known.is_empty():
        return fresh
    return fresh.join(
        known.select(_IDENTITY),
        on=_IDENTITY,
        how="anti",
        nulls_equal=True,
        maintain_order="left",
    )


def write_rejected(
    rejected: pl.DataFrame,
    path: Path,
    batch: SnapshotBatch,
    load_id: str,
    extracted_at: datetime,
) -> None:
    """Write rejects with the identity of their load."""
    moment = extracted_at.replace(tzinfo=None)
    complete = rejected.with_columns(
        pl.lit(batch.source_name).alias("_source_name"),
        pl.lit(batch.source_type).alias("_source_type"),
        pl.lit(batch.object).alias("_source_object"),
        pl.lit(load_id).alias("_load_id"),
        pl.lit(moment, dtype=pl.Datetime("us")).alias("_extracted_at"),
    )
    complete.select(list(REJECTED_SCHEMA)).write_parquet(path)
