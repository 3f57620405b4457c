"""Foreign tables for the metric benchmarks: CSV or Parquet in, typed DuckDB tables out.

What belongs here: finding the mapped columns, reading days and amounts in the notations
that public data sets use, and counting what could not be read. What does not: judging
the values, which hygiene.metrics does.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from hygiene.parquet_exchange import quote_identifier, quote_literal

# Tried in this order; the first that reads the most values is taken.
DATE_FORMATS = (
    "%Y%m%d",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d-%b-%Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d-%b-%y",
    "%Y-%m",
)
TIME_FORMATS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_NOTHING = "('', 'nan', 'nat', 'none', 'null', '<na>')"


class MappingError(Exception):
    """The file or its mapping cannot be used; the message says what to change."""


@dataclass
class Table:
    """A file as a table of text.

    Attributes:
        columns: Its columns, in file order.
        rejected_lines: Lines that are no rows of it.
        notes: What was assumed while reading, by subject.
    """

    columns: list[str]
    rejected_lines: int = 0
    notes: dict[str, object] = field(default_factory=dict)


def parse_mapping(
    pairs: Sequence[str], *, required: Sequence[str], optional: Sequence[str]
) -> dict[str, str]:
    """Turn `role=column` pairs into a mapping.

    Raises:
        MappingError: If a pair has no '=', a role is unknown or missing.
    """
    mapping: dict[str, str] = {}
    known = [*required, *optional]
    for pair in pairs:
        role, equals, column = pair.partition("=")
        if not equals or role not in known or not column:
            raise MappingError(
                f"--map {pair!r} is not usable; expected role=column with a role out of "
                f"{', '.join(known)}."
            )
        mapping[role] = column
    missing = [role for role in required if role not in mapping]
    if missing:
        raise MappingError(
            f"--map lacks {', '.join(missing)}; expected role=column for each of "
            f"{', '.join(required)} (optional: {', '.join(optional) or 'none'})."
        )
    return mapping


def load_text(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str = "raw"
) -> Table:
    """Load a CSV or Parquet file with every column as text.

    Raises:
        MappingError: If the file is missing, unreadable or empty.
    """
    if not path.is_file():
        raise MappingError(f"The file {path} does not exist; expected CSV or Parquet.")
    source = quote_literal(str(path))
    if path.suffix.lower() in {".parquet", ".pq"}:
        attempts = [f"SELECT * FROM read_parquet({source})"]
    else:
        options = "header = true, all_varchar = true, null_padding = true"
        attempts = [
            f"SELECT * FROM read_csv({source}, {options}{more})"
            for more in (
                "",
                ", encoding = 'latin-1'",
                ", store_rejects = true",
                ", encoding = 'latin-1', store_rejects = true",
            )
        ]
    problem = ""
    for query in attempts:
        try:
            connection.execute(f"CREATE OR REPLACE TEMP TABLE typed AS {query}")
        except duckdb.Error as error:
            problem = str(error).splitlines()[0][:200]
            continue
        columns = [row[0] for row in connection.execute("DESCRIBE typed").fetchall()]
        texts = ", ".join(
            f"nullif(trim({quote_identifier(c)}::VARCHAR), '') AS {quote_identifier(c)}"
            for c in columns
        )
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {texts} FROM typed"
        )
        connection.execute("DROP TABLE typed")
        if not connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchall():
            raise MappingError(
                f"{path.name} has a header and no rows; expected records."
            )
        rejected = 0
        if "store_rejects" in query:
            rejected = connection.execute(
                "SELECT count(DISTINCT line) FROM reject_errors"
            ).fetchall()[0][0]
        return Table(columns=columns, rejected_lines=rejected)
    raise MappingError(f"{path.name} could not be read as CSV or Parquet: {problem}")


def find_column(table: Table, role: str, column: str) -> str:
    """The quoted column that a role is mapped to, its case and spaces forgiven.

    Raises:
        MappingError: If the file has no such column.
    """
    if column in table.columns:
        return quote_identifier(column)
    alike = [c for c in table.columns if c.strip().lower() == column.strip().lower()]
    if len(alike) == 1:
        return quote_identifier(alike[0])
    raise MappingError(
        f"--map {role}={column}: the file has no column {column!r}; it has "
        f"{', '.join(table.columns[:40])}."
    )


def text_of(column: str) -> str:
    """SQL: the text of a column, spellings of nothing as null."""
    return f"CASE WHEN lower({column}) NOT IN {_NOTHING} THEN {column} END"


def amount_of(column: str) -> str:
    """SQL: a decimal number out of '1234.5', '$1,234.50', '1.234,50' or '(12.00)'."""
    bare = f"regexp_replace({column}, '[^0-9.,()-]', '', 'g')"
    signed = f"regexp_replace({bare}, '^\\(([0-9.,]+)\\)$', '-\\1')"
    return f"""coalesce(
        try_cast({column} AS DECIMAL(18, 4)),
        CASE
            WHEN regexp_full_match({column}, '[-+]?[0-9.]+[eE][-+]?[0-9]+')
                THEN try_cast(try_cast({column} AS DOUBLE) AS DECIMAL(18, 4))
            WHEN NOT regexp_full_match({column}, '[^0-9A-Za-z]*[A-Za-z]{{0,3}}[^0-9A-Za-z]*[0-9][^A-Za-z]*[A-Za-z]{{0,3}}')
                THEN NULL
            WHEN regexp_full_match({signed}, '-?([0-9]{{1,3}}(,[0-9]{{3}})+|[0-9]+)([.][0-9]+)?')
                THEN try_cast(replace({signed}, ',', '') AS DECIMAL(18, 4))
            WHEN regexp_full_match({signed}, '-?([0-9]{{1,3}}([.][0-9]{{3}})+|[0-9]+),[0-9]+')
                THEN try_cast(replace(replace({signed}, '.', ''), ',', '.') AS DECIMAL(18, 4))
        END
    )"""


def date_of(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    column: str,
    *,
    role: str,
    declared: str | None,
    name: str = "raw",
) -> str:
    """SQL: the day in a column, in the notation that reads most of its values.

    ISO days and instants are always read. A column in which day and month could be
    swapped throughout is taken as month first, which `table.notes` then says.
    """
    iso = (
        f"coalesce(try_cast({column} AS TIMESTAMP)::DATE, "
        f"(try_cast({column} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')::DATE, "
        f"CASE WHEN regexp_full_match({column}, '[0-9]{{13}}') "
        f"THEN make_timestamp_ms({column}::BIGINT)::DATE END, "
        f"CASE WHEN regexp_full_match({column}, '[0-9]{{10}}') "
        f"THEN make_timestamp({column}::BIGINT * 1000000)::DATE END)"
    )
    if declared:
        return f"try_strptime({column}, {quote_literal(declared)})::DATE"
    unread = connection.execute(
        f"SELECT count(DISTINCT {column}) FROM {name} "
        f"WHERE {text_of(column)} IS NOT NULL AND {iso} IS NULL"
    ).fetchall()[0][0]
    if unread == 0:
        table.notes[f"{role}_format"] = "ISO"
        return iso
    formats = [day + clock for day in DATE_FORMATS for clock in TIME_FORMATS]
    counts = ", ".join(
        f"count(try_strptime(value, {quote_literal(text)}))" for text in formats
    )
    row = connection.execute(
        f"SELECT {counts} FROM (SELECT DISTINCT {column} AS value FROM {name} "
        f"WHERE {iso} IS NULL)"
    ).fetchall()[0]
    best = max(row)
    if best == 0:
        table.notes[f"{role}_format"] = "ISO"
        return iso
    chosen = [text for text, count in zip(formats, row, strict=True) if count == best]
    table.notes[f"{role}_format"] = chosen[0]
    if len(chosen) > 1:
        table.notes[f"{role}_format_also_possible"] = chosen[1]
    return f"coalesce({iso}, try_strptime({column}, {quote_literal(chosen[0])})::DATE)"


def load_orders(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    mapping: dict[str, str],
    date_format: str | None,
) -> Table:
    """Create `events` out of an orders table.

    Rows of another currency than the most frequent one are left out and counted: adding
    currencies up needs rates, which a benchmark has not.
    """
    table = load_text(connection, path)
    columns = {role: find_column(table, role, name) for role, name in mapping.items()}
    day = date_of(
        connection,
        table,
        columns["order_date"],
        role="order_date",
        declared=date_format,
    )
    amount = amount_of(columns["amount"]) if "amount" in columns else "1"
    if "quantity" in columns:
        amount = f"({amount})::DOUBLE * ({amount_of(columns['quantity'])})::DOUBLE"
    kind = f"lower({columns['kind']})" if "kind" in columns else "NULL"
    keep = "true"
    if "currency" in columns:
        common = connection.execute(
            f"SELECT {columns['currency']}, count(*) FROM raw GROUP BY 1 "
            "ORDER BY 2 DESC, 1 LIMIT 1"
        ).fetchall()
        if common and common[0][0] is not None:
            keep = f"{columns['currency']} = {quote_literal(common[0][0])}"
            table.notes["currency"] = common[0][0]
            table.notes["other_currency"] = connection.execute(
                f"SELECT count(*) FROM raw WHERE ({keep}) IS NOT TRUE"
            ).fetchall()[0][0]
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE events AS SELECT "
        f"{text_of(columns['customer_id'])} AS customer_key, {day} AS event_date, "
        f"round(try_cast({amount} AS DOUBLE), 2)::DECIMAL(18, 2) AS amount, "
        f"{kind}::VARCHAR AS kind FROM raw WHERE {keep}"
    )
    return table


def load_terms(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    mapping: dict[str, str],
    *,
    interval: str,
    ends_exclusive: bool,
    date_format: str | None,
) -> Table:
    """Create `terms` out of a subscriptions table; amounts become monthly amounts."""
    table = load_text(connection, path)
    columns = {role: find_column(table, role, name) for role, name in mapping.items()}
    start = date_of(
        connection, table, columns["start"], role="start", declared=date_format
    )
    last, unreadable = "NULL::DATE", "false"
    if "end" in columns:
        given = text_of(columns["end"])
        last = date_of(
            connection, table, columns["end"], role="end", declared=date_format
        )
        unreadable = f"({given} IS NOT NULL AND {last} IS NULL)"
        if ends_exclusive:
            last = f"({last} - 1)"
    unit = f"lower({columns['interval']})" if "interval" in columns else f"'{interval}'"
    if "interval" in columns:
        table.notes["unknown_interval"] = connection.execute(
            f"SELECT count(*) FROM raw WHERE {_months_of(unit)} IS NULL "
            f"AND {unit} <> 'term' OR {unit} IS NULL"
        ).fetchall()[0][0]
    amount = amount_of(columns["amount"])
    # Amounts for a whole term are spread over its months, counted by days.
    term_months = (
        "greatest(date_diff('day', start_date, end_date) + 1, 1) / (365.25 / 12)"
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE terms AS
        WITH read AS (
            SELECT
                {text_of(columns["customer_id"])} AS customer_key,
                {start} AS start_date,
                {last} AS end_date,
                {unreadable} AS is_end_unreadable,
                ({amount})::DOUBLE AS amount,
                {unit} AS unit
            FROM raw
        )
        SELECT
            customer_key,
            start_date,
            end_date,
            is_end_unreadable,
            round(
                CASE WHEN unit = 'term' THEN amount / ({term_months})
                ELSE amount / ({_months_of("unit")}) END,
                2
            )::DECIMAL(18, 2) AS mrr
        FROM read"""
    )
    return table


def _months_of(unit: str) -> str:
    """SQL: months in a billing interval; null if its name is unknown."""
    return (
        f"CASE WHEN {unit} IN ('month', 'monthly', 'm', '1 month') THEN 1.0 "
        f"WHEN {unit} IN ('quarter', 'quarterly', 'q', '3 months') THEN 3.0 "
        f"WHEN {unit} IN ('half-year', 'semiannual', '6 months') THEN 6.0 "
        f"WHEN {unit} IN ('year', 'yearly', 'annual', 'annually', 'y', '12 months') THEN 12.0 "
        f"WHEN {unit} IN ('week', 'weekly', 'w') THEN 12.0 / 52 "
        f"WHEN {unit} IN ('day', 'daily', 'd') THEN 12.0 / 365.25 END"
    )


def add_file_arguments(parser: argparse.ArgumentParser, roles: str) -> None:
    """The arguments that every table needs."""
    parser.add_argument("file", type=Path, help="CSV or Parquet")
    parser.add_argument(
        "--map",
        nargs="+",
        action="extend",
        default=[],
        metavar="ROLE=COLUMN",
        help=f"which column plays which role: {roles}",
    )
    parser.add_argument(
        "--date-format", help="strptime notation of days; found by itself if omitted"
    )
