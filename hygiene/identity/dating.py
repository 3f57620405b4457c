"""Giving a ledger of an older release the instants of its assignments.

What belongs here: rewriting kept versions, so that members say since when they have their
id and ended assignments are listed. What does not: deciding who owns what.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from hygiene.identity.assignment import NEW_ENDED
from hygiene.identity.ledger import Ledger, write_table
from hygiene.parquet_exchange import open_connection

_NEW_MEMBERS = """
CREATE OR REPLACE TABLE new_members AS
SELECT
    known.source_record_key,
    known.golden_id,
    known.is_present,
    CASE
        WHEN NOT known.is_present THEN NULL
        WHEN old_members.is_present AND old_members.golden_id = known.golden_id
        THEN old_members.assigned_at
        ELSE $moved_at::TIMESTAMP
    END AS assigned_at
FROM read_parquet($members) AS known
LEFT JOIN old_members ON known.source_record_key = old_members.source_record_key
"""


def date_assignments(ledger_dir: Path) -> int:
    """Date the assignments of a ledger that does not tell them, from kept versions.

    An assignment begins with the oldest kept version that has it: exact while the first
    version is kept, else the earliest instant that is certain. Doing it again gives the
    same files.

    Args:
        ledger_dir: Folder of the identity ledger.

    Returns:
        Versions that were rewritten, over all entities.

    Raises:
        InputError: If the ledger is damaged.
    """
    count = 0
    for folder in sorted(path for path in ledger_dir.glob("*") if path.is_dir()):
        ledger = Ledger(folder)
        with open_connection(folder) as connection:
            connection.execute(
                "CREATE TABLE old_members (source_record_key VARCHAR, "
                "golden_id VARCHAR, is_present BOOLEAN, assigned_at TIMESTAMP)"
            )
            connection.execute(
                "CREATE TABLE old_ended (source_record_key VARCHAR, "
                "golden_id VARCHAR, valid_from TIMESTAMP, valid_to TIMESTAMP)"
            )
            for version in ledger.kept_versions():
                _date_version(connection, ledger, version)
                count += 1
    return count


def _date_version(
    connection: duckdb.DuckDBPyConnection, ledger: Ledger, version: int
) -> None:
    runs, members = (ledger.table(version, name) for name in ("runs", "members"))
    row = connection.execute(
        "SELECT max(occurred_at) FROM read_parquet(?)", [str(runs)]
    ).fetchone()
    moved_at = row[0] if row else None
    connection.execute(_NEW_MEMBERS, {"moved_at": moved_at, "members": str(members)})
    connection.execute(NEW_ENDED, {"moved_at": moved_at})
    for table in ("members", "ended"):
        write_table(connection, table, ledger.table(version, table))
        connection.execute(f"DROP TABLE old_{table}")
        connection.execute(f"ALTER TABLE new_{table} RENAME TO old_{table}")
