"""The truth: which record is which person, company and deal, and what was dirtied.

Belongs here: the truth files, written chunk by chunk. The pipeline never reads them;
benchmarks do. Keys are `<source>:<object>:<source_record_id>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.synthetic.columns import blank, texts
from connectors.synthetic.dirt import Column, Kind, kind_text
from connectors.synthetic.money import plain_amount
from connectors.synthetic.rng import BoolArray, IntArray
from connectors.synthetic.world import DAY, Chunk

SCHEMAS: Mapping[str, list[tuple[str, pa.DataType]]] = {
    "truth_contacts": [("source_record_key", pa.string()), ("person_id", pa.string())],
    "truth_accounts": [("source_record_key", pa.string()), ("company_id", pa.string())],
    "truth_employers": [
        ("source_record_key", pa.string()),
        ("company_id", pa.string()),
    ],
    "truth_deals": [("source_record_key", pa.string()), ("deal_id", pa.string())],
    "truth_values": [
        ("source_record_key", pa.string()),
        ("field", pa.string()),
        ("clean_value", pa.string()),
        ("dirty_value", pa.string()),
        ("dirt_kind", pa.string()),
    ],
    "truth_test_records": [("source_record_key", pa.string())],
    "truth_revenue": [
        ("stream", pa.string()),
        ("entity_type", pa.string()),
        ("entity_id", pa.string()),
        ("currency", pa.string()),
        ("net_amount", pa.decimal128(18, 2)),
        ("record_count", pa.int64()),
    ],
    "truth_people": [
        ("person_id", pa.string()),
        ("company_id", pa.string()),
        ("previous_company_id", pa.string()),
        ("job_changed_on", pa.date32()),
    ],
    "truth_companies": [
        ("company_id", pa.string()),
        ("name", pa.string()),
        ("domain", pa.string()),
        ("parent_company_id", pa.string()),
    ],
}
_BUYER_KEYS = """
select
    case when nullif(trim(email), '') is not null then md5(lower(trim(email)))
         when nullif(trim(full_name), '') is not null
         then md5(lower(trim(full_name)) || '|' || lower(trim(coalesce(company, ''))))
    end as buyer,
    case when nullif(trim(company), '') is not null
         then md5(lower(trim(company)) || '|' || lower(trim(coalesce(domain, ''))))
    end as buyer_company
