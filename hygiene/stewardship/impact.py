"""What another way of matching would change: ids, customers, money, the largest moves.

What belongs here: comparing two assignments of source records to golden ids. What does
not: making them, and where money comes from.

Money hangs on source records (an order names the account record that it was booked on),
so it moves with its record when a golden record splits.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

import polars as pl

from hygiene.parquet_exchange import open_connection, register_parquet

_MOVES = """
CREATE TABLE moves AS
WITH anchored AS (
    SELECT
        old.golden AS golden_before,
        new.golden AS golden_after,
        count(*) AS records,
        coalesce(sum(money.revenue), 0) AS revenue,
        coalesce(sum(money.pipeline), 0) AS pipeline
    FROM old_clusters AS old
    INNER JOIN new_clusters AS new USING (source_record_key)
    LEFT JOIN (
        SELECT source_record_key, sum(revenue) AS revenue, sum(pipeline) AS pipeline
        FROM money GROUP BY ALL
    ) AS money USING (source_record_key)
    GROUP BY ALL
)
SELECT
    *,
    count(*) OVER (PARTITION BY golden_before) AS parts,
    count(*) OVER (PARTITION BY golden_after) AS sources
FROM anchored
"""
_LARGEST = """
SELECT
    CASE WHEN parts > 1 AND sources > 1 THEN 'moved'
        WHEN sources > 1 THEN 'merged' ELSE 'split' END AS change,
    golden_before, golden_after, records, revenue, pipeline
FROM moves WHERE golden_before <> golden_after
ORDER BY abs(revenue) + abs(pipeline) DESC, records DESC, golden_before, golden_after
LIMIT ?
"""
_TOTALS = """
SELECT
    count(*),
    count(*) FILTER (revenue > 0),
    coalesce(sum(revenue), 0)::DECIMAL(18, 2),
    coalesce(max(revenue), 0)::DECIMAL(18, 2),
    count(*) FILTER (pipeline > 0),
    coalesce(sum(pipeline), 0)::DECIMAL(18, 2)
FROM (
    SELECT {side}, sum(revenue) AS revenue, sum(pipeline) AS pipeline
    FROM moves GROUP BY {side}
)
"""


@dataclass(frozen=True, slots=True)
class Totals:
    """Golden records and the money on them.

    Attributes:
        golden_records: Golden ids with at least one source record.
        customers: Those with counted revenue.
        revenue: Counted revenue so far, reporting currency.
        largest_customer: Revenue of the largest one.
        with_pipeline: Golden records with open pipeline.
        pipeline: Open pipeline, reporting currency.
    """

    golden_records: int
    customers: int
    revenue: Decimal
    largest_customer: Decimal
    with_pipeline: int
    pipeline: Decimal

    @property
    def revenue_per_customer(self) -> Decimal:
        """Average lifetime revenue of a customer."""
        if not self.customers:
            return Decimal(0)
        return (self.revenue / self.customers).quantize(Decimal("0.01"))


@dataclass(frozen=True, slots=True)
class Move:
    """Records that would go from one golden id to another.

    Attributes:
        change: merged, split, or moved where both happen.
        golden_before: Golden id now.
        golden_after: Golden id then.
        records: Source records that move.
        revenue: Revenue that moves with them.
        pipeline: Open pipeline that moves with them.
    """

    change: str
    golden_before: str
    golden_after: str
    records: int
    revenue: Decimal
    pipeline: Decimal


@dataclass(frozen=True, slots=True)
class Impact:
    """What would change for one entity.

    Attributes:
        entity: contact or account.
        before: As it is.
        after: As it would be.
        merged: Golden ids that would redirect to another one.
        split: Golden ids that would lose records to another one and live on.
        minted: Golden ids that would be new.
        carried: Golden ids that would stay.
        records_moved: Source records whose golden id would change.
        moves: The largest moves, by money.
    """

    entity: str
    before: Totals
    after: Totals
    merged: int
    split: int
    minted: int
    carried: int
    records_moved: int
    moves: tuple[Move, ...]


def measure_impact(
    before: Path,
    after: Path,
    money: pl.DataFrame,
    *,
    entity: Literal["contact", "account"],
    top: int,
    scratch: Path,
) -> Impact:
    """Compare the clusters of now with those of a changed rule.

    Args:
        before: Parquet with the golden id of each record now.
        after: The same as it would be.
        money: source_record_key, revenue, pipeline in the reporting currency.
        entity: contact or account.
        top: Most moves to name.
        scratch: Folder for temporary files.

    Returns:
        What would change.

    Raises:
        InputError: If a file is missing or malformed.
    """
    golden = f"golden_{entity}_id"
    with open_connection(scratch) as connection:
        for name, path in (("old", before), ("new", after)):
            register_parquet(
                connection,
                f"{name}_file",
                path,
                required=["source_record_key", golden],
                task=f"Comparing {entity} clusters",
            )
            connection.execute(
                f"CREATE VIEW {name}_clusters AS SELECT "
                f"source_record_key::VARCHAR AS source_record_key, "
                f"{golden}::VARCHAR AS golden FROM {name}_file"
            )
        connection.register("money", money)
        connection.execute(_MOVES)
        totals = [
            Totals(
                *connection.execute(_TOTALS.format(side=side)).fetchall()[
                    0
                ]  # fixed names
            )
            for side in ("golden_before", "golden_after")
        ]
        counts = connection.execute(
            """
            WITH before AS (SELECT DISTINCT golden_before AS id FROM moves),
            after AS (SELECT DISTINCT golden_after AS id FROM moves)
            SELECT
                (SELECT count(*) FROM before WHERE id NOT IN (SELECT id FROM after)),
                (SELECT count(DISTINCT golden_before) FROM moves
                    WHERE parts > 1
                    AND golden_before IN (SELECT id FROM after)),
                (SELECT count(*) FROM after WHERE id NOT IN (SELECT id FROM before)),
                (SELECT count(*) FROM before WHERE id IN (SELECT id FROM after)),
                (SELECT coalesce(sum(records), 0)::BIGINT FROM moves
                    WHERE golden_before <> golden_after)
            """
        ).fetchall()[0]
        moves = tuple(
            Move(
                change,
                one,
                other,
                int(records),
                Decimal(str(revenue)).quantize(Decimal("0.01")),
                Decimal(str(pipeline)).quantize(Decimal("0.01")),
            )
            for change, one, other, records, revenue, pipeline in connection.execute(
                _LARGEST, [top]
            ).fetchall()
        )
    merged, split, minted, carried, moved = (int(value) for value in counts)
    return Impact(
        entity,
        totals[0],
        totals[1],
        merged=merged,
        split=split,
        minted=minted,
        carried=carried,
        records_moved=moved,
        moves=moves,
    )
