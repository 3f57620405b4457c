"""Count which records keep which rule, for every source, owner and way in, in one pass.

Every table becomes one temporary table of flags (true: broken; null: does not apply);
counts, money and the list of defects are aggregates of it. Set-based throughout. Tables
are handed in by name; nothing here knows where a warehouse lies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from hygiene.errors import ConfigurationError, InputError
from hygiene.parquet_exchange import write_parquet
from hygiene.quality.field_rules import field_rules
from hygiene.quality.record_rule import RecordRule, quote
from hygiene.quality.rule import Layer, RuleResult

ENGINE: Final = "tidycrm"
SUBJECTS: Final = (
    "contacts", "accounts", "opportunities", "customers", "people", "synced_fields",
)  # fmt: skip
NEEDED: Final = (
    "standardised_contacts", "standardised_accounts", "contact_clusters",
    "account_clusters", "contact_links", "account_links", "opportunities_unioned",
    "users_unioned", "fct_opportunities", "fct_revenue_events", "dim_contacts",
    "dim_accounts", "dim_customers", "bridge_opportunity_source_records",
)  # fmt: skip
"""Tables that the shipped rules read, by the names under which they are handed in."""

COUNTS_SCHEMA: Final[dict[str, pl.DataType]] = {
    "rule_id": pl.String(), "source_name": pl.String(), "source_object": pl.String(),
    "owner_name": pl.String(), "entry_point": pl.String(), "field": pl.String(),
    "records_checked": pl.Int64(), "records_failed": pl.Int64(),
}  # fmt: skip
MONEY_SCHEMA: Final[dict[str, pl.DataType]] = {
    "rule_id": pl.String(), "pipeline_blocked": pl.Decimal(18, 2),
    "revenue_blocked": pl.Decimal(18, 2),
}  # fmt: skip
_FIELD_IS_THERE: Final = "DQ-C-2"
_META: Final = {
    "source_name": "'all sources'",
    "owner_name": "NULL::varchar",
    "entry_point": "'no lead source'",
    "money_key": "NULL::varchar",
    "pipeline": "0",
    "revenue": "0",
}


@dataclass(frozen=True, slots=True)
class RecordChecks:
    """What checking the records told: small frames, and a file of defects.

    `counts` has one row per rule, source, object, owner, way in and field; `money` one
    per rule, each golden record counted once.
    """

    rules: tuple[RecordRule, ...]
    counts: pl.DataFrame
    money: pl.DataFrame
    defects: int


def check_records(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[RecordRule],
    *,
    tables: Mapping[str, str],
    as_of: date,
    defects_out: Path,
) -> RecordChecks:
    """Check every rule, and every standardised field, on the records.

    Args:
        connection: An in-memory connection that can read the tables.
        rules: What must hold.
        tables: SQL relation by name: those of `NEEDED` that exist, and published tables.
        as_of: The day that `as_of_date()` means in rules.
        defects_out: Parquet to replace: one row per rule and record that breaks it, for
            rules of severity warn or error.

    Returns:
        Counts and money.

    Raises:
        ConfigurationError: Rules name tables or columns that are not there; all of them.
        InputError: A table that the shipped rules read is missing.

    Example:
        >>> from hygiene.quality.record_checks import SUBJECTS
        >>> "contacts" in SUBJECTS
        True
    """
    named = {rule.table for rule in rules}
    _prepare(
        connection,
        {name: sql for name, sql in tables.items() if name in named or name in NEEDED},
        as_of,
    )
    wanted = dict.fromkeys((*SUBJECTS, *(rule.table for rule in rules)))
    problems: list[str] = []
    counts: list[pl.DataFrame] = []
    money: list[pl.DataFrame] = []
    checked: list[RecordRule] = []
    parts: list[str] = []
    for number, table in enumerate(wanted):
        subject = _subject(table, tables, connection)
        if subject is None:
            problems += [
                f"{rule.id}: there is no table `{table}`"
                for rule in rules
                if rule.table == table
            ]
            continue
        columns = _columns(connection, subject)
        own = (*field_rules(table, columns), *(r for r in rules if r.table == table))
        usable = [
            rule for rule in own if not _complain(connection, subject, rule, problems)
        ]
        if not usable:
            continue
        flags = f"flags_{number}"
        _flag(connection, flags, subject, usable, by_field="field_name" in columns)
        by_field = "field_name" in columns
        counts.append(_count(connection, flags, usable, by_field=by_field))
        money.append(_money(connection, flags, usable))
        parts += _defects(flags, usable, by_field=by_field)
        checked += usable
    if problems:
        raise ConfigurationError(
            f"checking records: {len(problems)} rule(s) cannot be checked: "
            f"{'; '.join(problems)}; correct them under `quality` in tidycrm.yml"
        )
    query = " UNION ALL ".join(parts) or (
        "SELECT ''::varchar AS rule_id, ''::varchar AS record_key WHERE false"
    )
    written = write_parquet(
        connection, f"SELECT * FROM ({query}) ORDER BY rule_id, record_key", defects_out
    )
    return RecordChecks(
        tuple(checked),
        _without_unused(pl.concat([pl.DataFrame(schema=COUNTS_SCHEMA), *counts])),
        pl.concat([pl.DataFrame(schema=MONEY_SCHEMA), *money]),
        written,
    )


def _without_unused(counts: pl.DataFrame) -> pl.DataFrame:
    """Leave out fields that an object of a source never fills: they are not collected.

    An order list has no mobile phones, and no one can fill them in; counting them as
    missing would hide what is wrong with the fields that people do fill in.
    """
    place = ["rule_id", "source_name", "source_object", "field"]
    is_unused = (
        pl.col("rule_id").str.starts_with(_FIELD_IS_THERE)
        & (pl.col("records_failed").sum().over(place)
           == pl.col("records_checked").sum().over(place))
    )  # fmt: skip
    return counts.filter(~is_unused)


def record_results(checks: RecordChecks) -> list[RuleResult]:
    """Return one quality result per rule: the columns of data_quality_results.

    Args:
        checks: What `check_records` told.

    Returns:
        Results in the order of the rules.
    """
    totals = {
        row[0]: row[1:]
        for row in checks.counts.group_by("rule_id")
        .agg(pl.col("records_checked").sum(), pl.col("records_failed").sum())
        .iter_rows()
    }
    results = []
    for rule in checks.rules:
        checked, failed = totals.get(rule.id, (0, 0))
        is_field = rule.table in {"contacts", "accounts"} and rule.id[5:6] == "2"
        results.append(
            RuleResult(
                layer=str(Layer.STANDARDISE if is_field else Layer.RECORDS),
                object=f"standardised_{rule.table}" if is_field else rule.table,
                rule_id=rule.id,
                rule_name=rule.name,
                dimension=str(rule.dimension),
                severity=str(rule.severity),
                is_blocking=rule.blocking,
                rows_checked=int(checked),
                rows_failed=int(failed),
                success=failed <= rule.allowed * checked,
                engine=ENGINE,
            )
        )
    return results


def _prepare(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, str], as_of: date
) -> None:
    missing = [name for name in NEEDED if name not in tables]
    if missing:
        raise InputError(
            f"checking records: {', '.join(missing)} were not handed in; expected the "
            "tables of hygiene and the marts; run the steps that build them"
        )
    connection.execute(
        f"CREATE OR REPLACE MACRO as_of_date() AS DATE '{as_of.isoformat()}'"
    )
    for name, relation in tables.items():
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {quote(name)} AS SELECT * FROM {relation}"
        )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE account_money AS {_shipped('money')}"
    )


def _shipped(name: str) -> str:
    path = resources.files("hygiene.quality") / "subjects" / f"{name}.sql"
    return path.read_text(encoding="utf-8")


def _subject(
    table: str, tables: Mapping[str, str], connection: duckdb.DuckDBPyConnection
) -> str | None:
    """Return the view of a table that rules can be written for; None if there is none."""
    view = f"subject_{table}"
    if table in SUBJECTS:
        query = _shipped(table)
    elif table in tables:
        columns = _columns(connection, table)
        added = [
            f"{expression} AS {name}"
            for name, expression in _META.items()
            if name not in columns
        ]
        if "record_key" not in columns:
            added.append(f"{quote(columns[0])}::varchar AS record_key")
        if "source_object" not in columns:
            added.append(f"'{table}' AS source_object")
        query = ", ".join(["SELECT *", *added]) + f" FROM {quote(table)}"
    else:
        return None
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {quote(view)} AS {query}")
    return view


def _columns(connection: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    described = connection.execute(f"DESCRIBE {quote(relation)}").fetchall()
    return [str(row[0]) for row in described]


def _complain(
    connection: duckdb.DuckDBPyConnection,
    subject: str,
    rule: RecordRule,
    problems: list[str],
) -> bool:
    """Try a rule on no rows; a wrong name is told with the words of DuckDB."""
    try:
        connection.execute(
            f"EXPLAIN SELECT ({rule.failed_sql()})::boolean FROM {quote(subject)}"
        )
    except duckdb.Error as error:
        said = str(error).partition("\n")[0].removeprefix("Binder Error: ")
        problems.append(f"{rule.id} on `{rule.table}`: {said}")
        return True
    return False


def _flag(
    connection: duckdb.DuckDBPyConnection,
    flags: str,
    subject: str,
    rules: Sequence[RecordRule],
    *,
    by_field: bool,
) -> None:
    field = ", field_name" if by_field else ""
    conditions = ", ".join(
        f"({rule.failed_sql()})::boolean AS f{number}"
        for number, rule in enumerate(rules)
    )
    try:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {flags} AS SELECT record_key::varchar AS "
            "record_key, source_name, source_object, coalesce(nullif(trim(owner_name), "
            "''), 'no owner') AS owner_name, entry_point, money_key, pipeline, revenue"
            f"{field}, {conditions} FROM {quote(subject)}"
        )
    except duckdb.Error as error:
        # The text of a conversion error quotes the value: only its kind is passed on.
        raise ConfigurationError(
            f"checking records of `{rules[0].table}`: a rule cannot be evaluated on its values "
            f"({type(error).__name__}); use try_cast() where a column may hold text "
            f"that is no number; rules: {', '.join(rule.id for rule in rules)}"
        ) from None


def _count(
    connection: duckdb.DuckDBPyConnection,
    flags: str,
    rules: Sequence[RecordRule],
    *,
    by_field: bool,
) -> pl.DataFrame:
    field = "field_name" if by_field else "NULL::varchar"
    aggregates = ", ".join(
        f"count(f{number}) AS c{number}, count_if(f{number}) AS x{number}"
        for number in range(len(rules))
    )
    wide = connection.execute(
        "SELECT source_name, source_object, owner_name, entry_point, "
        f"{field} AS field, {aggregates} FROM {flags} GROUP BY ALL ORDER BY ALL"
    ).pl()
    return pl.concat(
        wide.select(
            pl.lit(rule.id).alias("rule_id"),
            "source_name", "source_object", "owner_name", "entry_point",
            pl.coalesce(pl.lit(rule.field, dtype=pl.String()), "field", pl.lit("record"))
            .alias("field"),
            pl.col(f"c{number}").cast(pl.Int64()).alias("records_checked"),
            pl.col(f"x{number}").cast(pl.Int64()).alias("records_failed"),
        ).filter(pl.col("records_checked") > 0)
        for number, rule in enumerate(rules)
    )  # fmt: skip


def _money(
    connection: duckdb.DuckDBPyConnection, flags: str, rules: Sequence[RecordRule]
) -> pl.DataFrame:
    """Money behind each rule's defects; what several records share counts once."""
    chosen = [(n, rule) for n, rule in enumerate(rules) if rule.blocks]
    if not chosen:
        return pl.DataFrame(schema=MONEY_SCHEMA)
    broken = ", ".join(f"bool_or(f{number}) AS b{number}" for number, _ in chosen)
    rows = " UNION ALL ".join(
        f"SELECT '{rule.id}' AS rule_id, "
        + ", ".join(
            f"coalesce(sum({measure}) FILTER (WHERE b{number}), 0)::decimal(18,2) "
            f"AS {measure}_blocked"
            if measure in rule.blocks
            else f"0::decimal(18,2) AS {measure}_blocked"
            for measure in ("pipeline", "revenue")
        )
        + " FROM per_key"
        for number, rule in chosen
    )
    frame = connection.execute(
        f"WITH per_key AS MATERIALIZED (SELECT money_key, max(pipeline) AS pipeline, "
        f"max(revenue) AS revenue, {broken} FROM {flags} WHERE money_key IS NOT NULL "
        f"AND (pipeline <> 0 OR revenue <> 0) GROUP BY money_key) {rows}"
    ).pl()
    return frame.cast(dict(MONEY_SCHEMA)).sort("rule_id")  # type: ignore[arg-type]


def _defects(flags: str, rules: Sequence[RecordRule], *, by_field: bool) -> list[str]:
    return [
        f"SELECT '{rule.id}' AS rule_id, record_key, source_name, source_object, "
        f"owner_name, entry_point, "
        + ("field_name" if by_field else f"'{rule.field or 'record'}'")
        + " AS field, money_key, "
        + ("pipeline" if "pipeline" in rule.blocks else "0")
        + "::decimal(18,2) AS pipeline_blocked, "
        + ("revenue" if "revenue" in rule.blocks else "0")
        + f"::decimal(18,2) AS revenue_blocked FROM {flags} WHERE f{number}"
        for number, rule in enumerate(rules)
        if rule.wants_records
    ]
