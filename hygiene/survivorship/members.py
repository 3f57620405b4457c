"""The view `members`: every source record with all that survivorship looks at.

What belongs here: joining records, clusters, field change times and last golden values.
What does not: deciding who wins (`winners.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from hygiene.errors import ConfigurationError, ConservationError
from hygiene.parquet_exchange import (
    quote_identifier,
    quote_literal,
    register_parquet,
)
from hygiene.survivorship.fields import (
    GROUPS,
    FieldGroup,
    expected_columns,
    value_column,
)
from hygiene.survivorship.rules import Strategy, SurvivorshipRules, custom_sql


def status_column(group: FieldGroup) -> str:
    """Name the column of `members` that ranks the standardiser's verdict.

    Args:
        group: The group of fields.

    Returns:
        A quoted identifier.
    """
    return quote_identifier(f"status_{group.name}")


def changed_column(group: FieldGroup) -> str:
    """Name the column of `members` with the time at which a group of fields changed.

    Args:
        group: The group of fields.

    Returns:
        A quoted identifier.
    """
    return quote_identifier(f"changed_{group.name}")


def kept_column(group: FieldGroup) -> str:
    """Name the column of `members` that is 0 where a record has the last golden value.

    Args:
        group: The group of fields.

    Returns:
        A quoted identifier.
    """
    return quote_identifier(f"kept_{group.name}")


def custom_column(group: FieldGroup, position: int) -> str:
    """Name the column of `members` with the result of a rule in SQL.

    Args:
        group: The group of fields.
        position: Its place among the strategies.

    Returns:
        A quoted identifier.
    """
    return quote_identifier(f"custom_{position}_{group.name}")


def register_inputs(
    connection: duckdb.DuckDBPyConnection,
    standardised: Path,
    clusters: Path,
    entity: str,
) -> list[str]:
    """Create the views `records` and `every_cluster`, and check that they fit.

    Args:
        connection: An open connection.
        standardised: Parquet of standardised records.
        clusters: Parquet with the golden id of each source record.
        entity: contact or account.

    Returns:
        The columns of `records`.

    Raises:
        InputError: If a file is missing or malformed.
        ConservationError: If records and clusters do not cover each other.
    """
    task = _task(entity)
    columns = register_parquet(
        connection, "records", standardised, required=["source_record_key"], task=task
    )
    register_parquet(
        connection,
        "every_cluster",
        clusters,
        required=["source_record_key", f"golden_{entity}_id"],
        task=task,
    )
    row = connection.execute(
        "SELECT (SELECT count(*) FROM records), (SELECT count(*) FROM every_cluster), "
        "(SELECT count(*) FROM records INNER JOIN every_cluster "
        "USING (source_record_key))"
    ).fetchone()
    records, clustered, both = row if row else (0, 0, 0)
    if not records == clustered == both:
        raise ConservationError(
            f"{task}: {records} records and {clustered} cluster rows have {both} keys "
            "in common; expected each record in exactly one cluster; run matching and "
            "identification again."
        )
    return columns


def load_members(
    connection: duckdb.DuckDBPyConnection,
    columns: Sequence[str],
    entity: str,
    rules: SurvivorshipRules,
    *,
    field_changes: Path | None = None,
    previous: Path | None = None,
) -> None:
    """Create the view `members`: every record with its golden id, order columns, values.

    Records and golden ids are numbered in the order of their keys, in the table
    `numbered`. A view, because each part of it is read once: a table of all columns
    would be written only to be read again.

    Args:
        connection: Connection with the views `records` and `every_cluster`.
        columns: The columns of `records`.
        entity: contact or account.
        rules: Which value survives.
        field_changes: Parquet of when fields changed, where a system tells; optional.
        previous: Lineage of the run before, for values that must not be overwritten.

    Raises:
        InputError: If a file is malformed.
        ConfigurationError: If a rule in SQL does not fit the records.
    """
    task = _task(entity)
    golden = f"golden_{entity}_id"
    filled = ["records.*"] + [
        f"CAST(NULL AS {kind}) AS {quote_identifier(name)}"
        for name, kind in expected_columns(entity).items()
        if name not in columns
    ]
    ranks = " ".join(
        f"WHEN {column} = {quote_literal(name)} THEN {number}"
        for column in ("source_name", "source_type")
        for number, name in enumerate(rules.source_priority, start=1)
    )
    rank = f"CASE {ranks} ELSE {len(rules.source_priority) + 1} END" if ranks else "1"
    values = [
        f"nullif(CAST({field.source} AS VARCHAR), '') AS {value_column(field)}"
        for group in GROUPS[entity]
        for field in group.fields
    ]
    statuses = [
        f"CASE {group.status} WHEN 'valid' THEN 0 WHEN 'corrected' THEN 1 "
        f"WHEN 'missing' THEN 3 ELSE 2 END AS {status_column(group)}"
        for group in GROUPS[entity]
        if group.status is not None
    ]
    customs = _custom_columns(connection, entity, rules, filled)
    extras = (
        ["email_domain", "is_role_email", "is_free_email"]
        if entity == "contact"
        else []
    )
    connection.execute(
        "CREATE TEMP TABLE numbered AS SELECT source_record_key, "
        f"{golden} AS golden_id, "
        f"dense_rank() OVER (ORDER BY {golden})::INTEGER AS golden_number, "
        f"row_number() OVER (ORDER BY {golden}, source_record_key)::INTEGER "
        "AS record_number FROM every_cluster"
    )
    members = f"""
        SELECT
            numbered.golden_id,
            numbered.golden_number,
            numbered.record_number,
            filled.source_record_key,
            source_name,
            {rank} AS source_rank,
            coalesce(is_deleted, false) AS is_deleted,
            coalesce(is_deleted, false) OR delete_kind IS NOT NULL AS is_dead,
            coalesce(is_test_record, false) AS is_test_record,
            created_at,
            modified_at,
            coalesce(modified_at, created_at, _extracted_at) AS observed_at,
            {", ".join(extras + statuses + values + customs)}
        FROM (SELECT {", ".join(filled)} FROM records) AS filled
        INNER JOIN numbered ON filled.source_record_key = numbered.source_record_key
        """
    if entity == "account":
        # The parent of a merged company may be one of its own records.
        members = (
            "SELECT members.* REPLACE (CASE WHEN parents.golden_id IS NULL "
            "THEN value_parent_source_record_key END AS value_parent_source_record_key) "
            f"FROM ({members}) AS members LEFT JOIN numbered AS parents "
            "ON parents.golden_id = members.golden_id AND parents.source_record_key "
            "= members.value_parent_source_record_key"
        )
    if field_changes is not None and field_changes.is_file():
        members = _with_field_times(connection, members, field_changes, entity, task)
    members = _with_previous(connection, members, previous, entity, rules, task)
    connection.execute(f"CREATE TEMP VIEW members AS {members}")


def _task(entity: str) -> str:
    return f"Merging {entity}s"


def _custom_columns(
    connection: duckdb.DuckDBPyConnection,
    entity: str,
    rules: SurvivorshipRules,
    filled: Sequence[str],
) -> list[str]:
    """Build the columns of rules in SQL, after checking each against the records."""
    columns: list[str] = []
    for group in GROUPS[entity]:
        for position, strategy in enumerate(rules.strategies(entity, group.name)):
            expression = custom_sql(strategy)
            if expression is None:
                continue
            try:
                connection.execute(
                    f"EXPLAIN SELECT ({expression})::DOUBLE "
                    f"FROM (SELECT {', '.join(filled)} FROM records)"
                )
            except duckdb.Error as error:
                raise ConfigurationError(
                    f"Merging {entity}s: the rule in SQL for {group.name} does not fit "
                    f"the standardised {entity}s ({type(error).__name__}); expected an "
                    "expression over their columns that gives a number, smaller for the "
                    f"better record; correct survivorship.{entity}s.{group.name}."
                ) from error
            columns.append(
                f"({expression})::DOUBLE AS {custom_column(group, position)}"
            )
    return columns


def _with_field_times(
    connection: duckdb.DuckDBPyConnection,
    members: str,
    path: Path,
    entity: str,
    task: str,
) -> str:
    """Return the query with when each group of fields changed, where a system keeps such a history.

    A field that its system tracks and that has no entry has not changed since the
    record was created; a field that is not tracked is as old as its record's last
    change.
    """
    register_parquet(
        connection,
        "field_changes",
        path,
        required=["source_record_key", "field_name", "changed_at"],
        task=task,
    )
    connection.execute(
        "CREATE TABLE tracked AS SELECT DISTINCT field_name, "
        "split_part(source_record_key, ':', 1) AS source, "
        "split_part(source_record_key, ':', 2) AS object FROM field_changes"
    )
    tracked = {
        str(row[0])
        for row in connection.execute("SELECT field_name FROM tracked").fetchall()
    }
    groups = [group for group in GROUPS[entity] if group.name in tracked]
    if not groups:
        return members
    newest = ", ".join(
        f"max(changed_at) FILTER (field_name = {quote_literal(group.name)}) "
        f"AS {quote_identifier(group.name)}"
        for group in groups
    )
    known = ", ".join(
        f"bool_or(field_name = {quote_literal(group.name)}) "
        f"AS {quote_identifier(group.name)}"
        for group in groups
    )
    times = ", ".join(
        f"coalesce(changes.{quote_identifier(group.name)}, "
        f"CASE WHEN objects.{quote_identifier(group.name)} THEN members.created_at END) "
        f"AS {changed_column(group)}"
        for group in groups
    )
    return f"""
        SELECT members.*, {times}
        FROM ({members}) AS members
        LEFT JOIN (
            SELECT source_record_key, {newest} FROM field_changes GROUP BY ALL
        ) AS changes ON members.source_record_key = changes.source_record_key
        LEFT JOIN (SELECT source, object, {known} FROM tracked GROUP BY ALL) AS objects
            ON split_part(members.source_record_key, ':', 1) = objects.source
            AND split_part(members.source_record_key, ':', 2) = objects.object
        """


def _with_previous(  # noqa: PLR0917  the query and what is added to it
    connection: duckdb.DuckDBPyConnection,
    members: str,
    previous: Path | None,
    entity: str,
    rules: SurvivorshipRules,
    task: str,
) -> str:
    """Return the query with a mark of records that have the last golden value of a field that must not change."""
    groups = [
        group
        for group in GROUPS[entity]
        if Strategy.NEVER_OVERWRITE in rules.strategies(entity, group.name)
    ]
    if not groups:
        return members
    if previous is None or not previous.is_file():
        kept = ", ".join(f"1 AS {kept_column(group)}" for group in groups)
        return f"SELECT *, {kept} FROM ({members})"
    register_parquet(
        connection,
        "previous_lineage",
        previous,
        required=["golden_id", "field_name", "value", "rule"],
        task=task,
    )
    # A correction by hand that has expired is no value that any record ever had.
    wanted = ", ".join(
        f"any_value(value) FILTER (field_name = {quote_literal(group.fields[0].name)}) "
        f"AS {quote_identifier(group.name)}"
        for group in groups
    )
    kept = ", ".join(
        f"CASE WHEN {value_column(group.fields[0])} = "
        f"last.{quote_identifier(group.name)} THEN 0 ELSE 1 END AS {kept_column(group)}"
        for group in groups
    )
    return (
        f"SELECT members.*, {kept} FROM ({members}) AS members "
        f"LEFT JOIN (SELECT golden_id, {wanted} FROM previous_lineage "
        "WHERE rule <> 'override' GROUP BY ALL) AS last USING (golden_id)"
    )
