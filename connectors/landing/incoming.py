"""A batch as it enters: checked, typed, and streamed into one Parquet file.

Belongs here: what the landing zone demands of a connector's frame. No comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from connectors.errors import LandingError
from connectors.landing.model import ColumnInfo, Frame, SnapshotBatch
from connectors.landing.schema import (
    OPTIONAL_INPUT,
    REJECTED_INPUT,
    REQUIRED_INPUT,
    check_data_columns,
)
from connectors.landing.type_hints import SAMPLE_ROWS, infer_type_hints

# Readers hold whole row groups: small ones keep wide objects out of memory.
ROW_GROUP = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One batch on disk: rows in `path`, numbered by `_load_seq` from 1."""

    path: Path
    rows: int
    columns: tuple[str, ...]
    column_infos: tuple[ColumnInfo, ...]
    rejected: pl.DataFrame
    suppressed: int = 0
    """Rows left out because they are about people who were erased."""


def write_incoming(batch: SnapshotBatch, path: Path) -> Incoming:
    """Check a batch and stream its rows to `path`; the empty string becomes null."""
    frame = _as_lazy(batch.frame)
    schema = frame.collect_schema()
    where = f"{batch.object} of source {batch.source_name!r}"
    if REQUIRED_INPUT not in schema:
        raise LandingError(f"landing {where}: the frame lacks column {REQUIRED_INPUT}")
    known = {REQUIRED_INPUT, *OPTIONAL_INPUT}
    columns = check_data_columns(name for name in schema if name not in known)
    wrong = {
        name: str(schema[name])
        for name in columns
        if schema[name] not in (pl.String(), pl.Null())
    }
    if wrong:
        raise LandingError(
            f"landing {where}: data columns must be text, found {wrong}; cast them as "
            "they were received"
        )
    unknown = sorted(set(batch.order_by) - set(columns))
    if unknown:
        raise LandingError(f"landing {where}: order_by names no column: {unknown}")
    prepared = frame.select(
        *(_empty_to_null(name) for name in columns),
        _empty_to_null(REQUIRED_INPUT),
        *(
            _metadata(name, dtype, name in schema)
            for name, dtype in OPTIONAL_INPUT.items()
        ),
    ).with_row_index("_load_seq", offset=1)
    prepared.with_columns(pl.col("_load_seq").cast(pl.Int64)).sink_parquet(
        path, compression="lz4", row_group_size=ROW_GROUP
    )
    _check_ids(path, where)
    sample = _sample(path, columns)
    hints = infer_type_hints(sample)
    infos = tuple(
        ColumnInfo(
            name=name,
            source_header=batch.header_names.get(name, name),
            type_hint=batch.type_hints.get(name, hints[name]),
        )
        for name in columns
    )
    return Incoming(
        path=path,
        rows=_height(path),
        columns=tuple(columns),
        column_infos=infos,
        rejected=_prepare_rejected(batch.rejected),
    )


def write_gone(batch: SnapshotBatch, path: Path) -> Path | None:
    """Write the ids that a delta knows to be gone; None when it names none."""
    if batch.gone is None:
        return None
    batch.gone.lazy().select(pl.col(REQUIRED_INPUT).cast(pl.String)).sink_parquet(path)
    return path


def _as_lazy(frame: Frame) -> pl.LazyFrame:
    if isinstance(frame, pl.LazyFrame):
        return frame
    if isinstance(frame, pl.DataFrame):
        return frame.lazy()
    paths: Sequence[Path] = frame
    if not paths:
        raise LandingError("a batch was handed over as an empty list of files")
    return pl.concat([pl.scan_parquet(path) for path in paths], how="diagonal")


def _empty_to_null(name: str) -> pl.Expr:
    column = pl.col(name).cast(pl.String)
    return pl.when(column != "").then(column).alias(name)


def _metadata(name: str, dtype: pl.DataType, is_given: bool) -> pl.Expr:
    if not is_given:
        value = False if name == "_is_deleted" else None
        return pl.lit(value, dtype=dtype).alias(name)
    column = pl.col(name).cast(dtype)
    return column.fill_null(False) if name == "_is_deleted" else column


def _check_ids(path: Path, where: str) -> None:
    missing = (
        pl.scan_parquet(path)
        .select(pl.col(REQUIRED_INPUT).null_count())
        .collect()
        .item()
    )
    if missing:
        raise LandingError(
            f"landing {where}: {missing} rows have no {REQUIRED_INPUT}; reject them with "
            "a reason instead"
        )


def _height(path: Path) -> int:
    height: int = pl.scan_parquet(path).select(pl.len()).collect().item()
    return height


def _sample(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    """Take every n-th row: evenly spread and the same in every run."""
    step = max(1, -(-_height(path) // SAMPLE_ROWS))
    picked = pl.scan_parquet(path).filter(pl.col("_load_seq") % step == 0)
    if step == 1:
        picked = pl.scan_parquet(path)
    return picked.select(columns).collect()


def _prepare_rejected(rejected: pl.DataFrame | None) -> pl.DataFrame:
    if rejected is None:
        return pl.DataFrame(schema=REJECTED_INPUT)
    missing = sorted({"reason_code", "raw_text"} - set(rejected.columns))
    if missing:
        raise LandingError(f"rejected rows lack columns {missing}")
    return rejected.select(
        (
            pl.col(name).cast(dtype)
            if name in rejected.columns
            else pl.lit(None, dtype=dtype).alias(name)
        )
        for name, dtype in REJECTED_INPUT.items()
    )
