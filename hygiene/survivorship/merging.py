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
from typing import Literal

import duckdb

from hygiene.parquet_exchange import open_connection, quote_literal, write_parquet
from hygiene.survivorship.fields import GROUPS
from hygiene.survivorship.golden import golden_query
from hygiene.survivorship.members import load_members
from hygiene.survivorship.overrides import (
    OverrideCount,
    apply_overrides,
    known_fields,
)
from hygiene.survivorship.rules import Strategy, SurvivorshipRules, rule_name
from hygiene.survivorship.winners import record_winners

logger = logging.getLogger(__name__)

_LINEAGE = """
CREATE TABLE lineage (
    golden_id VARCHAR, field_name field_names, value VARCHAR, source_record_key VARCHAR,
    source_name source_names, rule rule_names, observed_at TIMESTAMP,
    candidate_count BIGINT, runner_up_value VARCHAR,
    runner_up_source_record_key VARCHAR
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
        load_members(
            connection,
            standardised,
            clusters,
            entity,
            rules,
            field_changes=field_changes,
            previous=out_lineage,
        )
        _create_lineage(connection, entity, rules)
        record_winners(connection, entity, rules)
        set_by_hand = apply_overrides(connection, overrides, entity, as_of)
        lineage_rows = write_parquet(
            connection,
            f"SELECT {quote_literal(entity)} AS entity_type, * FROM lineage "
            "ORDER BY golden_id, field_name",
            out_lineage,
        )
        golden_records = write_parquet(connection, golden_query(entity), out_golden)
        counts = connection.execute(
            "SELECT count(*), count(DISTINCT golden_id) FILTER (cluster_size > 1) "
            "FROM members"
        ).fetchone()
        conflicts = connection.execute(
            "SELECT field_name, count(*) FROM lineage WHERE candidate_count > 1 "
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
