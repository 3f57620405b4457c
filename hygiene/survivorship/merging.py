"""The step `merge`: clusters in, golden records and the lineage of every field out.

What belongs here: set-based SQL generated from the rules. Identifiers are quoted and
values bound; one statement per group of fields, no loop over records. What does not:
the catalogue of fields and the rules themselves.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from hygiene.errors import ConservationError
from hygiene.parquet_exchange import (
    open_connection,
    quote_identifier,
    quote_literal,
    register_parquet,
    write_parquet,
)
from hygiene.survivorship.fields import (
    GROUPS,
    Field,
    FieldGroup,
    expected_columns,
    value_column,
)
from hygiene.survivorship.golden import golden_query
from hygiene.survivorship.rules import Strategies, Strategy, SurvivorshipRules

logger = logging.getLogger(__name__)

_SEPARATOR = "; "

_LINEAGE = """
CREATE TABLE lineage (
    golden_id VARCHAR, field_name VARCHAR, value VARCHAR, source_record_key VARCHAR,
    source_name VARCHAR, rule VARCHAR, observed_at TIMESTAMP, candidate_count BIGINT,
    runner_up_value VARCHAR, runner_up_source_record_key VARCHAR
)
"""


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
    """

    entity: str
    source_records: int
    golden_records: int
    merged_records: int
    lineage_rows: int
    conflicts: Mapping[str, int]


def merge(
    standardised: Path,
    clusters: Path,
    out_golden: Path,
    out_lineage: Path,
    *,
    entity: Literal["contact", "account"],
    rules: SurvivorshipRules,
) -> MergeReport:
    """Merge every cluster into one golden record by the rules.

    Args:
        standardised: Parquet of standardised records, one row per source record.
        clusters: Parquet with the golden id of each source record.
        out_golden: Parquet to replace: one row per golden id.
        out_lineage: Parquet to replace: one row per golden id and field with a value.
        entity: contact or account.
        rules: Which value survives.

    Returns:
        Counts.

    Raises:
        InputError: If a file is missing or malformed.
        ConservationError: If records and clusters do not cover each other.
    """
    with open_connection(out_golden.parent) as connection:
        _load_members(connection, standardised, clusters, entity, rules)
        connection.execute(_LINEAGE)
        for group in GROUPS[entity]:
            _record_single(connection, group)
            strategies = rules.strategies(entity, group.name)
            _rank_members(connection, group, strategies)
            for field in group.fields:
                _record_winners(connection, field, strategies)
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
    )


def _load_members(
    connection: duckdb.DuckDBPyConnection,
    standardised: Path,
    clusters: Path,
    entity: str,
    rules: SurvivorshipRules,
) -> None:
    """Create `members`: every record with its golden id, order columns and values."""
    task = f"Merging {entity}s"
    golden = f"golden_{entity}_id"
    columns = register_parquet(
        connection, "records", standardised, required=["source_record_key"], task=task
    )
    register_parquet(
        connection,
        "clusters",
        clusters,
        required=["source_record_key", golden],
        task=task,
    )
    row = connection.execute(
        "SELECT (SELECT count(*) FROM records), (SELECT count(*) FROM clusters), "
        "(SELECT count(*) FROM records INNER JOIN clusters USING (source_record_key))"
    ).fetchone()
    records, clustered, both = row if row else (0, 0, 0)
    if not records == clustered == both:
        raise ConservationError(
            f"{task}: {records} records and {clustered} cluster rows have {both} keys "
            "in common; expected each record in exactly one cluster; run matching and "
            "identification again."
        )
    filled = ["records.*"] + [
        f"CAST(NULL AS {kind}) AS {quote_identifier(name)}"
        for name, kind in expected_columns(entity).items()
        if name not in columns
    ]
    priority = " ".join(
        f"WHEN source_name = ${number} THEN {number}"
        for number in range(1, len(rules.source_priority) + 1)
    )
    by_type = " ".join(
        f"WHEN source_type = ${number} THEN {number}"
        for number in range(1, len(rules.source_priority) + 1)
    )
    last = len(rules.source_priority) + 1
    rank = f"CASE {priority} {by_type} ELSE {last} END" if priority else "1"
    values = [
        f"nullif(CAST({field.source} AS VARCHAR), '') AS {value_column(field)}"
        for group in GROUPS[entity]
        for field in group.fields
    ]
    statuses = [
        f"CASE {group.status} WHEN 'valid' THEN 0 WHEN 'corrected' THEN 1 "
        f"WHEN 'missing' THEN 3 ELSE 2 END AS {_status(group)}"
        for group in GROUPS[entity]
        if group.status is not None
    ]
    extras = (
        ["email_domain", "is_role_email", "is_free_email"]
        if entity == "contact"
        else []
    )
    connection.execute(
        f"""
        CREATE TABLE members AS
        SELECT
            clusters.{golden} AS golden_id,
            count(*) OVER (PARTITION BY clusters.{golden}) AS cluster_size,
            filled.source_record_key,
            source_name,
            {rank} AS source_rank,
            coalesce(is_deleted, false) AS is_deleted,
            coalesce(is_deleted, false) OR delete_kind IS NOT NULL AS is_dead,
            coalesce(is_test_record, false) AS is_test_record,
            created_at,
            modified_at,
            coalesce(modified_at, created_at, _extracted_at) AS observed_at,
            {", ".join(extras + statuses + values)}
        FROM (SELECT {", ".join(filled)} FROM records) AS filled
        INNER JOIN clusters USING (source_record_key)
        """,
        list(rules.source_priority) if priority else None,
    )
    if entity == "account":
        # The parent of a merged company may be one of its own records.
        connection.execute(
            "UPDATE members SET value_parent_source_record_key = NULL "
            "FROM members AS parents WHERE parents.golden_id = members.golden_id "
            "AND parents.source_record_key = members.value_parent_source_record_key"
        )


