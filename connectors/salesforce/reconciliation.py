"""Finds purged records: the ids that the org still has against those that are landed.

Belongs here: the comparison. It also notices records that the windows missed, so that
the object can be read in full and heals.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from connectors.landing import Landing
from connectors.salesforce.describe import FieldShape, ObjectShape
from connectors.salesforce.reference import SOURCE_TYPE

_FIELDS = ("Id", "IsDeleted", "SystemModstamp", "CreatedDate")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs.

    `gone` has the `_source_record_id` of what the org no longer has; `missed` counts
    records that the org has and the landing zone has not, or not in this state.
    """

    gone: pl.DataFrame
    missed: int


def id_fields(shape: ObjectShape) -> list[FieldShape]:
    """Give the fields that a comparison needs."""
    return [field for field in shape.fields if field.api_name in _FIELDS]


def compare_ids(
    landing: Landing,
    source_name: str,
    shape: ObjectShape,
    ids: pl.LazyFrame,
    started: datetime,
) -> Comparison:
    """Compare the ids of the org with the landed state.

    Args:
        landing: The landing zone, this run's window included.
        source_name: Name of the source.
        shape: The object.
        ids: One row per record of the org, deleted ones included (`id_fields`).
        started: Start of the run; later changes belong to the next window.
    """
    stamp = shape.stamp.lower() if shape.stamp else None
    landed = landing.current(SOURCE_TYPE, shape.landing_name, source_name)
    known = [name for name in (stamp,) if name in landed.collect_schema()]
    landed = landed.select("_source_record_id", "_is_deleted", *known)
    theirs = ids.rename({"id": "_source_record_id"})
    living = landed.filter(~pl.col("_is_deleted"))
    gone = living.join(theirs, on="_source_record_id", how="anti")
    differs = pl.col("_is_deleted").is_null()
    if "isdeleted" in shape.columns:
        differs |= pl.col("_is_deleted") != (pl.col("isdeleted") == "true")
    if known:
        differs |= pl.col(f"{stamp}_right").fill_null("") != pl.col(stamp or "")
    joined = theirs.join(landed, on="_source_record_id", how="left")
    if stamp is not None:
        edge = started.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        joined = joined.filter(pl.col(stamp) < edge)
    missed = joined.select(differs.sum()).collect().item()
    return Comparison(
        gone=gone.select("_source_record_id").sort("_source_record_id").collect(),
        missed=int(missed or 0),
    )
