"""What earlier publications looked like: records per object, and scores.

State that cannot be rebuilt, because a source does not tell what it held last week. Each
publication appends one small file, so that a kill never damages what is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from hygiene.quality import Volume
from orchestration.home import Home

_KEPT = 400
"""Publications that are remembered: more than a year of daily syncs."""


def history_folder(home: Home, kind: str) -> Path:
    """Folder of the remembered frames of one kind: `volumes` or `scores`."""
    return home.state / "quality_history" / kind


def remember(
    home: Home, kind: str, frame: pl.DataFrame, *, run_id: str, instant: datetime
) -> None:
    """Keep a small frame of one publication; the same run replaces its own."""
    folder = history_folder(home, kind)
    folder.mkdir(parents=True, exist_ok=True)
    moment = instant.astimezone(UTC).replace(tzinfo=None)
    name = f"{moment:%Y%m%dT%H%M%S%f}-{run_id}.parquet"
    temporary = folder / f".{name}.tmp"
    frame.with_columns(
        pl.lit(run_id).alias("run_id"),
        pl.lit(moment, dtype=pl.Datetime("us")).alias("checked_at"),
    ).write_parquet(temporary, compression="zstd")
    temporary.replace(folder / name)
    for outdated in sorted(folder.glob("*.parquet"))[:-_KEPT]:
        outdated.unlink()


def recall(home: Home, kind: str) -> pl.DataFrame:
    """Read every remembered frame of one kind, oldest first; empty if there is none."""
    files = sorted(history_folder(home, kind).glob("*.parquet"))
    if not files:
        return pl.DataFrame()
    return pl.concat([pl.read_parquet(path) for path in files], how="diagonal_relaxed")


def read_volumes(home: Home) -> dict[str, list[int]]:
    """Records at each publication by `<source>/<object>`, oldest first."""
    past: dict[str, list[int]] = {}
    frame = recall(home, "volumes")
    if frame.is_empty():
        return past
    for name, records in (
        frame.sort("checked_at", "run_id").select("name", "records").iter_rows()
    ):
        past.setdefault(name, []).append(records)
    return past


def volumes_file(home: Home) -> Path:
    """Records per object of every source, as the last run found them."""
    return home.stages / "quality" / "volumes.parquet"


def keep_volumes(home: Home, volumes: Sequence[Volume]) -> None:
    """Keep what the landing checks counted, for the report and the history."""
    frame = pl.DataFrame(
        [(volume.name, volume.records) for volume in volumes],
        schema={"name": pl.String(), "records": pl.Int64()},
        orient="row",
    )
    path = volumes_file(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    frame.write_parquet(temporary)
    temporary.replace(path)


def current_volumes(home: Home) -> pl.DataFrame:
    """Read what the landing checks of this run counted."""
    return pl.read_parquet(volumes_file(home))