def _status(group: FieldGroup) -> str:
    return quote_identifier(f"status_{group.name}")


def _record_single(connection: duckdb.DuckDBPyConnection, group: FieldGroup) -> None:
    """Write the lineage of golden records that have one source record only."""
    for field in group.fields:
        connection.execute(
            f"""
            INSERT INTO lineage
            SELECT golden_id, ?, {value_column(field)}, source_record_key, source_name,
                'only_record', observed_at, 1, NULL, NULL
            FROM members WHERE cluster_size = 1 AND {value_column(field)} IS NOT NULL
            """,
            [field.name],
        )


def _order_of(group: FieldGroup, strategy: Strategy) -> str:
    """Return an expression that is smaller for the better record."""
    values = [value_column(field) for field in group.fields]
    if strategy is Strategy.SOURCE_PRIORITY:
        return "source_rank"
    if strategy is Strategy.MOST_RECENT:
        return "-epoch_us(coalesce(observed_at, TIMESTAMP '0001-01-01'))"
    if strategy is Strategy.OLDEST:
        return "epoch_us(coalesce(created_at, observed_at, TIMESTAMP '9999-01-01'))"
    if strategy is Strategy.MOST_COMPLETE:
        present = " + ".join(f"({value} IS NOT NULL)::INTEGER" for value in values)
        length = " + ".join(f"coalesce(length({value}), 0)" for value in values)
        return f"-(({present}) * 1000000 + {length})"
    if strategy is Strategy.MOST_FREQUENT:
        return f"-count(*) OVER (PARTITION BY golden_id, is_dead, {values[0]})"
    if strategy is Strategy.VALIDATED_FIRST:
        return _status(group)
    if strategy is Strategy.RESTRICTIVE_WINS:
        return f"CASE WHEN {values[0]} = 'true' THEN 0 ELSE 1 END"
    return "0"


def _rank_members(
    connection: duckdb.DuckDBPyConnection, group: FieldGroup, strategies: Strategies
) -> None:
    """Create `ranked`: the records that have a value of the group, best first."""
    present = " OR ".join(
        f"{value_column(field)} IS NOT NULL" for field in group.fields
    )
    # An opt-out counts wherever it was expressed, also on a record merged away.
    dead = "false" if Strategy.RESTRICTIVE_WINS in strategies else "is_dead"
    orders = [f"{_order_of(group, item)} AS by_{item}" for item in strategies]
    keys = ", ".join(["is_out", *(f"by_{item}" for item in strategies)])
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE ranked AS
        SELECT *, row_number() OVER (
            PARTITION BY golden_id
            ORDER BY {keys}, observed_at DESC NULLS LAST, source_rank, source_record_key
        ) AS place
        FROM (
            SELECT golden_id, source_record_key, source_name, observed_at, source_rank,
                {dead} AS is_out,
                {", ".join(value_column(field) for field in group.fields)},
                {", ".join(orders)}
            FROM members WHERE cluster_size > 1 AND ({present})
        )
        """
    )


def _record_winners(
    connection: duckdb.DuckDBPyConnection, field: Field, strategies: Strategies
) -> None:
    """Write the lineage of one field from the records in `ranked`.

    The rule that is reported is the first one that told the winner from the best record
    with another value.
    """
    value = value_column(field)
    other = f"FILTER ({value} <> winning_value)"
    is_union = Strategy.UNION in strategies
    decided = ["WHEN candidates = 1 THEN 'only_value'"]
    if is_union:
        decided.append(f"ELSE '{Strategy.UNION}'")
    else:
        decided.append("WHEN win_is_out <> next_is_out THEN 'live_first'")
        decided += [
            f"WHEN win_{item} IS DISTINCT FROM next_{item} THEN '{item}'"
            for item in strategies
        ]
        decided.append("ELSE 'tie_break'")
    compared = ["is_out", *(f"by_{item}" for item in strategies)]
    named = ["is_out", *(str(item) for item in strategies)]
    sides = ", ".join(
        f"arg_min({column}, place) FILTER (place = 1) AS win_{name}, "
        f"arg_min({column}, place) {other} AS next_{name}"
        for column, name in zip(compared, named, strict=True)
    )
    first = (
        f", row_number() OVER (PARTITION BY golden_id, {value} ORDER BY place) = 1 "
        "AS is_first"
        if is_union
        else ""
    )
    shown = "every_value" if is_union else "winning_value"
    every = (
        f", string_agg({value}, {quote_literal(_SEPARATOR)} ORDER BY place) "
        "FILTER (is_first) AS every_value"
        if is_union
        else ""
    )
    connection.execute(
        f"""
        INSERT INTO lineage
        SELECT golden_id, ?, {shown}, winner_key, winner_source,
            CASE {" ".join(decided)} END,
            winner_observed_at, candidates, next_value, next_key
        FROM (
            SELECT
                golden_id,
                any_value(winning_value) AS winning_value,
                arg_min(source_record_key, place) FILTER (place = 1) AS winner_key,
                arg_min(source_name, place) FILTER (place = 1) AS winner_source,
                arg_min(observed_at, place) FILTER (place = 1) AS winner_observed_at,
                count(DISTINCT {value}) AS candidates,
                arg_min({value}, place) {other} AS next_value,
                arg_min(source_record_key, place) {other} AS next_key,
                {sides}
                {every}
            FROM (
                SELECT *, first_value({value}) OVER (
                    PARTITION BY golden_id ORDER BY place
                ) AS winning_value {first}
                FROM ranked WHERE {value} IS NOT NULL OR place = 1
            )
            GROUP BY golden_id
        )
        WHERE winning_value IS NOT NULL
        """,
        [field.name],
    )
