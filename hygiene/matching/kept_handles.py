"""Verdicts on mailbox names of an earlier run, kept for names and addresses seen before.

What belongs here: keeping which mailboxes say more than their owner's name, the dearest
part of the features that depends on one record alone. What does not: the verdict
(`handles.py`), and features that depend on the whole table, which are made anew.

    <folder>/handles-<digest>.parquet     digest of name and address, verdict

The digest in the name is that of the question, down to its SQL and the engine: another
question finds nothing. A verdict depends on what its mark digests and on nothing else,
so the file may be as old as it likes. It holds no values and is safe to delete.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import duckdb

from hygiene.matching.handles import judge_sql, mark_sql
from hygiene.parquet_exchange import quote_literal, write_parquet

logger = logging.getLogger(__name__)

JUDGED = "judged_handles"
"""Table that `judge_handles` creates."""
_INPUTS = "email, given, given_group, family, is_other_script"


def judge_handles(connection: duckdb.DuckDBPyConnection, folder: Path | None) -> int:
    """Create `judged_handles` for all of `facts`, judging only what is new.

    Args:
        connection: Connection that holds `facts`.
        folder: Where verdicts are kept; none: every distinct mailbox is judged.

    Returns:
        Mailboxes that were judged now.
    """
    _load(connection, folder)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE new_handles AS SELECT * FROM ("
        f"SELECT DISTINCT {mark_sql()} AS mark, {_INPUTS} FROM facts "
        "WHERE email IS NOT NULL) ANTI JOIN kept_handles USING (mark)"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {JUDGED} AS SELECT mark, is_own "
        f"FROM kept_handles UNION ALL {judge_sql('new_handles')}"
    )
    row = connection.execute("SELECT count(*) FROM new_handles").fetchone()
    judged = int(row[0]) if row else 0
    if judged and folder is not None:
        file = folder / _file_name()
        folder.mkdir(parents=True, exist_ok=True)
        # What no record has any more is let go of. In halves: Parquet knows 64 bits.
        write_parquet(
            connection,
            "SELECT (mark >> 64)::UBIGINT AS high, "
            "(mark & 18446744073709551615)::UBIGINT AS low, is_own "
            f"FROM {JUDGED} SEMI JOIN (SELECT {mark_sql()} AS mark FROM facts) "
            "USING (mark)",
            file,
        )
        for other in folder.glob("*.parquet"):
            if other != file:
                other.unlink(missing_ok=True)
    connection.execute("DROP TABLE new_handles")
    connection.execute("DROP TABLE kept_handles")
    return judged


def _load(connection: duckdb.DuckDBPyConnection, folder: Path | None) -> None:
    """Create `kept_handles`, empty if nothing can be used."""
    create = "CREATE OR REPLACE TEMP TABLE kept_handles AS SELECT "
    if folder is not None and (file := folder / _file_name()).is_file():
        try:
            connection.execute(
                f"{create} (high::UHUGEINT << 64) | low AS mark, is_own "
                f"FROM read_parquet({quote_literal(str(file))})"
            )
        except duckdb.Error as error:
            logger.warning("kept verdicts are damaged: %s", type(error).__name__)
        else:
            return
    connection.execute(
        f"{create} NULL::UHUGEINT AS mark, NULL::BOOLEAN AS is_own WHERE false"
    )


def _file_name() -> str:
    text = "\n".join([duckdb.__version__, mark_sql(), judge_sql("new_handles")])
    return f"handles-{hashlib.sha256(text.encode()).hexdigest()[:16]}.parquet"
