"""The step `merge`: clusters in, golden records and the lineage of every field out.

What belongs here: the order of the steps and the counts. What does not: the catalogue
of fields, the rules, and applying them (`members.py`, `winners.py`,
`set_by_hand.py`, `golden.py`, `lineage.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import duckdb
import polars as pl

from hygiene.parquet_exchange import open_connection, quote_literal
from hygiene.standardise.atomic import open_appender
from hygiene.survivorship.golden import golden_frame, surviving_values
from hygiene.survivorship.lineage import lineage_tables
from hygiene.survivorship.members import load_members, register_inputs
from hygiene.survivorship.overrides import load_book
from hygiene.survivorship.parts import Part, read_parts
from hygiene.survivorship.rules import SurvivorshipRules
from hygiene.survivorship.set_by_hand import (
    OverrideCount,
    apply_overrides,
    count_overrides,
    valid_overrides,
)
from hygiene.survivorship.winners import (
    OVERRIDE,
    Survivors,
    choose_survivors,
    rule_names,
)

logger = logging.getLogger(__name__)

_GOLDEN_PER_PART = 150_000
"""Golden records in a part; what survived of two parts is in memory at once."""
_GOLDEN_AT_ONCE = 1_200_000
"""Golden records whose source records are read at once, about two gigabytes."""


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What one call of `merge` did.

    Attributes:
        entity: contact or account.
        source_records: Records that were merged.
        golden_records: Golden records, one per golden id.
        merged_records: Golden records that come from at least two records.
        lineage_rows: Surviving values.
        conflicts: Fields with at least two different candidates, by field name.
        overrides: Values set by hand.
    """

    entity: str
    source_records: int
    golden_records: int
    merged_records: int
    lineage_rows: int
    conflicts: Mapping[str, int]
    overrides: OverrideCount


def merge(
    standardised: Path,
    clusters: Path,
    out_golden: Path,
    out_lineage: Path,
    *,
    entity: Literal["contact", "account"],
    rules: SurvivorshipRules,
    field_changes: Path | None = None,
    overrides: Path | None = None,
    as_of: date | None = None,
) -> MergeReport:
    """Merge every cluster into one golden record by the rules.

    Args:
        standardised: Parquet of standardised records, one row per source record.
        clusters: Parquet with the golden id of each source record.
        out_golden: Parquet to replace: one row per golden id.
        out_lineage: Parquet to replace: one row per golden id and field with a value.
        entity: contact or account.
        rules: Which value survives.
        field_changes: Parquet with source_record_key, field_name (a field or group) and
            changed_at, where a system tells when a field changed; optional.
        overrides: CSV of values set by hand; optional.
        as_of: Day for which overrides have to be valid; without it none expires.

    Returns:
        Counts.

    Raises:
        InputError: If a file is missing or malformed.
        ConservationError: If records and clusters do not cover each other.
        ConfigurationError: If a rule in SQL or an override does not fit.
    """
    with open_connection(out_golden.parent) as connection:
        columns = register_inputs(connection, standardised, clusters, entity)
        load_book(connection, overrides, entity)
        load_members(
            connection,
            columns,
            entity,
            rules,
            field_changes=field_changes,
            previous=out_lineage,
        )
        by_hand = valid_overrides(connection, entity, as_of)
        golden_records, lineage_rows, conflicting = _write(
            connection, entity, rules, by_hand, out_golden, out_lineage
        )
        set_by_hand = count_overrides(
            connection, entity, as_of, applied=len(by_hand), conflicts=conflicting
        )
        counts = connection.execute(
            "SELECT coalesce(sum(n), 0), count(*) FILTER (n > 1) FROM (SELECT count(*) "
            "AS n FROM numbered GROUP BY golden_number)"
        ).fetchone()
        conflicts = connection.execute(
            "SELECT field_name, count(*) FROM "
            f"read_parquet({quote_literal(str(out_lineage))}) WHERE candidate_count > 1 "
            "GROUP BY field_name ORDER BY field_name"
        ).fetchall()
    records, merged = counts if counts else (0, 0)
    logger.info(
        "merged entity=%s records=%d golden=%d", entity, records, golden_records
    )
    return MergeReport(
        entity=entity,
        source_records=int(records),
        golden_records=golden_records,
        merged_records=int(merged),
        lineage_rows=lineage_rows,
        conflicts={str(name): int(count) for name, count in conflicts},
        overrides=set_by_hand,
    )


def _write(  # noqa: PLR0917  what is merged, by what, and into which files
    connection: duckdb.DuckDBPyConnection,
    entity: str,
    rules: SurvivorshipRules,
    by_hand: pl.DataFrame,
    out_golden: Path,
    out_lineage: Path,
) -> tuple[int, int, int]:
    """Write both tables; return golden records, rows of the lineage and conflicts."""
    names = rule_names(entity, rules)
    override = names.index(OVERRIDE)
    records = rows = conflicts = 0

    def lay_out(
        part: Part, survivors: dict[str, Survivors], values: dict[str, pl.Series]
    ) -> int:
        rows = 0
        for table in lineage_tables(entity, part, survivors, values, names):
            to_lineage.append(table)
            rows += table.num_rows
        return rows

    # The lineage of one part is laid out while the next one is merged.
    with (
        open_appender(out_golden) as to_golden,
        open_appender(out_lineage) as to_lineage,
        ThreadPoolExecutor(max_workers=1) as worker,
    ):
        pending: Future[int] | None = None
        for part in read_parts(
            connection,
            entity,
            rules,
            size=_GOLDEN_PER_PART,
            at_once=_GOLDEN_AT_ONCE,
        ):
            records += part.size
            survivors = choose_survivors(part, entity, rules)
            conflicts += apply_overrides(by_hand, part, survivors, override)
            values = {name: surviving_values(item) for name, item in survivors.items()}
            to_golden.append(
                golden_frame(connection, entity, part, survivors, values, override)
            )
            rows += pending.result() if pending is not None else 0
            pending = worker.submit(lay_out, part, survivors, values)
        rows += pending.result() if pending is not None else 0
    return records, rows, conflicts
