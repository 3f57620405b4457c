"""Records that cannot be used: set aside with a reason, kept, never dropped.

One shape for rows that could not be parsed (landing) and records without any identity
(standardise); `collect_quarantine` joins both into the published table.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from hygiene.errors import InputError
from hygiene.standardise.atomic import write_frame

_TIME: Final = pl.Datetime("us")
QUARANTINE_SCHEMA: Final[dict[str, pl.DataType]] = {
    "quarantine_id": pl.String(), "source_record_key": pl.String(),
    "source_name": pl.String(), "source_type": pl.String(), "source_object": pl.String(),
    "stage": pl.String(), "reason_code": pl.String(), "rule_id": pl.String(),
    "reason_detail": pl.String(), "source_file": pl.String(), "source_line": pl.Int64(),
    "raw_payload": pl.String(), "owner_name": pl.String(),
    "first_seen_at": _TIME, "last_seen_at": _TIME,
}  # fmt: skip
_REJECT_COLUMNS: Final = (
    "_source_name", "_source_type", "_source_object", "_source_file", "_source_line",
    "reason_code", "reason_detail", "raw_text", "_extracted_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class QuarantineReport:
    """How many records stand aside, by where they were set aside."""

    records: int
    unparsed_rows: int
    total: int


def quarantine_id(*parts: object) -> str:
    """Return the id of one quarantined thing, the same in every run.

    Args:
        parts: Stage, place (record key, or source, object, file and line) and reason.

    Returns:
        Hexadecimal sha256.

    Example:
        >>> quarantine_id("landing", "a.csv", 3, "x") == quarantine_id("landing", "a.csv", 3, "x")
        True
    """
    text = "|".join("" if part is None else str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()


def describe_payload(row: Mapping[str, Any]) -> str:
    """Return a record as JSON with sorted keys, nulls left out.

    Args:
        row: The raw columns.

    Returns:
        JSON text.

    Example:
        >>> describe_payload({"b": 1, "a": None})
        '{"b": 1}'
    """
    return json.dumps(
        {key: value for key, value in row.items() if value is not None},
        default=str,
        ensure_ascii=False,
        sort_keys=True,
    )


def build_quarantine(
    hopeless: pl.DataFrame,
    *,
    reason_code: str,
    rule_id: str,
    reason_detail: str,
    first_seen: Mapping[str, Any],
) -> pl.DataFrame:
    """Return quarantine rows for records that were set aside while standardising.

    Args:
        hopeless: Raw rows; expected to be few, because a loop builds their payload.
        reason_code: Why, for machines.
        rule_id: Which rule decided.
        reason_detail: Why, for people; never a value of the record.
        first_seen: Earlier first sightings by quarantine id.

    Returns:
        Rows in the quarantine's shape.
    """
    rows: list[dict[str, Any]] = []
    for raw in hopeless.iter_rows(named=True):
        key = quarantine_id("standardise", raw["source_record_key"], reason_code)
        seen_at = raw["_extracted_at"]
        earlier = first_seen.get(key)
        rows.append(
            {
                "quarantine_id": key,
                "source_record_key": raw["source_record_key"],
                "source_name": raw["source_name"],
                "source_type": raw["source_type"],
                "source_object": raw["source_object"],
                "stage": "standardise",
                "reason_code": reason_code,
                "rule_id": rule_id,
                "reason_detail": reason_detail,
                "source_file": raw["_source_file"],
                "source_line": raw["_source_line"],
                "raw_payload": describe_payload(raw),
                "owner_name": raw.get("owner_name"),
                "first_seen_at": min(
                    (moment for moment in (earlier, seen_at) if moment is not None),
                    default=None,
                ),
                "last_seen_at": seen_at,
            }
        )
    return pl.DataFrame(rows, schema=QUARANTINE_SCHEMA)


def read_first_seen(path: Path | None) -> dict[str, Any]:
    """Return the first sightings that an earlier quarantine file recorded.

    Args:
        path: The earlier file, if there is one.

    Returns:
        First sighting by quarantine id; empty without a readable earlier file.
    """
    if path is None or not path.is_file():
        return {}
    try:
        frame = pl.read_parquet(path, columns=["quarantine_id", "first_seen_at"])
    except (pl.exceptions.PolarsError, OSError):
        return {}
    return dict(frame.filter(pl.col("first_seen_at").is_not_null()).iter_rows())


def _read_rejects(path: Path) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(
            f"collecting quarantine: {path.parent.name}/{path.name} could not be read as "
            f"Parquet ({type(error).__name__}); land the source again"
        ) from error
    missing = [name for name in _REJECT_COLUMNS if name not in frame.columns]
    if missing:
        raise InputError(
            f"collecting quarantine: {path.parent.name}/{path.name} lacks "
            f"{', '.join(missing)}; expected the columns of landed rejects; land the "
            "source again"
        )
    ids = [
        quarantine_id("landing", *row)
        for row in frame.select(
            "_source_name", "_source_type", "_source_object", "_source_file",
            "_source_line", "reason_code",
        ).iter_rows()
    ]  # fmt: skip
    return frame.select(
        pl.Series("quarantine_id", ids, dtype=pl.String()),
        pl.lit(None, dtype=pl.String()).alias("source_record_key"),
        pl.col("_source_name").cast(pl.String()).alias("source_name"),
        pl.col("_source_type").cast(pl.String()).alias("source_type"),
        pl.col("_source_object").cast(pl.String()).alias("source_object"),
        pl.lit("landing").alias("stage"),
        pl.col("reason_code").cast(pl.String()),
        (pl.lit("landing.") + pl.col("reason_code").cast(pl.String())).alias("rule_id"),
        pl.col("reason_detail").cast(pl.String()),
        pl.col("_source_file").cast(pl.String()).alias("source_file"),
        pl.col("_source_line").cast(pl.Int64()).alias("source_line"),
        pl.col("raw_text").cast(pl.String()).alias("raw_payload"),
        pl.lit(None, dtype=pl.String()).alias("owner_name"),
        pl.col("_extracted_at").cast(_TIME).alias("first_seen_at"),
        pl.col("_extracted_at").cast(_TIME).alias("last_seen_at"),
    ).select(list(QUARANTINE_SCHEMA))


def _combine(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return one row per id: its latest payload, its first and last sighting."""
    frame = pl.concat([pl.DataFrame(schema=QUARANTINE_SCHEMA), *frames])
    latest = [
        pl.col(name).last() for name in QUARANTINE_SCHEMA
        if name not in {"quarantine_id", "first_seen_at", "last_seen_at"}
    ]  # fmt: skip
    return (
        # A total order, so that "last" is the same row in every run.
        frame.sort("quarantine_id", "last_seen_at", "raw_payload", nulls_last=False)
        .group_by("quarantine_id", maintain_order=True)
        .agg(*latest, pl.col("first_seen_at").min(), pl.col("last_seen_at").max())
        .select(list(QUARANTINE_SCHEMA))
    )


