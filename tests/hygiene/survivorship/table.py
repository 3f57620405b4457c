"""Small standardised tables and their merge."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from hygiene.survivorship import MergeReport, SurvivorshipRules, merge

SCHEMA: dict[str, Any] = {
    "is_deleted": pl.Boolean,
    "is_test_record": pl.Boolean,
    "is_role_email": pl.Boolean,
    "is_free_email": pl.Boolean,
    "email_opt_out": pl.Boolean,
    "do_not_call": pl.Boolean,
    "created_at": pl.Datetime("us"),
    "modified_at": pl.Datetime("us"),
    "_extracted_at": pl.Datetime("us"),
    "birth_date_std": pl.Date,
    "employee_count": pl.Int64,
    "annual_revenue": pl.Decimal(18, 2),
}


def day(number: int) -> datetime:
    return datetime(2025, 1, number)  # noqa: DTZ001  UTC without a zone by contract


def birthday(text: str) -> date:
    return date.fromisoformat(text)


class Merged:
    """The golden table and the lineage of one merge."""

    def __init__(self, folder: Path, entity: str, report: MergeReport) -> None:
        self.golden = pl.read_parquet(folder / "golden.parquet")
        self.lineage = pl.read_parquet(folder / "lineage.parquet")
        self.report = report
        self.id = f"golden_{entity}_id"

    def row(self, golden_id: str = "g") -> dict[str, Any]:
        return self.golden.filter(pl.col(self.id) == golden_id).row(0, named=True)

    def source(self, field: str, golden_id: str = "g") -> dict[str, Any]:
        return self.lineage.filter(
            (pl.col("golden_id") == golden_id) & (pl.col("field_name") == field)
        ).row(0, named=True)


def merged(
    folder: Path,
    records: list[dict[str, Any]],
    *,
    entity: str = "contact",
    rules: SurvivorshipRules | None = None,
    shuffle: bool = False,
    changes: list[tuple[str, str, datetime]] | None = None,
    overrides: Path | None = None,
    as_of: date | None = None,
) -> Merged:
    """Merge records; `key` and `golden` name the record and its golden id."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = list(reversed(records)) if shuffle else records
    names = sorted({name for row in rows for name in row} - {"key", "golden"})
    frame = pl.DataFrame(
        {
            "source_record_key": [row["key"] for row in rows],
            **{
                name: pl.Series(
                    [row.get(name) for row in rows], dtype=SCHEMA.get(name, pl.String)
                )
                for name in names
            },
        }
    )
    frame.write_parquet(folder / "standardised.parquet")
    pl.DataFrame(
        {
            "source_record_key": [row["key"] for row in rows],
            f"golden_{entity}_id": [row.get("golden", "g") for row in rows],
        }
    ).write_parquet(folder / "clusters.parquet")
    field_changes = folder / "changes.parquet"
    if changes is not None:
        pl.DataFrame(
            changes,
            schema=["source_record_key", "field_name", "changed_at"],
            orient="row",
        ).write_parquet(field_changes)
    report = merge(
        folder / "standardised.parquet",
        folder / "clusters.parquet",
        folder / "golden.parquet",
        folder / "lineage.parquet",
        entity=entity,  # type: ignore[arg-type]
        rules=rules or SurvivorshipRules(),
        field_changes=field_changes if changes is not None else None,
        overrides=overrides,
        as_of=as_of,
    )
    return Merged(folder, entity, report)