from mentions
order by place
"""


def company_labels(firm: pl.Series, prefix: str = "c") -> pl.Series:
    """Return the ids under which the truth knows companies."""
    return prefix + firm.cast(pl.String).str.zfill(8)


def person_labels(person: IntArray) -> pl.Series:
    """Return the ids under which the truth knows people."""
    return "p" + pl.Series(person).cast(pl.String).str.zfill(8)


def implied_keys(
    email: pl.Series, full_name: pl.Series, company: pl.Series, domain: pl.Series
) -> tuple[pl.Series, pl.Series]:
    """Return the ids of the buyers and buyer companies that order lines imply.

    DuckDB computes them, because its `lower` and `trim` are the ones that the
    warehouse uses.
    """
    mentions = pl.DataFrame(
        {"email": email, "full_name": full_name, "company": company, "domain": domain}
    ).with_row_index("place")
    with duckdb.connect() as connection:
        connection.register("mentions", mentions.to_arrow())
        keys = connection.sql(_BUYER_KEYS).pl()
    return keys["buyer"], keys["buyer_company"]


@dataclass(slots=True)
class TruthLog:
    """Writes the truth files; implied records are settled when it is closed."""

    folder: Path
    rows: dict[str, int] = field(default_factory=dict)
    _writers: dict[str, Any] = field(default_factory=dict)
    _implied: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    mixed_implied: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, /, **columns: pl.Series) -> None:
        """Append rows to one truth file."""
        schema = pa.schema(SCHEMAS[name])
        frame = pl.DataFrame(columns)
        table = frame.to_arrow().cast(schema)
        if name not in self._writers:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._writers[name] = pq.ParquetWriter(
                self.folder / f"{name}.parquet", schema, compression="zstd"
            )
        self._writers[name].write_table(table)
        self.rows[name] = self.rows.get(name, 0) + len(frame)

    def add_people(self, chunk: Chunk) -> None:
        """Write the chunk's people with their jobs, and its companies."""
        people, companies = chunk.people, chunk.world.companies
        size = len(people)
        changed = people.previous >= 0
        days = chunk.world.clock.end // DAY - people.changed_days_ago
        on = pl.Series(days.astype(np.int32)).cast(pl.Date)
        none = pl.Series([None], dtype=pl.Date)
        self.add(
            "truth_people",
            person_id=person_labels(np.arange(size) + chunk.first_person),
            company_id=blank(
                company_labels(pl.Series(people.company)), people.company < 0
            ),
            previous_company_id=blank(
                company_labels(pl.Series(people.previous)), ~changed
            ),
            job_changed_on=on.zip_with(pl.Series(changed), none),
        )
        firms = chunk.firms()
        parent = companies.parent[firms]
        at = pl.Series(firms)
        self.add(
            "truth_companies",
            company_id=company_labels(at),
            name=companies.name.gather(at),
            domain=companies.domain.gather(at),
            parent_company_id=blank(company_labels(pl.Series(parent)), parent < 0),
        )

    def add_values(
        self,
        keys: pl.Series,
        columns: Mapping[str, Column],
        mask: BoolArray | None = None,
    ) -> None:
        """Note every cell that differs from the truth, except merely missing ones."""
        parts: list[pl.DataFrame] = []
        for name, column in columns.items():
            dirty = (column.bits != 0) & (column.bits != int(Kind.MISSING))
            dirty &= column.value.ne_missing(column.clean).to_numpy()
            if mask is not None:
                dirty &= mask
            rows = np.flatnonzero(dirty)
            if not len(rows):
                continue
            at = pl.Series(rows)
            found, inverse = np.unique(column.bits[rows], return_inverse=True)
            kinds = texts([kind_text(int(bits)) for bits in found])
            parts.append(
                pl.DataFrame(
                    {
                        "source_record_key": keys.gather(at),
                        "field": texts([name]).new_from_index(0, len(rows)),
                        "clean_value": column.clean.gather(at),
                        "dirty_value": column.value.gather(at),
                        "dirt_kind": kinds.gather(pl.Series(inverse)),
                    }
                )
            )
        if parts:
            self.add("truth_values", **pl.concat(parts).to_dict())

    def add_implied(self, name: str, keys: pl.Series, labels: pl.Series) -> None:
        """Remember which entity stands behind an implied record."""
        frame = pl.DataFrame({"key": keys, "label": labels}).drop_nulls()
        self._implied.setdefault(name, []).append(
            frame.unique(maintain_order=True, keep="first")
        )

    def close(self) -> None:
        """Settle implied records and finish every file.

        A key that stands for several entities (two companies of one name without a
        domain) belongs to the first; how many such keys exist is kept for the ceiling.
        """
        for name, target, column in (
            ("buyers", "truth_contacts", "person_id"),
            ("buyer_companies", "truth_accounts", "company_id"),
        ):
            frames = self._implied.get(name, [])
            if not frames:
                continue
            pairs = pl.concat(frames).unique(maintain_order=True, keep="first")
            single = pairs.unique("key", maintain_order=True, keep="first")
            self.mixed_implied[name] = len(pairs) - len(single)
            self.add(
                target,
                source_record_key=f"shop:{name}:" + single["key"],
                **{column: single["label"]},
            )
        for name in SCHEMAS:
            if name not in self._writers:
                self.add(
                    name,
                    **{
                        column: pl.Series([], dtype=pl.String)
                        for column, _ in SCHEMAS[name]
                    },
                )
        for writer in self._writers.values():
            writer.close()


def note_revenue(
    truth: TruthLog, stream: str, payer: pl.Series, currency: pl.Series, net: IntArray
) -> None:
    """Add up the expected revenue per true customer and currency."""
    sums = (
        pl.DataFrame({"payer": payer, "currency": currency, "net": net})
        .group_by("payer", "currency")
        .agg(pl.col("net").sum(), pl.len().alias("rows"))
        .sort("payer", "currency")
    )
    size = len(sums)
    company = sums["payer"].str.starts_with("c")
    kind = texts(["person", "company"]).gather(company.cast(pl.Int64))
    truth.add(
        "truth_revenue",
        stream=texts([stream]).new_from_index(0, size),
        entity_type=kind,
        entity_id=sums["payer"],
        currency=sums["currency"],
        net_amount=plain_amount(sums["net"].to_numpy()).cast(pl.Decimal(18, 2)),
        record_count=sums["rows"].cast(pl.Int64),
    )