def collect_quarantine(
    standardise_parts: Sequence[Path],
    landing_rejects: Sequence[Path],
    out: Path,
    previous: Path | None,
) -> QuarantineReport:
    """Join records and unparsed rows that were set aside into `quarantined_records`.

    Args:
        standardise_parts: Quarantine files of standardising; missing ones are empty.
        landing_rejects: Every `rejected.parquet` of the landing zone.
        out: The file to replace.
        previous: The last output, for first sightings; may be the same file as `out`.

    Returns:
        Counts.

    Raises:
        InputError: A file of rejects is unreadable or lacks columns.
    """
    first_seen = read_first_seen(previous)
    records = _combine(
        pl.read_parquet(path).select(
            pl.col(name).cast(dtype) for name, dtype in QUARANTINE_SCHEMA.items()
        )
        for path in sorted(standardise_parts)
        if path.is_file()
    )
    unparsed = _combine(_read_rejects(path) for path in sorted(landing_rejects))
    frame = _combine([records, unparsed])
    if first_seen:
        earlier = pl.DataFrame(
            {"quarantine_id": first_seen.keys(), "earlier": first_seen.values()},
            schema={"quarantine_id": pl.String(), "earlier": _TIME},
        )
        frame = frame.join(
            earlier, on="quarantine_id", how="left", maintain_order="left"
        ).select(
            pl.min_horizontal("first_seen_at", "earlier").alias("first_seen_at")
            if name == "first_seen_at"
            else pl.col(name)
            for name in QUARANTINE_SCHEMA
        )
    write_frame(frame.sort("quarantine_id"), out)
    return QuarantineReport(records.height, unparsed.height, frame.height)
