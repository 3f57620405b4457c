"""Several versions of one record inside one snapshot: the newest wins, none is lost.

Belongs here: finding rows that share an id and differ, and choosing among them by a rule
that does not depend on the order of files. DuckDB does it out of core; only ids that
repeat are ever hashed. Identical repeats are left alone: the landing zone counts them.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path

import duckdb
import polars as pl

from connectors.landing import REJECTED_INPUT

SUPERSEDED = "superseded_version"
_DETAIL = "an older version of a record that the same snapshot holds in a newer one"
_MEMORY_LIMIT = "1GB"
_ID, _FILE, _LINE = "_source_record_id", "_source_file", "_source_line"


def resolve_versions(
    frame: pl.LazyFrame, order_by: Sequence[str], workdir: Path
) -> tuple[pl.LazyFrame, pl.DataFrame]:
    """Keep one version per id.

    Of several versions the one with the latest time wins; among equals the one with more
    filled columns, then the greater content hash, so that file order never matters.

    Args:
        frame: Text columns with `_source_record_id`, `_source_file`, `_source_line`.
        order_by: Columns with times, most important first; absent ones are skipped.
        workdir: Folder for a spool file, which must outlive the result.

    Returns:
        The frame without older versions, and those as rejected rows.
    """
    repeated = (
        frame.select(_ID)
        .group_by(_ID)
        .len()
        .filter(pl.col("len") > 1)
        .select(_ID)
        .collect()
    )
    if repeated.is_empty():
        return frame, pl.DataFrame(schema=REJECTED_INPUT)
    spool = workdir / f"repeated-{uuid.uuid4().hex}.parquet"
    frame.join(repeated.lazy(), on=_ID, how="semi").sink_parquet(
        spool, compression="lz4"
    )
    names = [name for name in frame.collect_schema() if not name.startswith("_")]
    losers = _find_losers(spool, names, order_by, workdir)
    if losers.is_empty():
        return frame, pl.DataFrame(schema=REJECTED_INPUT)
    rejected = (
        pl.scan_parquet(spool)
        .join(losers.lazy(), on=[_FILE, _LINE], how="semi")
        .select(
            _FILE,
            _LINE,
            pl.lit(SUPERSEDED).alias("reason_code"),
            pl.lit(_DETAIL).alias("reason_detail"),
            raw_text_expression(names),
        )
        .sort(_FILE, _LINE)
        .collect()
    )
    kept = frame.join(
        losers.lazy(), on=[_FILE, _LINE], how="anti", maintain_order="left"
    )
    return kept, rejected


def raw_text_expression(names: Sequence[str]) -> pl.Expr:
    """Write a row as a JSON object, for the steward who looks at a rejected row."""
    return pl.struct(names).struct.json_encode().alias("raw_text")


def _find_losers(
    spool: Path, names: Sequence[str], order_by: Sequence[str], workdir: Path
) -> pl.DataFrame:
    columns = sorted(names)
    pairs = [
        f"'{name}=' || strlen({_quote(name)}) || ':' || {_quote(name)}"
        for name in columns
    ]
    filled = [f"({_quote(name)} IS NOT NULL)::INT" for name in columns]
    newest = [
        f"{_canonical_time(name)} DESC NULLS LAST" for name in order_by if name in names
    ]
    order = ", ".join([*newest, "filled DESC", "content DESC"])
    connection = duckdb.connect()
    try:
        connection.execute(f"SET memory_limit = '{_MEMORY_LIMIT}'")
        connection.execute("SET temp_directory = $folder", {"folder": str(workdir)})
        return connection.execute(
            f"""
            WITH ranked AS (
                SELECT {_ID}, {_FILE}, {_LINE},
                    {"".join(f"{_quote(name)}, " for name in order_by if name in names)}
                    {" + ".join(filled)} AS filled,
                    sha256(concat('', {", ".join(pairs)})) AS content
                FROM read_parquet($spool)
            ),
            judged AS (
                SELECT {_FILE}, {_LINE}, content, first_value(content) OVER (
                    PARTITION BY {_ID} ORDER BY {order}) AS winner
                FROM ranked
            )
            SELECT {_FILE}, {_LINE} FROM judged WHERE content <> winner
            """,
            {"spool": str(spool)},
        ).pl()
    finally:
        connection.close()


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _canonical_time(name: str) -> str:
    """SQL that makes `2026-01-05T10:00:00.000Z` and `2026-01-05 10:00:00` comparable."""
    column = _quote(name)
    seconds = f"replace(left(trim({column}), 19), 'T', ' ')"
    fraction = rf"rpad(regexp_extract({column}, ':\d\d\.(\d{{1,6}})', 1), 6, '0')"
    return f"({seconds} || {fraction})"
