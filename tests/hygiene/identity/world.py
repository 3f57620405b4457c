"""A small world of records in groups, stepped through `identify` with real files."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl

from hygiene.identity import IdentityReport, identify

START = datetime(2026, 1, 1)  # noqa: DTZ001  UTC without a zone, as in the ledger

Groups = Mapping[str, int]
"""Record key -> number of the group it belongs to now."""

Span = tuple[str, datetime, datetime | None]
"""Golden id, and from when to when a record had it."""


class World:
    """Runs `identify` for changing groups of records and remembers every result."""

    def __init__(self, folder: Path, entity: str = "contact") -> None:
        self.folder = folder
        self.entity = entity
        self.steps = 0
        self.created: dict[str, datetime] = {}
        self.last: IdentityReport | None = None

    def instant(self, step: int) -> datetime:
        """When a step takes place, unless it is told otherwise."""
        return START + timedelta(days=step)

    def created_at(self, key: str) -> datetime:
        """Records are created in the order in which they first appear."""
        if key not in self.created:
            self.created[key] = START + timedelta(minutes=len(self.created))
        return self.created[key]

    def run(
        self,
        groups: Groups,
        *,
        shuffle: int | None = None,
        ledger: str = "ledger",
        occurred_at: datetime | None = None,
    ) -> dict[str, str]:
        """Identify the records and return the golden id of each."""
        self.steps += 1
        keys = list(groups)
        for key in keys:
            self.created_at(key)
        members: dict[int, list[str]] = {}
        for key in keys:
            members.setdefault(groups[key], []).append(key)
        edges = [
            (min(pair), max(pair), "auto_match")
            for group in members.values()
            for pair in pairwise(group)
        ]
        if shuffle is not None:
            random.Random(shuffle).shuffle(keys)
            random.Random(shuffle).shuffle(edges)
        inputs = self.folder / "in"
        inputs.mkdir(parents=True, exist_ok=True)
        pl.DataFrame(
            {
                "source_record_key": keys,
                "created_at": [self.created_at(key) for key in keys],
            },
            schema={"source_record_key": pl.String, "created_at": pl.Datetime("us")},
        ).write_parquet(inputs / "standardised.parquet")
        pl.DataFrame(
            edges,
            schema={
                "source_record_key_l": pl.String,
                "source_record_key_r": pl.String,
                "decision": pl.String,
            },
            orient="row",
        ).write_parquet(inputs / "edges.parquet")
        self.last = identify(
            inputs / "standardised.parquet",
            inputs / "edges.parquet",
            self.folder / ledger,
            self.folder / "clusters.parquet",
            self.folder / "events.parquet",
            self.folder / "redirects.parquet",
            entity=self.entity,  # type: ignore[arg-type]
            run_id=f"run-{self.steps}",
            occurred_at=occurred_at or self.instant(self.steps),
            runs_out=self.folder / "runs.parquet",
            ended_out=self.folder / "ended.parquet",
        )
        clusters = pl.read_parquet(self.folder / "clusters.parquet")
        return dict(
            zip(
                clusters["source_record_key"],
                clusters[f"golden_{self.entity}_id"],
                strict=True,
            )
        )

    def events(self) -> pl.DataFrame:
        return pl.read_parquet(self.folder / "events.parquet")

    def redirects(self) -> dict[str, str]:
        frame = pl.read_parquet(self.folder / "redirects.parquet")
        return dict(zip(frame["old_id"], frame["new_id"], strict=True))

    def spans(self) -> dict[str, list[Span]]:
        """Every time of each record with an id, in order; the current one has no end."""
        clusters = pl.read_parquet(self.folder / "clusters.parquet").select(
            "source_record_key",
            pl.col(f"golden_{self.entity}_id").alias("golden_id"),
            pl.col("assigned_at").alias("valid_from"),
            pl.lit(None, pl.Datetime("us")).alias("valid_to"),
        )
        ended = pl.read_parquet(self.folder / "ended.parquet").drop("entity_type")
        spans: dict[str, list[Span]] = {}
        for key, *span in pl.concat([clusters, ended]).sort("valid_from").iter_rows():
            spans.setdefault(key, []).append(tuple(span))
        return spans

    def runs(self) -> pl.DataFrame:
        return pl.read_parquet(self.folder / "runs.parquet")
