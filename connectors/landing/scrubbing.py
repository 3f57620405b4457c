"""Apply the suppression list to Parquet files of landed rows, and to rejects.

Belongs here: finding the few rows that may speak of somebody on the list, with DuckDB and
out of core, and writing a file without them. What happens to one row is in `suppression`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from connectors.landing.capture import (
    MEMORY_LIMIT,
    ROW_GROUP,
    quote_identifier,
    row_hash_expression,
)
from connectors.landing.schema import METADATA_SCHEMA
from connectors.landing.suppression import (
    EMAIL_PATTERN,
    PERSON_ID_PATTERN,
    PHONE_DIGITS,
    Origin,
    Suppression,
    contact_reference_prefix,
    is_contact_ids_column,
    is_phone_column,
    scrub_row,
    scrub_text,
    ties_of,
)

_KNOWN = "keyed({}) IN (SELECT hash FROM suppressed)"


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """What one pass over a file did."""

    removed: int = 0
    rewritten: int = 0

    def __bool__(self) -> bool:
        return bool(self.removed or self.rewritten)


def scrub_parquet(
    path: Path,
    target: Path,
    origin: Origin,
    suppression: Suppression,
    *,
    renumber: bool = False,
) -> Scrubbed:
    """Write a file of landed rows without anybody on the list.

    Args:
        path: Rows with `_source_record_id` and `_load_seq`, which is unique in it.
        target: Written only if there is something to take out.
        origin: Where the rows are from.
        suppression: The list.
        renumber: Whether `_load_seq` is counted anew, without gaps.

    Returns:
        Rows removed and rewritten; false when nothing was written.
    """
    if not suppression:
        return Scrubbed()
    connection = duckdb.connect()
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        connection.execute("SET temp_directory = ?", [str(target.parent)])
        _prepare(connection, path, suppression)
        schema = pl.read_parquet_schema(path)
        data = [name for name in schema if name not in METADATA_SCHEMA]
        _find(connection, data, origin)
        rows = connection.sql(
            "SELECT * FROM rows WHERE _load_seq IN (SELECT seq FROM found)"
        ).pl()
        kept, gone = [], []
        for row in rows.iter_rows(named=True):
            scrubbed = scrub_row(row, origin, suppression)
            if scrubbed is None:
                gone.append(row["_load_seq"])
            elif scrubbed != row:
                kept.append(scrubbed)
        if not (kept or gone):
            return Scrubbed()
        rewritten = pl.DataFrame(kept, schema=rows.schema)
        _write(connection, target, rewritten, gone, data, renumber=renumber)
        return Scrubbed(len(gone), rewritten.height)
    finally:
        connection.close()


def scrub_rejects(
    rejected: pl.DataFrame, suppression: Suppression
) -> tuple[pl.DataFrame, int]:
    """Leave out rejected rows whose text names somebody on the list; count them."""
    if not suppression or rejected.is_empty():
        return rejected, 0
    texts = rejected["raw_text"].fill_null("").to_list()
    fine = [scrub_text(text, suppression) == text for text in texts]
    return rejected.filter(pl.Series(fine)), fine.count(False)


def _prepare(
    connection: duckdb.DuckDBPyConnection, path: Path, suppression: Suppression
) -> None:
    # Bound, so that the secret is part of no statement.
    connection.execute(
        "CREATE TEMP TABLE keys AS SELECT ?::VARCHAR AS i, ?::VARCHAR AS o",
        list(suppression.keys),
    )
    connection.execute(
        "CREATE TEMP MACRO keyed(v) AS sha256("
        "(SELECT o FROM keys) || sha256((SELECT i FROM keys) || v))"
    )
    hashes = pl.DataFrame({"hash": sorted(suppression.hashes)})
    connection.register("suppressed_frame", hashes)
    connection.execute("CREATE TEMP TABLE suppressed AS FROM suppressed_frame")
    connection.execute(
        # The folders are named like partitions, which would hide a column `source`.
        f"CREATE TEMP VIEW rows AS FROM read_parquet('{_escaped(path)}', "
        "hive_partitioning = false)"
    )


def _find(
    connection: duckdb.DuckDBPyConnection, data: Sequence[str], origin: Origin
) -> None:
    """Create `found` (seq): rows with any identifier that is on the list."""
    text = "concat_ws(chr(31), _source_record_id" + "".join(
        f", {quote_identifier(name)}" for name in data
    )
    text += ")"
    parts = [
        f"""
        SELECT _load_seq AS seq FROM (
            SELECT _load_seq, unnest(list_distinct(regexp_extract_all(
                lower({text}), ?))) AS token FROM rows WHERE contains({text}, '@'))
        WHERE {_KNOWN.format("'email|' || token")}
        """,
        f"""
        SELECT _load_seq FROM (
            SELECT _load_seq, unnest(list_distinct(regexp_extract_all(
                {text}, ?))) AS token FROM rows
            WHERE contains({text}, '003') OR contains({text}, '00Q'))
        WHERE {_KNOWN.format("'record|salesforce|' || token[1:15]")}
        """,
    ]
    bound = [EMAIL_PATTERN, PERSON_ID_PATTERN]
    if origin.source_type == "salesforce":
        own = "'record|salesforce|' || _source_record_id[1:15]"
        parts.append(f"SELECT _load_seq FROM rows WHERE {_KNOWN.format(own)}")
    else:
        own = "'record|' || ? || _source_record_id"
        parts.append(f"SELECT _load_seq FROM rows WHERE {_KNOWN.format(own)}")
        place = f"{origin.source_type}|{origin.source_name}|{origin.object}|"
        bound.append(place)
    for tie in ties_of(origin):
        if tie.column in data and (tie.object or "object_type" in data):
            named = "?" if tie.object else "coalesce(object_type, '')"
            parts.append(
                "SELECT _load_seq FROM rows WHERE "
                + _KNOWN.format(
                    f"'record|hubspot|' || ? || '|' || {named} || '|' || "
                    f"coalesce({quote_identifier(tie.column)}, '')"
                )
            )
            bound += [origin.source_name, *([tie.object] if tie.object else [])]
    lists = [name for name in data if is_contact_ids_column(name)]
    if lists and origin.source_type == "hubspot":
        listed = ", ".join(quote_identifier(name) for name in lists)
        parts.append(
            f"""
            SELECT _load_seq FROM (
                SELECT _load_seq, unnest(list_distinct(regexp_extract_all(
                    concat_ws(';', {listed}), '[0-9]+'))) AS token FROM rows)
            WHERE {_KNOWN.format("'record|' || ? || token")}
            """
        )
        bound.append(contact_reference_prefix(origin))
    names = _name_expressions(data)
    if names is not None:
        given, family = names
        for phone in (name for name in data if is_phone_column(name)):
            digits = f"regexp_replace({quote_identifier(phone)}, '[^0-9]', '', 'g')"
            person = (
                f"'person|' || {_plain(given)} || '|' || {_plain(family)} || '|' || "
                f"right({digits}, {PHONE_DIGITS})"
            )
            parts.append(f"SELECT _load_seq FROM rows WHERE {_KNOWN.format(person)}")
    union = " UNION ".join(parts)
    connection.execute(f"CREATE TEMP TABLE found AS SELECT * FROM ({union})", bound)


def _name_expressions(data: Sequence[str]) -> tuple[str, str] | None:
    def column(*names: str) -> str | None:
        return next((quote_identifier(name) for name in names if name in data), None)

    given, family = column("firstname", "first_name"), column("lastname", "last_name")
    full = column("full_name", "fullname", "name")
    first = f"string_split(trim({full}), ' ')[1]"
    last = f"string_split(trim({full}), ' ')[-1]"
    if given and family:
        if full is None:
            return given, family
        whole = f"nullif({given}, '') IS NOT NULL AND nullif({family}, '') IS NOT NULL"
        return (
            f"CASE WHEN {whole} THEN {given} ELSE {first} END",
            f"CASE WHEN {whole} THEN {family} ELSE {last} END",
        )
    return (first, last) if full else None


def _plain(expression: str) -> str:
    return f"strip_accents(lower(trim({expression})))"


def _write(
    connection: duckdb.DuckDBPyConnection,
    target: Path,
    rewritten: pl.DataFrame,
    gone: Sequence[int],
    data: Sequence[str],
    *,
    renumber: bool,
) -> None:
    connection.register("rewritten_frame", rewritten)
    connection.register(
        "gone_frame", pl.DataFrame({"seq": gone}, schema={"seq": pl.Int64})
    )
    replaced = []
    if "_row_hash" in rewritten.columns:
        replaced.append(f"{row_hash_expression(data)} AS _row_hash")
    fresh = f"* REPLACE ({', '.join(replaced)})" if replaced else "*"
    number = "row_number() OVER (ORDER BY _load_seq)" if renumber else "_load_seq"
    connection.execute(
        f"""
        COPY (
            SELECT * REPLACE ({number} AS _load_seq) FROM (
                SELECT * FROM rows
                WHERE _load_seq NOT IN (SELECT seq FROM gone_frame)
                    AND _load_seq NOT IN (SELECT _load_seq FROM rewritten_frame)
                UNION ALL BY NAME SELECT {fresh} FROM rewritten_frame)
            ORDER BY _load_seq
        ) TO '{_escaped(target)}'
        (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})
        """
    )


def _escaped(path: Path) -> str:
    return str(path).replace("'", "''")
