"""The step `merge`: clusters in, golden records and the lineage of every field out.

What belongs here: the order of the steps and the counts. What does not: the catalogue
of fields, the rules, and the SQL that applies them (`members.py`, `winners.py`,
`overrides.py`, `golden.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import duckdb

from hygiene.parquet_exchange import open_connection, quote_literal, write_parquet
from hygiene.survivorship.fields import GROUPS
from hygiene.survivorship.golden import golden_query
from hygiene.survivorship.members import load_members, register_inputs
from hygiene.survivorship.overrides import (
    OverrideCount,
    apply_overrides,
    known_fields,
    load_book,
)
from hygiene.survivorship.reuse import (
    Reuse,
    Tables,
    combine,
    find_changed,
    keep_marks,
)
from hygiene.survivorship.rules import Strategy, SurvivorshipRules, rule_name
from hygiene.survivorship.winners import record_winners

logger = logging.getLogger(__name__)

_LINEAGE = """
CREATE TABLE lineage (
    golden_id VARCHAR, field_name field_names, value VARCHAR, source_record_key VARCHAR,
    source_name source_names, rule rule_names, observed_at TIMESTAMP,
    candidate_count BIGINT, runner_up_value VARCHAR,
    runner_up_source_record_key VARCHAR, golden_number INTEGER, field_place TINYINT
)
"""
_OVERRIDE = "override"
_FIXED_RULES = (
    "only_record",
    "only_value",
    "live_first",
    "tie_break",
    _OVERRIDE,
    Strategy.UNION,
)


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
        _create_lineage(connection, entity, rules)
        record_winners(connection, entity, rules)
        set_by_hand = apply_overrides(connection, entity, as_of)
        merged_now, golden_records, lineage_rows = _write(connection, tables, reuse)
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
) -> tuple[int, int, int]:
    """Write both tables; return golden records merged now, in all, and lineage rows."""
    lineage = (
        f"SELECT {quote_literal(tables.entity)} AS entity_type, "
        "* EXCLUDE (golden_number, field_place) FROM lineage "
        "ORDER BY golden_number, field_place"  # numbers in the order of their words
    )
    golden = golden_query(tables.entity)
    if not reuse.is_partial:
        rows = write_parquet(connection, lineage, tables.lineage)
        records = write_parquet(connection, golden, tables.golden)
        return records, records, rows
    folder = tables.golden.parent
    with TemporaryDirectory(prefix=".merged-", dir=folder) as scratch:
        part = Path(scratch) / "part.parquet"
        write_parquet(connection, lineage, part)
        rows = combine(connection, part, tables.lineage, "golden_id")
        now = write_parquet(connection, golden, part)
        key = f"golden_{tables.entity}_id"
        records = combine(connection, part, tables.golden, key)
    return now, records, rows


def _create_lineage(
    connection: duckdb.DuckDBPyConnection, entity: str, rules: SurvivorshipRules
) -> None:
    """Create `lineage`, its few repeated words as enumerations.

    Sorting and writing numbers instead of words takes almost half the time of this
    largest table of the step; files hold the words.
    """
    words = {
        "field_names": sorted(known_fields(entity)),
        "rule_names": sorted(
            {
                *_FIXED_RULES,
                *(
                    rule_name(strategy, position)
                    for group in GROUPS[entity]
                    for position, strategy in enumerate(
                        rules.strategies(entity, group.name)
                    )
                ),
            }
        ),
    }
    for name, values in words.items():
        listed = ", ".join(quote_literal(value) for value in values)
        connection.execute(f"CREATE TYPE {name} AS ENUM ({listed})")
    connection.execute(
        "CREATE TYPE source_names AS ENUM (SELECT DISTINCT source_name FROM members "
        f"WHERE source_name IS NOT NULL UNION SELECT {quote_literal(_OVERRIDE)} "
        "ORDER BY 1)"
    )
    connection.execute(_LINEAGE)
