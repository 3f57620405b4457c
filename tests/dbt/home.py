"""Build small data folders for the dbt project: landing files as connectors write them.

Belongs here: writing landing Parquet, stage Parquet and exchange rates for tests. Does
not belong here: any expectation about what dbt makes of them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import yaml

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
SOURCE_TYPES = ("salesforce", "hubspot", "spreadsheet")

Row = dict[str, object]
Order = Callable[[Sequence[Row]], Sequence[Row]]

METADATA: Mapping[str, pl.DataType] = {
    "_source_name": pl.String(),
    "_source_record_id": pl.String(),
    "_load_id": pl.String(),
    "_extracted_at": pl.Datetime("us"),
    "_row_hash": pl.String(),
    "_is_deleted": pl.Boolean(),
    "_delete_kind": pl.String(),
    "_merged_into": pl.String(),
    "_source_file": pl.String(),
    "_source_line": pl.Int64(),
    "_load_seq": pl.Int64(),
}

ID_COLUMN = {"salesforce": "id", "hubspot": "hs_object_id", "spreadsheet": "id"}


def declared_columns() -> dict[tuple[str, str], list[str]]:
    """Data columns of every landed object, as the project declares them.

    Objects that no base model reads declare them on their source.
    """
    declared: dict[tuple[str, str], list[str]] = {}
    for source_type in SOURCE_TYPES:
        folder = PROJECT / "models" / "base" / source_type
        sources = yaml.safe_load((folder / f"_{source_type}__sources.yml").read_text())
        tables = sources["sources"][0]["tables"]
        models = yaml.safe_load(
            (folder / f"_{source_type}__base_models.yml").read_text()
        )
        based = [table for table in tables if "columns" not in table]
        plain = [table for table in tables if "columns" in table]
        for table, described in [
            *zip(based, models["models"], strict=True),
            *zip(plain, plain, strict=True),
        ]:
            names = [column["name"] for column in described["columns"]]
            declared[source_type, table["name"]] = [
                n for n in names if n not in METADATA
            ]
    return declared


@dataclass
class Home:
    """A data folder under construction."""

    path: Path
    columns: dict[tuple[str, str], list[str]] = field(default_factory=declared_columns)

    def __post_init__(self) -> None:
        """Write the zero-row contract file of every object and an empty rate table.

        A folder that was filled before is only opened.
        """
        if (self.path / "landing").exists():
            return
        for (source_type, table), columns in self.columns.items():
            self._write(source_type, table, "_contract", "_contract", columns, [])
        (self.path / "stages").mkdir(parents=True, exist_ok=True)
        (self.path / "state" / "history").mkdir(parents=True, exist_ok=True)
        self.fx_rates([])

    def land(
        self,
        source_type: str,
        table: str,
        rows: Sequence[Mapping[str, object]],
        *,
        source: str | None = None,
        load: str = "20260101T000000000000Z-00000001",
    ) -> None:
        """Write one load. Keys starting with `_` set metadata, the others data columns."""
        source = source or {"spreadsheet": "shop"}.get(source_type, source_type)
        id_column = ID_COLUMN[source_type]
        complete = []
        for sequence, row in enumerate(rows):
            values = {
                k: None if v is None else str(v) for k, v in row.items() if k[0] != "_"
            }
            content = "|".join(f"{k}={v}" for k, v in sorted(values.items()))
            deleted = str(row.get("isdeleted", "")).lower() in {"true", "1"}
            key = "_source_record_id"
            metadata: dict[str, object] = {
                "_source_name": source,
                key: row[key] if key in row else str(row[id_column]),
                "_load_id": load,
                "_extracted_at": dt.datetime(2026, 1, 1),  # noqa: DTZ001 - UTC-naive
                "_row_hash": hashlib.sha256(content.encode()).hexdigest(),
                "_is_deleted": deleted,
                "_delete_kind": "soft" if deleted else None,
                "_merged_into": None,
                "_source_file": f"{table}.csv",
                "_source_line": sequence + 2,
                "_load_seq": sequence,
            }
            metadata |= {k: v for k, v in row.items() if k[0] == "_"}
            complete.append(values | metadata)
        names = dict.fromkeys(name for row in rows for name in row if name[0] != "_")
        self._write(source_type, table, source, load, list(names), complete)

    def _write(
        self,
        source_type: str,
        table: str,
        source: str,
        load: str,
        columns: Sequence[str],
        rows: Sequence[Mapping[str, object]],
    ) -> None:
        folder = (
            self.path
            / "landing"
            / source_type
            / table
            / f"source={source}"
            / f"load={load}"
        )
        folder.mkdir(parents=True, exist_ok=True)
        schema = dict.fromkeys(columns, pl.String()) | dict(METADATA)
        pl.DataFrame(list(rows), schema=schema).write_parquet(folder / "part-0.parquet")

    def stage(self, name: str, frame: pl.DataFrame) -> None:
        """Write one table of stages/."""
        frame.write_parquet(self.path / "stages" / f"{name}.parquet")

    def read_stage(self, name: str) -> pl.DataFrame:
        """Read one table of stages/."""
        return pl.read_parquet(self.path / "stages" / f"{name}.parquet")

    def fx_rates(self, rates: Sequence[tuple[str, str, str]]) -> None:
        """Write exchange rates as (currency, day, rate to the reporting currency)."""
        frame = pl.DataFrame(
            [(c, dt.date.fromisoformat(d), r) for c, d, r in rates],
            schema={
                "currency": pl.String,
                "rate_date": pl.Date,
                "rate_to_reporting": pl.String,
            },
            orient="row",
        )
        self.stage(
            "fx_rates",
            frame.with_columns(pl.col("rate_to_reporting").cast(pl.Decimal(18, 8))),
        )
