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
from tempfile import TemporaryDirectory
from typing import Literal

import duckdb
import polars as pl

from hygiene.parquet_exchange import open_connection, quote_literal
from hygiene.standardise.atomic import open_appender
from hygiene.survivorship.golden import golden_frame, surviving_values
from hygiene.survivorship.lineage import lineage_tables
from hygiene.survivorship.members import load_members, register_inputs
from hygiene.survivorship.overrides import load_book
from hygiene.survivorship.parts import Part, load_part
from hygiene.survivorship.reuse import (
    Reuse,
    Tables,
    combine,
    find_changed,
    keep_marks,
)
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
"""Golden records in a part; two parts, about two gigabytes, are in memory at once."""


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
        merged_now: Golden records that were merged in this call; the others were kept.
        reason: Why these.
    """

    entity: str
    source_records: int
    golden_records: int
    merged_records: int
    lineage_rows: int
    conflicts: Mapping[str, int]
    overrides: OverrideCount
    merged_now: int = 0
    reason: str = ""


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
    state_dir: Path | None = None,
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
        state_dir: Folder in which a run keeps what each golden record was made of, so
            that the next one merges only what has changed; none: everything is merged.
            The rows are the same either way.

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
        tables = Tables(
            entity, out_golden, out_lineage, rules, columns, field_changes, as_of
        )
        reuse = (
            find_changed(connection, tables, state_dir)
            if state_dir is not None
            else Reuse(False, "Every golden record was merged: no marks are kept.")
        )
        _choose_clusters(connection, entity, reuse)
        load_members(
            connection,
            columns,
            entity,
            rules,
            field_changes=field_changes,
            previous=out_lineage,
        )
        merged_now, golden_records, lineage_rows, set_by_hand = _write(
            connection, tables, reuse
        )
        if state_dir is not None:
            keep_marks(connection, tables, reuse, state_dir)
        counts = connection.execute(
            "SELECT coalesce(sum(n), 0), count(*) FILTER (n > 1) FROM (SELECT count(*) "
            f"AS n FROM every_cluster GROUP BY golden_{entity}_id)"
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
        merged_now=merged_now,
        reason=reuse.reason,
    )


def _choose_clusters(
    connection: duckdb.DuckDBPyConnection, entity: str, reuse: Reuse
) -> None:
    """Create `clusters`: the part of `every_cluster` that has to be merged now."""
    some = (
        f" SEMI JOIN changed ON golden_{entity}_id = changed.golden_id"
        if reuse.is_partial
        else ""
    )
    connection.execute(f"CREATE TEMP VIEW clusters AS FROM every_cluster{some}")


def _write(
    connection: duckdb.DuckDBPyConnection, tables: Tables, reuse: Reuse
) -> tuple[int, int, int, OverrideCount]:
    """Write both tables; return golden records merged now and in all, rows, overrides."""
    if not reuse.is_partial:
        records, rows, counts = _merge_parts(
            connection, tables, tables.golden, tables.lineage
        )
        return records, records, rows, counts
    with TemporaryDirectory(prefix=".merged-", dir=tables.golden.parent) as scratch:
        golden, lineage = Path(scratch) / "golden", Path(scratch) / "lineage"
        now, _, counts = _merge_parts(connection, tables, golden, lineage)
        rows = combine(connection, lineage, tables.lineage, "golden_id")
        key = f"golden_{tables.entity}_id"
        records = combine(connection, golden, tables.golden, key)
    return now, records, rows, counts


def _merge_parts(
    connection: duckdb.DuckDBPyConnection, tables: Tables, golden: Path, lineage: Path
) -> tuple[int, int, OverrideCount]:
    """Merge part by part; return golden records, rows of the lineage and overrides."""
    entity, rules = tables.entity, tables.rules
    by_hand = valid_overrides(connection, entity, tables.as_of)
    names = rule_names(entity, rules)
    row = connection.execute(
        "SELECT coalesce(max(golden_number), 0) FROM members"
    ).fetchone()
    records = int(row[0]) if row else 0
    rows = conflicts = 0

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
        open_appender(golden) as to_golden,
        open_appender(lineage) as to_lineage,
        ThreadPoolExecutor(max_workers=1) as worker,
    ):
        pending: Future[int] | None = None
        for first in range(1, max(records, 1) + 1, _GOLDEN_PER_PART):
            part = load_part(
                connection, entity, rules, first, first + _GOLDEN_PER_PART - 1
            )
            survivors = choose_survivors(part, entity, rules)
            override = names.index(OVERRIDE)
            conflicts += apply_overrides(by_hand, part, survivors, override)
            values = {name: surviving_values(item) for name, item in survivors.items()}
            to_golden.append(
                golden_frame(connection, entity, part, survivors, values, override)
            )
            rows += pending.result() if pending is not None else 0
            pending = worker.submit(lay_out, part, survivors, values)
        rows += pending.result() if pending is not None else 0
    counts = count_overrides(
        connection, entity, tables.as_of, applied=len(by_hand), conflicts=conflicts
    )
    return records, rows, counts
