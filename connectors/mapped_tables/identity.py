"""Which record a row of a sheet is: stable ids where the sheet has none of its own.

Belongs here: `_source_record_id`. In order: the mapped id; the key columns of the
configuration; a hash of the row. Rows of one sheet that share an id but not their content
are numbered (`7`, `7#2`); rows that are the same in everything collapse when they carry an
id and are numbered when they do not, because two equal sales without a number are two.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from connectors.landing import quote_identifier, row_hash_expression
from connectors.tabular import LINE

HASH_LENGTH = 16
_KEY_SEPARATOR = "|"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """Rows with `_source_record_id`, and what was remarkable about their ids."""

    frame: pl.LazyFrame
    without_id: int
    numbered: int


def identify_rows(frame: pl.LazyFrame, key: Sequence[str], workdir: Path) -> Identified:
    """Give every row of one sheet its record id.

    Args:
        frame: Text columns under their landed names, plus `_line`, in file order.
        key: Landed columns that make the id; empty for a hash of the row.
        workdir: Folder for working copies.
    """
    columns = [name for name in frame.collect_schema().names() if name != LINE]
    rows = workdir / f"rows-{uuid.uuid4().hex}.parquet"
    ids = workdir / f"ids-{uuid.uuid4().hex}.parquet"
    frame.sink_parquet(rows, compression="lz4", statistics=False)
    con = duckdb.connect()
    try:
        con.execute("SET memory_limit = '1GB'")
        con.execute("SET temp_directory = $folder", {"folder": str(workdir)})
        con.execute(
            f"""
            CREATE TEMP TABLE rows AS
            SELECT {LINE}, {_key_expression(key)} AS key,
                {row_hash_expression(columns)} AS content
            FROM read_parquet($rows)
            """,
            {"rows": str(rows)},
        )
        con.execute(
            f"""
            CREATE TEMP TABLE ids AS
            SELECT {LINE}, key IS NULL AS is_hashed,
                coalesce(key, 'row-' || left(content, {HASH_LENGTH})) AS base,
                CASE WHEN key IS NULL
                    THEN row_number() OVER (
                        PARTITION BY key, left(content, {HASH_LENGTH}) ORDER BY {LINE})
                    ELSE dense_rank() OVER (PARTITION BY key ORDER BY first_line)
                END AS number
            FROM (
                SELECT *, min({LINE}) OVER (PARTITION BY key, content) AS first_line
                FROM rows)
            """
        )
        con.execute(
            f"""
            COPY (
                SELECT base || CASE WHEN number > 1 THEN '#' || number ELSE '' END
                    AS _source_record_id
                FROM ids ORDER BY {LINE}
            ) TO '{str(ids).replace("'", "''")}' (FORMAT parquet, COMPRESSION lz4)
            """
        )
        without_id, numbered = con.execute(
            """
            SELECT count(*) FILTER (is_hashed), count(*) FILTER (number > 1) FROM ids
            """
        ).fetchall()[0]
    finally:
        con.close()
    # Both files have one row per line in the same order.
    joined = pl.concat([pl.scan_parquet(rows), pl.scan_parquet(ids)], how="horizontal")
    return Identified(frame=joined, without_id=without_id, numbered=numbered)


def _key_expression(key: Sequence[str]) -> str:
    """SQL for the id of a row, null when all its parts are blank."""
    if not key:
        return "CAST(NULL AS VARCHAR)"
    parts = [f"trim(coalesce({quote_identifier(name)}, ''))" for name in key]
    if len(parts) == 1:
        return f"nullif({parts[0]}, '')"
    joined = f" || '{_KEY_SEPARATOR}' || ".join(parts)
    blank = " AND ".join(f"{part} = ''" for part in parts)
    return f"CASE WHEN {blank} THEN NULL ELSE {joined} END"
