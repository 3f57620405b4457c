"""Row-level change capture: which rows of a batch are news.

Belongs here: the set operations between an incoming Parquet file and what is landed.
DuckDB does them out of core, so that memory does not grow with the batch. No commit.

The hash of a row covers its non-null (name, value) pairs in name order. A column that
arrives empty therefore changes no hash, and a column that disappears changes exactly
the rows that had a value in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from connectors.landing.model import LoadMode
from connectors.landing.schema import METADATA_SCHEMA, DeleteKind

MEMORY_LIMIT = "1GB"
ROW_GROUP = 100_000

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


def quote_paths(paths: Sequence[Path]) -> str:
    """Write paths as a DuckDB list literal (paths are ours, their text may hold quotes)."""
    inner = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    return f"[{inner}]"


def row_hash_expression(columns: Sequence[str]) -> str:
    """SQL for the canonical hash of the non-null pairs of `columns`.

    Each pair is written as `name=<bytes>:<value>`; the length makes it unambiguous.
    """
    pairs = []
    for name in sorted(columns):
        column = quote_identifier(name)
        pairs.append(f"'{name}=' || strlen({column}) || ':' || {column}")
    # A null value makes its pair null, and concat() leaves nulls out.
    return f"sha256(concat('', {', '.join(pairs)}))" if pairs else "sha256('')"


class ChangeCapture:
    """One comparison of one incoming file with the landed parts of one source."""

    def __init__(
        self,
        incoming: Path,
        columns: Sequence[str],
        landed: Sequence[Path],
        workdir: Path,
    ) -> None:
        self._incoming = quote_paths([incoming])
        self._columns = sorted(columns)
        self._landed = list(landed)
        self._con = duckdb.connect()
        self._con.execute("SET TimeZone = 'UTC'")
        self._con.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        self._con.execute(f"SET temp_directory = {quote_paths([workdir])[1:-1]}")

    def close(self) -> None:
        """Free the memory and spill files of this comparison."""
        self._con.close()

    def compare(self, mode: LoadMode, order_by: Sequence[str]) -> Verdict:
        """Classify every incoming row, and find records that are gone."""
        self._read_incoming(order_by)
        self._read_current()
        self._con.execute(
            f"""
            CREATE TEMP TABLE verdict AS
            SELECT kept._load_seq, kept._source_record_id, kept._row_hash,
                CASE
                    WHEN current._source_record_id IS NULL THEN 'new'
                    WHEN {_SAME_STATE.format(l="kept", r="current")} THEN 'unchanged'
                    ELSE 'changed'
                END AS outcome
            FROM kept LEFT JOIN current USING (_source_record_id)
            """
        )
        # A record that was deleted or merged before it vanished keeps that evidence.
        gone = "NOT current._is_deleted" if mode is LoadMode.FULL else "false"
        self._con.execute(
            f"""
            CREATE TEMP TABLE gone AS
            SELECT current._source_record_id, current._load_id, current._row_hash
            FROM current
            WHERE {gone} AND NOT EXISTS (
                SELECT 1 FROM kept
                WHERE kept._source_record_id = current._source_record_id)
            """
        )
        return self._verdict()

    def write_part(
        self, target: Path, *, source_name: str, load_id: str, extracted_at: str
    ) -> None:
        """Write the rows that are news, then the tombstones, as one Parquet file."""
        metadata = """
            $source_name AS _source_name, rows._source_record_id,
            $load_id AS _load_id, $extracted_at::TIMESTAMP AS _extracted_at,
        """
        data = ", ".join(f"rows.{quote_identifier(name)}" for name in self._columns)
        query = f"""
            SELECT {data + "," if data else ""} {metadata}
                verdict._row_hash, rows._is_deleted, rows._delete_kind,
                rows._merged_into, rows._source_file, rows._source_line, rows._load_seq
            FROM read_parquet({self._incoming}) AS rows
            JOIN verdict USING (_load_seq)
            WHERE verdict.outcome <> 'unchanged'
        """
        if self._count("gone"):
            query = f"{query} UNION ALL BY NAME {self._tombstones(metadata)}"
        order = [name for name in METADATA_SCHEMA if name != "_load_seq"]
        self._con.execute(
            f"""
            COPY (
                SELECT * EXCLUDE ({", ".join(METADATA_SCHEMA)}),
                    {", ".join(order)}, _load_seq
                FROM ({query}) ORDER BY _load_seq
            ) TO {quote_paths([target])[1:-1]}
            (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})
            """,
            {
                "source_name": source_name,
                "load_id": load_id,
                "extracted_at": extracted_at,
            },
        )

    def _tombstones(self, metadata: str) -> str:
        landed = f"read_parquet({quote_paths(self._landed)}, union_by_name = true)"
        names = [
            row[0]
            for row in self._con.execute(
                f"DESCRIBE SELECT * FROM {landed} LIMIT 0"
            ).fetchall()
        ]
        data = [name for name in names if name not in METADATA_SCHEMA]
        listed = "".join(f"rows.{quote_identifier(name)}, " for name in data)
        first = (
            f"(SELECT coalesce(max(_load_seq), 0) FROM read_parquet({self._incoming}))"
        )
        return f"""
            SELECT {listed} {metadata} rows._row_hash, true AS _is_deleted,
                '{DeleteKind.ABSENT}' AS _delete_kind, rows._merged_into,
                rows._source_file, rows._source_line,
                {first} + row_number() OVER (ORDER BY rows._source_record_id)
                    AS _load_seq
            FROM {landed} AS rows
            JOIN gone ON rows._source_record_id = gone._source_record_id
                AND rows._load_id = gone._load_id
        """

    def _read_incoming(self, order_by: Sequence[str]) -> None:
        """Keep the newest row per id; later rows win ties."""
        newest = "".join(
            f"{quote_identifier(name)} DESC NULLS LAST, " for name in order_by
        )
        self._con.execute(
            f"""
            CREATE TEMP TABLE incoming AS
            SELECT _load_seq, _source_record_id, _is_deleted, _delete_kind,
                _merged_into, {row_hash_expression(self._columns)} AS _row_hash
                {"".join(f", {quote_identifier(name)}" for name in order_by)}
            FROM read_parquet({self._incoming})
            """
        )
        repeats = self._con.execute(
            "SELECT count(*) - count(DISTINCT _source_record_id) FROM incoming"
        ).fetchall()[0][0]
        if repeats:
            self._con.execute(
                f"""
                CREATE TEMP TABLE kept AS
                SELECT _load_seq, _source_record_id, {_STATE} FROM incoming
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
                    _source_record_id VARCHAR, _load_id VARCHAR, _row_hash VARCHAR,
                    _is_deleted BOOLEAN, _delete_kind VARCHAR, _merged_into VARCHAR)
                """
            )
            return
        self._con.execute(
            f"""
            CREATE TEMP TABLE current AS
            SELECT _source_record_id, max(_load_id) AS _load_id,
                unnest(arg_max(struct_pack(
                    _row_hash := _row_hash, _is_deleted := _is_deleted,
                    _delete_kind := _delete_kind, _merged_into := _merged_into
                ), _load_id))
            FROM read_parquet({quote_paths(self._landed)}, union_by_name = true)
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
            SELECT coalesce(bit_xor(md5_number_lower(line)), 0) FROM (
                SELECT outcome || _source_record_id || ' ' || _row_hash AS line
                FROM verdict WHERE outcome <> 'unchanged'
                UNION ALL SELECT 'gone' || _source_record_id FROM gone)
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
