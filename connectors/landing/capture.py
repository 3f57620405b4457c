"""Row-level change capture: which rows of a batch are news.

Belongs here: the set operations between an incoming Parquet file and what is landed.
DuckDB does them out of core, so that memory does not grow with the batch. No commit.

The hash of a row covers its non-null (name, value) pairs in name order. A column that
arrives empty therefore changes no hash, and a column that disappears changes exactly
the rows that had a value in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq

from connectors.errors import LandingError
from connectors.landing.model import LoadMode
from connectors.landing.schema import METADATA_SCHEMA, DeleteKind

# What does not fit is spilled to the disk of the landing zone. Together with what Polars
# needs for a wide page, a load of any size stays below 1 GiB.
MEMORY_LIMIT = "512MB"
ROW_GROUP = 16_384
SLICE = 2 * ROW_GROUP

_STATE = "_row_hash, _is_deleted, _delete_kind, _merged_into"
_SAME_STATE = """
    {l}._row_hash = {r}._row_hash
    AND {l}._is_deleted = {r}._is_deleted
    AND {l}._delete_kind IS NOT DISTINCT FROM {r}._delete_kind
    AND {l}._merged_into IS NOT DISTINCT FROM {r}._merged_into
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Counts of one comparison and a fingerprint of what it would land."""

    incoming: int
    new: int
    changed: int
    unchanged: int
    repeated: int
    superseded: int
    tombstoned: int
    living: int
    fingerprint: int


def quote_identifier(name: str) -> str:
    """Quote a column name for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def _quote_path(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _quote_paths(paths: Sequence[Path]) -> str:
    """Write paths as a DuckDB list literal (paths are ours, their text may hold quotes)."""
    return f"[{', '.join(map(_quote_path, paths))}]"


def row_hash_expression(columns: Sequence[str]) -> str:
    """SQL for the canonical hash of the non-null pairs of `columns`.

    The pairs `name=value` are joined in name order by the unit separator (U+001F), which
    no exporter writes; concat_ws() leaves out pairs that are null because their value is.
    """
    if not columns:
        return "sha256('')"
    pairs = ", ".join(
        f"'{name}=' || {quote_identifier(name)}" for name in sorted(columns)
    )
    return f"sha256(concat_ws(chr(31), {pairs}))"


def _write_parts(
    target: Path,
    columns: Sequence[str],
    parts: Sequence[pl.LazyFrame],
    constants: Mapping[str, pl.Expr],
) -> int:
    """Write frames one after the other into one file; return how many rows.

    One at a time: what runs ahead in a single stream is held, the more the longer it is.
    """
    names = list(columns)
    for part in parts[-1:]:
        # Tombstones may have columns that the source no longer has.
        known = {*METADATA_SCHEMA, "outcome", "_hash_seq", *names}
        names += [n for n in part.collect_schema().names() if n not in known]
    schema = pl.Schema(dict.fromkeys(names, pl.String())) | METADATA_SCHEMA
    empty = pl.LazyFrame(schema=schema)
    oldest = pl.CompatLevel.oldest()
    rows = 0
    with pq.ParquetWriter(
        target, empty.collect().to_arrow(compat_level=oldest).schema, compression="zstd"
    ) as writer:
        for part in parts:
            named = part.with_columns(**constants)
            known = set(schema) & set(named.collect_schema().names())
            whole = pl.concat([empty, named.select(known)], how="diagonal")
            frame = whole.select(list(schema)).collect()
            rows += frame.height
            table = frame.to_arrow(compat_level=oldest)
            writer.write_table(table, row_group_size=ROW_GROUP)
    return rows


class ChangeCapture:
    """One comparison of one incoming file with the landed parts of one source."""

    def __init__(
        self,
        incoming: Path,
        columns: Sequence[str],
        landed: Sequence[Path],
        workdir: Path,
    ) -> None:
        self._incoming = incoming
        self._workdir = workdir
        self._columns = sorted(columns)
        self._landed = list(landed)
        self._con = duckdb.connect()
        self._con.execute("SET TimeZone = 'UTC'")
        self._con.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        self._con.execute(f"SET temp_directory = {_quote_path(workdir)}")

    def close(self) -> None:
        """Free the memory and spill files of this comparison."""
        self._con.close()

    def compare(
        self, mode: LoadMode, order_by: Sequence[str], gone_ids: Path | None = None
    ) -> Verdict:
        """Classify every incoming row, and find records that are gone.

        `gone_ids` is a Parquet file of `_source_record_id` known to be gone in a delta.
        """
        self._read_incoming(order_by)
        self._read_current()
        self._con.execute(
            f"""
            CREATE TEMP TABLE verdict AS
            SELECT _load_seq, outcome,
                md5_number_lower(outcome || _source_record_id || ' '
                    || lower(hex(_row_hash))) AS digest
            FROM (
                SELECT kept._load_seq, kept._source_record_id, kept._row_hash,
                    CASE
                        WHEN current._source_record_id IS NULL THEN 'new'
                        WHEN {_SAME_STATE.format(l="kept", r="current")}
                            THEN 'unchanged'
                        ELSE 'changed'
                    END AS outcome
                FROM kept LEFT JOIN current USING (_source_record_id))
            """
        )
        # A record that was deleted or merged before it vanished keeps that evidence.
        gone = "NOT current._is_deleted" if mode is LoadMode.FULL else "false"
        if gone_ids is not None and mode is LoadMode.DELTA:
            gone = f"""NOT current._is_deleted AND current._source_record_id IN (
                SELECT _source_record_id FROM read_parquet({_quote_path(gone_ids)},
                    hive_partitioning = false))"""
        self._con.execute(
            f"""
            CREATE TEMP TABLE gone AS
            SELECT current._source_record_id, current._load_id
            FROM current
            WHERE {gone} AND NOT EXISTS (
                SELECT 1 FROM kept
                WHERE kept._source_record_id = current._source_record_id)
            """
        )
        return self._verdict()

    def write_part(
        self, target: Path, *, source_name: str, load_id: str, extracted_at: datetime
    ) -> None:
        """Write the rows that are news, then the tombstones, as one Parquet file.

        Hashes and outcomes are laid beside the incoming rows in the same order, so that
        the wide rows are streamed past and never sorted, joined or held. Only outcomes
        are sorted: they are narrow, while hashes lie in the order in which they came.

        Raises:
            LandingError: The rows beside each other are not the same ones.
        """
        hashes = self._workdir / "hashes.parquet"
        outcomes = self._workdir / "outcomes.parquet"
        self._copy(
            "SELECT _load_seq AS _hash_seq, lower(hex(_row_hash)) AS _row_hash "
            "FROM incoming",
            hashes,
        )
        self._copy(
            "SELECT outcome FROM (SELECT _load_seq FROM incoming) "
            "LEFT JOIN verdict USING (_load_seq) ORDER BY _load_seq",
            outcomes,
        )
        total = self._count("incoming")
        news = self._count("verdict WHERE outcome <> 'unchanged'")
        news += (absent := self._count("gone"))
        scans = [pl.scan_parquet(path) for path in (self._incoming, hashes, outcomes)]
        parts = [
            pl.concat(
                [scan.slice(start, SLICE) for scan in scans], how="horizontal"
            ).filter(
                pl.col("outcome").is_in(["new", "changed"]),
                pl.col("_hash_seq") == pl.col("_load_seq"),
            )
            for start in range(0, total, SLICE)
        ]
        if absent:
            tombstones = pl.scan_parquet(self._write_tombstones())
            parts += [tombstones.slice(at, SLICE) for at in range(0, absent, SLICE)]
        # What follows streams files: the tables of the comparison need not wait for it.
        self._con.close()
        constants = {
            "_source_name": pl.lit(source_name),
            "_load_id": pl.lit(load_id),
            "_extracted_at": pl.lit(extracted_at, dtype=pl.Datetime("us")),
        }
        written = _write_parts(target, self._columns, parts, constants)
        if written != news:
            raise LandingError(
                f"landing {target.parent.name}: {written:,} rows were written, {news:,} "
                "are news. Nothing of it was landed; this is a fault of the program, "
                "report it with the versions of DuckDB and Polars"
            )

    def _copy(self, query: str, path: Path) -> None:
        self._con.execute(
            f"COPY ({query}) TO {_quote_path(path)} "
            f"(FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE {ROW_GROUP})"
        )

    def _write_tombstones(self) -> Path:
        """Write the last known version of every record that is gone, marked absent."""
        path = self._workdir / "tombstones.parquet"
        self._con.execute(
            f"""
            COPY (
                SELECT rows.* REPLACE (
                    true AS _is_deleted, '{DeleteKind.ABSENT}' AS _delete_kind,
                    (SELECT count(*) FROM incoming)
                        + row_number() OVER (ORDER BY rows._source_record_id)
                        AS _load_seq)
                FROM read_parquet({_quote_paths(self._landed)}, union_by_name = true,
                hive_partitioning = false)
                    AS rows
                JOIN gone ON rows._source_record_id = gone._source_record_id
                    AND rows._load_id = gone._load_id
                ORDER BY rows._source_record_id
            ) TO {_quote_path(path)} (FORMAT parquet, COMPRESSION lz4)
            """
        )
        return path

    def _read_incoming(self, order_by: Sequence[str]) -> None:
        """Keep the newest row per id; later rows win ties.

        Hashes are held as bytes, and the columns of the order are read again where ids
        repeat: what is held per row is what counts for large loads.
        """
        self._con.execute(
            f"""
            CREATE TEMP TABLE incoming AS
            SELECT _load_seq, _source_record_id, _is_deleted, _delete_kind,
                _merged_into, unhex({row_hash_expression(self._columns)}) AS _row_hash
            FROM read_parquet({_quote_path(self._incoming)},
                hive_partitioning = false)
            """
        )
        repeats = self._con.execute(
            "SELECT count(*) - count(DISTINCT _source_record_id) FROM incoming"
        ).fetchall()[0][0]
        if repeats:
            names = [quote_identifier(name) for name in order_by]
            newest = "".join(f"{name} DESC NULLS LAST, " for name in names)
            listed = "".join(f", {name}" for name in names)
            self._con.execute(
                f"""
                CREATE TEMP TABLE kept AS
                SELECT _load_seq, _source_record_id, {_STATE}
                FROM incoming JOIN (
                    SELECT _load_seq{listed}
                    FROM read_parquet({_quote_path(self._incoming)},
                        hive_partitioning = false)
                ) USING (_load_seq)
                QUALIFY row_number() OVER (
                    PARTITION BY _source_record_id
                    ORDER BY {newest} _load_seq DESC) = 1
                """
            )
        else:
            self._con.execute("CREATE TEMP VIEW kept AS SELECT * FROM incoming")

    def _read_current(self) -> None:
        """Reduce what is landed to the latest version per id, narrow columns only."""
        if not self._landed:
            self._con.execute(
                """
                CREATE TEMP TABLE current (
                    _source_record_id VARCHAR, _load_id VARCHAR, _row_hash BLOB,
                    _is_deleted BOOLEAN, _delete_kind VARCHAR, _merged_into VARCHAR)
                """
            )
            return
        self._con.execute(
            f"""
            CREATE TEMP TABLE current AS
            SELECT _source_record_id, max(_load_id) AS _load_id,
                unnest(arg_max(struct_pack(
                    _row_hash := unhex(_row_hash), _is_deleted := _is_deleted,
                    _delete_kind := _delete_kind, _merged_into := _merged_into
                ), _load_id))
            FROM read_parquet({_quote_paths(self._landed)}, union_by_name = true,
                hive_partitioning = false)
            GROUP BY _source_record_id
            """
        )

    def _verdict(self) -> Verdict:
        outcomes = dict(
            self._con.execute(
                "SELECT outcome, count(*) FROM verdict GROUP BY outcome"
            ).fetchall()
        )
        incoming, kept = self._count("incoming"), self._count("kept")
        repeated = 0
        if incoming > kept:
            same = _SAME_STATE.format(l="incoming", r="kept")
            repeated = self._con.execute(
                f"""
                SELECT count(*) FROM incoming JOIN kept USING (_source_record_id)
                WHERE incoming._load_seq <> kept._load_seq AND {same}
                """
            ).fetchall()[0][0]
        fingerprint = self._con.execute(
            """
            SELECT coalesce(bit_xor(digest), 0) FROM (
                SELECT digest FROM verdict WHERE outcome <> 'unchanged'
                UNION ALL
                SELECT md5_number_lower('gone' || _source_record_id) FROM gone)
            """
        ).fetchall()[0][0]
        living = self._con.execute(
            "SELECT count(*) FROM current WHERE NOT _is_deleted"
        ).fetchall()[0][0]
        return Verdict(
            incoming=incoming,
            new=outcomes.get("new", 0),
            changed=outcomes.get("changed", 0),
            unchanged=outcomes.get("unchanged", 0),
            repeated=repeated,
            superseded=incoming - kept - repeated,
            tombstoned=self._count("gone"),
            living=living,
            fingerprint=fingerprint,
        )

    def _count(self, table: str) -> int:
        count: int = self._con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
        return count
